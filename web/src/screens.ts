// The screens: where each is, who it is for, and its code, which is fetched when it is opened. A further screen is one line here, a
// view that stands in AppFrame, and its words beside it (i18n/words.ts).

import type { Component } from 'vue';
import type { Key } from './i18n/zh';
import { session } from './store/session';

export type Role = string;

export interface Screen {
  name: string;
  path: string;
  /** null: reached from other screens, not from the head of the page. */
  title: Key | null;
  /** Who finds it in the head of the page and may open it; 'all': every role that is signed in. */
  roles: readonly Role[] | 'all';
  /** With `g` before it, the key that leads there. */
  key?: string;
  /** Nobody need be signed in: the screen says itself who asks. */
  open?: true;
  view: () => Promise<{ default: Component }>;
}

const UNITS = ['street', 'community', 'department'] as const;
const WATCHERS = ['operator', 'supervisor', 'readonly'] as const;
/** Who works with tickets; administrators do not. */
const WORKERS = [...WATCHERS, ...UNITS, 'grid_worker'] as const;

export const screens: readonly Screen[] = [
  {
    name: 'centre',
    path: '/centre',
    title: 'screen.centre',
    roles: WATCHERS,
    key: 'c',
    view: () => import('./views/CentreView.vue'),
  },
  {
    name: 'desk',
    path: '/desk',
    title: 'screen.desk',
    roles: [...UNITS, 'grid_worker', 'operator'],
    key: 'd',
    view: () => import('./views/DeskView.vue'),
  },
  {
    name: 'queues',
    path: '/queues/:unit?',
    title: 'queues.title',
    roles: WORKERS,
    key: 'q',
    view: () => import('./views/QueuesView.vue'),
  },
  {
    name: 'ticket',
    path: '/ticket/:number(T\\d{17})',
    title: null,
    roles: WORKERS,
    view: () => import('./views/TicketView.vue'),
  },
  {
    name: 'figures',
    path: '/figures',
    title: 'screen.figures',
    roles: WORKERS,
    key: 'f',
    view: () => import('./views/FiguresView.vue'),
  },
  {
    name: 'admin',
    path: '/admin/:section?',
    title: 'screen.admin',
    roles: ['admin_system', 'admin_security', 'admin_audit', 'operator'],
    key: 'a',
    view: () => import('./views/AdminView.vue'),
  },
  {
    name: 'wall',
    path: '/wall',
    title: null,
    roles: 'all',
    open: true,
    view: () => import('./views/WallView.vue'),
  },
];

export function mayOpen(screen: Screen, role: string | undefined): boolean {
  return screen.roles === 'all' || (role !== undefined && screen.roles.includes(role));
}

/** What the head of the page offers this person. */
export function offered(): Screen[] {
  return screens.filter((screen) => screen.title !== null && mayOpen(screen, session.who?.role));
}

/** Where a person begins: the first screen that is theirs. */
export function home(): string {
  const mine = screens.find((screen) => screen.roles !== 'all' && mayOpen(screen, session.who?.role));
  return (mine ?? screens.find((screen) => screen.name === 'queues')!).path.replace(/\/:.*/, '');
}
