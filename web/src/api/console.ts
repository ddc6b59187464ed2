// The routes this front end uses, by what they are for. Those of the OpenAPI document are checked (client.ts).

import { get, post, remove } from './client';
import { api } from './http';
import type { Done, FeedEvent, HistoryEvent, Person, QueuePage, QueueTicket, Session } from './types';

const part = encodeURIComponent;

export const session = {
  get: () => get('/api/v1/session', { login: true }) as Promise<Session>,
  login: (user: string, password: string) =>
    post('/api/v1/session', { body: { user, password }, login: true }) as Promise<Session>,
  logout: () => remove('/api/v1/session', { login: true }),
};

/** What a list of live queues shows: a unit, with all below it or not, and what of it. */
export interface QueueQuery {
  below?: '1' | undefined;
  state?: string | undefined;
  light?: 'yellow' | 'red' | undefined;
  /** Minutes until it is overdue. */
  within?: number | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
  /** Instead of a cursor: how many from the start are passed over. */
  skip?: number | undefined;
}

export function queue(unit: string, query: QueueQuery, signal?: AbortSignal): Promise<QueuePage> {
  return get('/api/v1/queues/{unit}', { path: { unit }, query, signal }) as Promise<QueuePage>;
}

export interface TicketQuery {
  unit?: string | undefined;
  state?: string | undefined;
  matter?: string | undefined;
  grid?: string | undefined;
  light?: 'green' | 'yellow' | 'red' | undefined;
  supervised?: '1' | undefined;
  q?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
}

export const ticket = {
  /** A photo or paper, before the step that names it. */
  upload: (file: File) => {
    const form = new FormData();
    form.append('file', file);
    return api<{ attachments: { id: string }[] }>('POST', '/api/v1/attachments', { form });
  },
  list: (query: TicketQuery, signal?: AbortSignal) => get('/api/v1/tickets', { query, signal }),
  get: (number: string, signal?: AbortSignal) => get('/api/v1/tickets/{number}', { path: { number }, signal }),
  explain: (number: string, signal?: AbortSignal) =>
    get('/api/v1/tickets/{number}/explain', { path: { number }, signal }),
  history: (number: string, signal?: AbortSignal) =>
    get('/api/v1/tickets/{number}/history', { path: { number }, query: { limit: 200 }, signal }) as Promise<{
      events: HistoryEvent[];
    }>,
  /** Not every server can tell; 404 then. */
  similar: (number: string, signal?: AbortSignal) =>
    api<{ tickets: (QueueTicket & { why?: { zh: string; en: string } })[] }>(
      'GET',
      `/api/v1/tickets/${part(number)}/similar`,
      { signal },
    ),
  /** The body is as the command's schema says (store/commands.ts). */
  act: (number: string, command: string, body: Record<string, unknown>, key?: string) =>
    api<Done>('POST', `/api/v1/tickets/${part(number)}/${part(command)}`, { body, key }),
  unmask: (request: string, reason: string) =>
    post('/api/v1/requests/{number}/unmask', { path: { number: request }, body: { reason } }) as Promise<Person>,
};

export const watch = {
  map: (signal?: AbortSignal) => get('/api/v1/map', { query: { limit: 1000 }, signal }),
  flow: (minutes: number, signal?: AbortSignal) => get('/api/v1/flow', { query: { minutes }, signal }),
  events: (type: string, limit: number, signal?: AbortSignal) =>
    get('/api/v1/feed', { query: { type, limit }, signal }) as unknown as Promise<{ events: FeedEvent[] }>,
};

export const directory = {
  units: () => get('/api/v1/units'),
  matters: () => get('/api/v1/matters'),
  areas: (kind: 'grid' | 'community' | 'street') => get('/api/v1/areas', { query: { kind } }),
};

export interface BulkDone {
  done: number;
  refused: number;
  unknown: number;
  results: { ticket: string; status: number; detail?: string }[];
}

/** One command for up to 200 tickets; each has its own outcome. */
export function bulk(command: string, tickets: string[], body: Record<string, unknown>, key: string): Promise<BulkDone> {
  return api('POST', `/api/v1/tickets/bulk/${part(command)}`, { body: { tickets, ...body }, key });
}
