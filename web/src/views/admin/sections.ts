// The sections of /admin: whose each is, and its code, fetched when it is opened. Nobody sees a section of another administrator:
// what a role may do is the server's table (docs/access.md); this one only keeps what would be refused off the screen.

import type { Component } from 'vue';
import { session } from '../../store/session';

export type SectionName =
  | 'units'
  | 'matters'
  | 'admission'
  | 'places'
  | 'rules'
  | 'calendars'
  | 'policies'
  | 'scores'
  | 'sources'
  | 'mappings'
  | 'organisation'
  | 'roster'
  | 'endpoints'
  | 'deadletters'
  | 'accounts'
  | 'posts'
  | 'tokens'
  | 'keys'
  | 'networks'
  | 'audit'
  | 'running';

export type Group = 'work' | 'time' | 'outside' | 'who' | 'watch';

export interface Section {
  name: SectionName;
  group: Group;
  roles: readonly string[];
  view: () => Promise<{ default: Component }>;
  /** What the view is given: the kind of file it shows. */
  kind?: string;
}

const SYSTEM = ['admin_system'];
const SECURITY = ['admin_security'];
const fileView = () => import('./FileSection.vue');

export const sections: readonly Section[] = [
  { name: 'units', group: 'work', roles: SYSTEM, view: () => import('./UnitsSection.vue') },
  { name: 'matters', group: 'work', roles: SYSTEM, view: fileView, kind: 'matters' },
  { name: 'admission', group: 'work', roles: SYSTEM, view: fileView, kind: 'admission' },
  { name: 'places', group: 'work', roles: SYSTEM, view: fileView, kind: 'places' },
  { name: 'rules', group: 'work', roles: SYSTEM, view: () => import('./RulesSection.vue') },
  { name: 'calendars', group: 'time', roles: SYSTEM, view: fileView, kind: 'calendars' },
  { name: 'policies', group: 'time', roles: SYSTEM, view: fileView, kind: 'policies' },
  { name: 'scores', group: 'time', roles: SYSTEM, view: fileView, kind: 'scores' },
  { name: 'organisation', group: 'time', roles: SYSTEM, view: () => import('./OrganisationSection.vue') },
  { name: 'roster', group: 'time', roles: SYSTEM, view: fileView, kind: 'roster' },
  { name: 'sources', group: 'outside', roles: SYSTEM, view: fileView, kind: 'sources' },
  { name: 'mappings', group: 'outside', roles: SYSTEM, view: () => import('./MappingsSection.vue') },
  { name: 'endpoints', group: 'outside', roles: SYSTEM, view: () => import('./EndpointsSection.vue') },
  { name: 'deadletters', group: 'outside', roles: [...SYSTEM, 'operator'], view: () => import('./DeadlettersSection.vue') },
  { name: 'accounts', group: 'who', roles: SECURITY, view: () => import('./AccountsSection.vue') },
  { name: 'posts', group: 'who', roles: SECURITY, view: fileView, kind: 'people' },
  { name: 'tokens', group: 'outside', roles: SECURITY, view: () => import('./TokensSection.vue') },
  { name: 'keys', group: 'outside', roles: SECURITY, view: () => import('./KeysSection.vue') },
  { name: 'networks', group: 'outside', roles: SECURITY, view: () => import('./NetworksSection.vue') },
  { name: 'audit', group: 'watch', roles: ['admin_audit'], view: () => import('./AuditSection.vue') },
  { name: 'running', group: 'watch', roles: [...SYSTEM, ...SECURITY, 'admin_audit'], view: () => import('./RunningSection.vue') },
];

export const mine = (): Section[] => sections.filter(({ roles }) => roles.includes(session.who?.role ?? ''));
