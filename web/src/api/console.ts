// The routes this front end uses, one function each.

import { api } from './http';
import type { Explanation, HistoryEvent, QueuePage, Session, TicketDetail } from './types';

const part = encodeURIComponent;

export const session = {
  get: () => api<Session>('GET', '/session', { login: true }),
  login: (user: string, password: string) =>
    api<Session>('POST', '/session', { body: { user, password }, login: true }),
  logout: () => api<void>('DELETE', '/session', { login: true }),
};

export interface QueueQuery {
  state?: string;
  limit?: number;
  cursor?: string;
}

export function queue(unit: string, query: QueueQuery, signal?: AbortSignal): Promise<QueuePage> {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) params.set(key, String(value));
  const text = params.toString();
  return api('GET', `/queues/${part(unit)}${text ? `?${text}` : ''}`, { signal });
}

export const ticket = {
  get: (number: string, signal?: AbortSignal) => api<TicketDetail>('GET', `/tickets/${part(number)}`, { signal }),
  explain: (number: string, signal?: AbortSignal) =>
    api<Explanation>('GET', `/tickets/${part(number)}/explain`, { signal }),
  history: (number: string, signal?: AbortSignal) =>
    api<{ events: HistoryEvent[] }>('GET', `/tickets/${part(number)}/history?limit=200`, { signal }),
};
