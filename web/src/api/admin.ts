// The administrators' routes. Files go in and out as text: reference data is CSV, areas are GeoJSON. Who may call what is the
// server's to say (docs/access.md).

import { get, post, remove } from './client';
import { api } from './http';
import type { components } from './openapi';

type Schemas = components['schemas'];

export type Imported = Schemas['Imported'];
export type Consequence = Imported['consequences'][number];
/** What the document calls optional is always there; only clients that make one need less. */
export type Preview = Required<Schemas['Preview']>;
export type RulePreview = Schemas['RulePreview'];
export type RuleMove = RulePreview['tickets'][number];
export type RuleTest = Schemas['RuleTest'];
export type RuleTested = Schemas['RuleTested'];
export type RuleDraft = Schemas['RuleDrafts']['drafts'][number];
export type User = Schemas['User'];
export type Token = Schemas['Token'];
export type Endpoint = Schemas['Endpoint'];
export type MappingTried = Schemas['MappingTried'];
export type Attempt = Schemas['Attempt'];
export type Deadletter = Schemas['Deadletter'];
export type AuditRow = Schemas['Audit']['rows'][number];
export type ChainPage = Schemas['AuditChain'];
export type Status = Schemas['Status'];
export type UnitChange = Schemas['UnitChanges']['changes'][number];

/** A file is checked off the server's loop, and stored when nobody else stores: that may take a while. */
const FILE_MS = 60_000;

const CSV = 'text/csv';
export const GEOJSON = 'application/geo+json';

export const file = {
  export: (kind: string) => api<string>('GET', `/api/v1/admin/${kind}/export`, { text: true, timeoutMs: FILE_MS }),
  import: (kind: string, text: string, dryRun: boolean, type: string = CSV) =>
    api<Imported>('POST', `/api/v1/admin/${kind}/import${dryRun ? '?dry_run=1' : ''}`, { file: { type, text }, timeoutMs: FILE_MS }),
  /** New accounts get a password each, told once. */
  importPeople: (text: string) =>
    api<Imported>('POST', '/api/v1/admin/people/import', { file: { type: CSV, text }, timeoutMs: FILE_MS }),
  preview: (kind: 'calendars' | 'policies', text: string, signal?: AbortSignal) =>
    api<Preview>('POST', `/api/v1/${kind}/preview?limit=200`, { file: { type: CSV, text }, timeoutMs: 4 * FILE_MS, signal }),
};

export const rules = {
  /** One page of the tickets that would go elsewhere. */
  preview: (text: string, cursor: string | null, signal?: AbortSignal) =>
    api<RulePreview>('POST', `/api/v1/rules/preview${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`, {
      file: { type: CSV, text },
      timeoutMs: FILE_MS,
      signal,
    }),
  test: (body: Partial<RuleTest>) => api<RuleTested>('POST', '/api/v1/rules/test', { body }),
  drafts: async () => (await get('/api/v1/rules/drafts')).drafts,
  reroute: (move: RuleMove, unit: string, key: string) =>
    post('/api/v1/rules/reroute', { body: { ticket: move.ticket, version: move.version, unit }, key }),
};

export const mappings = {
  all: async () => (await get('/api/v1/admin/mappings')).mappings as { source: string; mapping: Record<string, unknown> }[],
  load: (text: string, dryRun: boolean) => file.import('mappings', text, dryRun, 'application/json'),
  preview: (body: Record<string, unknown>) => api<MappingTried>('POST', '/api/v1/admin/mappings/preview', { body }),
};

export const people = {
  users: (cursor?: string) => get('/api/v1/admin/users', { query: { limit: 200, cursor } }),
  make: (body: Record<string, unknown>, key: string) => api<User>('POST', '/api/v1/admin/users', { body, key }),
  change: (user: string, body: Record<string, unknown>) =>
    api<User>('POST', `/api/v1/admin/users/${encodeURIComponent(user)}`, { body }),
  tokens: (cursor?: string) => get('/api/v1/admin/tokens', { query: { limit: 200, cursor } }),
  makeToken: (body: Record<string, unknown>, key: string) =>
    api<Schemas['TokenMade']>('POST', '/api/v1/admin/tokens', { body, key }),
  withdrawToken: (name: string) => remove('/api/v1/admin/tokens/{name}', { path: { name } }),
  busKeys: () => get('/api/v1/admin/bus-keys'),
  addBusKey: (body: Schemas['BusKeyNew']) => post('/api/v1/admin/bus-keys', { body }),
  withdrawBusKey: (name: string) => remove('/api/v1/admin/bus-keys/{name}', { path: { name } }),
  networks: () => get('/api/v1/admin/networks'),
  approveNetwork: (cidr: string) => post('/api/v1/admin/networks', { body: { cidr } }),
  withdrawNetwork: (cidr: string) => remove('/api/v1/admin/networks', { query: { cidr } }),
};

export const outgoing = {
  endpoints: async () => (await get('/api/v1/admin/endpoints')).endpoints,
  make: (body: Record<string, unknown>, key: string) =>
    api<Schemas['EndpointMade']>('POST', '/api/v1/admin/endpoints', { body, key }),
  change: (name: string, body: Record<string, unknown>) =>
    api<void>('POST', `/api/v1/admin/endpoints/${encodeURIComponent(name)}`, { body }),
  remove: (name: string) => remove('/api/v1/admin/endpoints/{name}', { path: { name } }),
  /** The challenge, or a test event, now; what the endpoint said to it. */
  verify: (name: string) => post('/api/v1/admin/endpoints/{name}/verify', { path: { name } }),
  test: (name: string) => post('/api/v1/admin/endpoints/{name}/test', { path: { name } }),
  newSecret: (name: string) => api<Schemas['EndpointSecret']>('POST', `/api/v1/admin/endpoints/${encodeURIComponent(name)}/secret`, { body: {} }),
  attempts: async (name: string) => (await get('/api/v1/admin/endpoints/{name}/attempts', { path: { name } })).attempts,
  replayAll: (name: string) => post('/api/v1/admin/endpoints/{name}/replay', { path: { name } }),
  deadletters: (cursor?: string) => get('/api/v1/admin/deadletters', { query: { limit: 100, cursor } }),
  replay: (id: string) => post('/api/v1/admin/deadletters/{id}/replay', { path: { id } }),
  discard: (id: string) => post('/api/v1/admin/deadletters/{id}/discard', { path: { id } }),
  correct: (id: string, endpoint: string) =>
    post('/api/v1/admin/deadletters/{id}/correct', { path: { id }, body: { endpoint } }),
};

export interface AuditQuery {
  from?: string | undefined;
  to?: string | undefined;
  action?: string | undefined;
  user?: string | undefined;
  object?: string | undefined;
}

export const audit = {
  rows: (query: AuditQuery, cursor?: string) => get('/api/v1/audit', { query: { ...query, limit: 100, cursor } }),
  /** Checks some thousand rows of the chain, from the first one or where the last page ended. */
  chain: (cursor: string | undefined, signal?: AbortSignal) => get('/api/v1/audit/chain', { query: { cursor }, signal }),
};

export const system = {
  /** Changes of units: still to come, and what became of the last ones. */
  changes: async () => (await get('/api/v1/admin/organisation')).changes,
  status: () => get('/api/v1/status'),
  rebuild: () => post('/api/v1/admin/rebuild'),
  recount: () => post('/api/v1/admin/figures/restart'),
};
