// What waits to be sent, and sending it: reports and acts, in the order in which they were made, each under one id for ever, so that a
// repeat never doubles, and with the time at which it was made. The page and the service worker run the same code; a lock lets one of
// them send at a time, and without one the id still keeps what is sent twice single. Nothing leaves this list by itself but what the
// server has; what it refuses stays, with what is wrong, to be mended.

import * as kept from './kept';
import { upload, type Photo } from './photo';

export interface Fault {
  pointer: string;
  detail: string;
}

export interface Entry {
  /** The report's own number at its source; of an act its Idempotency-Key. */
  id: string;
  kind: 'report' | 'act';
  /** The account it was made under; null: a resident, without one. */
  by: string | null;
  /** When it was made, RFC 3339. */
  at: string;
  lang: 'zh' | 'en';
  title: string;
  path: string;
  body: Record<string, unknown>;
  photos: Photo[];
  photosAgain?: boolean | undefined;
  /** Handled on the spot: what was done. The ticket is signed and finished once it stands with the own unit. */
  handled?: string | undefined;
  state: 'waiting' | 'sent' | 'refused';
  /** waiting: why it still does; refused: what is wrong. */
  why?: 'login' | 'other' | 'network' | 'busy' | undefined;
  problem?: string | undefined;
  faults?: Fault[] | undefined;
  status?: number | undefined;
  tries: number;
  /** Not before this moment (ms). */
  next: number;
  number?: string | undefined;
  ticket?: string | undefined;
  /** Of what was handled on the spot: how that went. */
  finished?: 'yes' | 'no' | undefined;
  sentAt?: string | undefined;
  /** A resident's own: opens the progress. */
  digits?: string | undefined;
}

const RETRY_MS = [2_000, 5_000, 15_000, 60_000, 300_000];
const KEEP_SENT = 50;
const TICKET_TRIES = 20;
const UNSEEN_TRIES = 3;
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('paidan-outbox');

export const newId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Oldest first. */
export async function entries(): Promise<Entry[]> {
  const rows = await kept.all<Entry>();
  return rows.sort((a, b) => a.at.localeCompare(b.at));
}

export async function store(entry: Entry): Promise<void> {
  await kept.put(entry);
  told();
}

export async function drop(id: string): Promise<void> {
  await kept.remove(id);
  told();
}

const listeners = new Set<() => void>();
function told(): void {
  channel?.postMessage('changed');
  for (const listener of listeners) listener();
}

/** Called after each change, also one made by the worker or another page. */
export function onOutbox(listener: () => void): void {
  listeners.add(listener);
  channel?.addEventListener('message', listener);
}

/* ---- one call -------------------------------------------------------------------------------------------------------------- */

interface Who {
  user: string;
  csrf: string;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
  retryMs: number;
}

/** status 0: not reached. */
export async function call(method: string, path: string, who: Who | null, lang: string, body?: unknown, key?: string): Promise<Answer> {
  const headers: Record<string, string> = { Accept: 'application/json, application/problem+json', 'Accept-Language': lang === 'zh' ? 'zh-CN' : 'en' };
  if (body !== undefined && !(body instanceof FormData)) headers['Content-Type'] = 'application/json';
  if (who !== null && method !== 'GET') headers['X-CSRF-Token'] = who.csrf;
  if (key !== undefined) headers['Idempotency-Key'] = key;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 30_000);
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : body instanceof FormData ? body : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: abort.signal,
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text), retryMs: Number(response.headers.get('Retry-After')) * 1_000 || 0 };
  } catch {
    return { status: 0, body: {}, retryMs: 0 };
  } finally {
    clearTimeout(timer);
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) as Record<string, unknown>) ?? {};
  } catch {
    return {};
  }
}

/* ---- one entry ------------------------------------------------------------------------------------------------------------- */

function wait(entry: Entry, why: Entry['why'], retryMs = 0): void {
  entry.why = why;
  entry.next = Date.now() + Math.max(retryMs, RETRY_MS[Math.min(entry.tries, RETRY_MS.length - 1)]!);
  entry.tries++;
}

/** True: go on. What is refused for good is kept with what is wrong. */
function went(entry: Entry, answer: Answer): boolean {
  if (answer.status >= 200 && answer.status < 300) return true;
  if (answer.status === 0) wait(entry, 'network');
  else if (answer.status === 401) wait(entry, 'login');
  else if (answer.status === 429 || answer.status >= 500) wait(entry, 'busy', answer.retryMs);
  else {
    entry.state = 'refused';
    entry.status = answer.status;
    entry.problem = String(answer.body.detail ?? answer.body.title ?? '');
    entry.faults = (answer.body.errors as Fault[] | undefined) ?? [];
  }
  return false;
}

async function sendPhotos(entry: Entry, who: Who | null): Promise<boolean> {
  for (const photo of entry.photos) {
    if (photo.file !== undefined) continue;
    const answer = await upload(photo, (path, body) => call('POST', path, who, entry.lang, body), who !== null);
    if (!went(entry, answer)) return false;
    await kept.put(entry);
  }
  return true;
}

/** The server keeps a photo that nothing names for a day only; a report held up for longer sends its photos again, once. */
function forgotPhotos(entry: Entry, answer: Answer): boolean {
  const faults = (answer.body.errors as Fault[] | undefined) ?? [];
  if (answer.status !== 422 || entry.photosAgain || !faults.some(({ pointer }) => pointer.startsWith('/attachments'))) return false;
  entry.photosAgain = true;
  for (const photo of entry.photos) photo.file = undefined;
  wait(entry, 'busy');
  return true;
}

/** The ticket of a report that was handled on the spot: signed and finished, where the rules gave it to the own unit. */
async function finish(entry: Entry, who: Who): Promise<void> {
  const request = await call('GET', `/api/v1/requests/${entry.number}`, who, entry.lang);
  const ticket = (request.body.ticket as { number?: string } | null | undefined)?.number;
  if (request.status !== 200 || ticket === undefined) {
    const unseen = request.status === 403 || request.status === 404; // it has no ticket yet, or went to another unit
    if (entry.tries >= (unseen ? UNSEEN_TRIES : TICKET_TRIES)) entry.finished = 'no';
    else wait(entry, request.status === 401 ? 'login' : request.status === 0 ? 'network' : 'busy');
    return;
  }
  entry.ticket = ticket;
  const answers: [string, Record<string, unknown>][] = [
    ['sign', {}],
    ['finish', { answer: entry.handled }],
  ];
  for (const [command, body] of answers) {
    const answer = await call('POST', `/api/v1/tickets/${ticket}/${command}`, who, entry.lang, body, `${entry.id}-${command}`);
    if (answer.status >= 200 && answer.status < 300) continue;
    if (answer.status === 0 || answer.status === 401 || answer.status === 429 || answer.status >= 500)
      wait(entry, answer.status === 0 ? 'network' : answer.status === 401 ? 'login' : 'busy', answer.retryMs);
    else entry.finished = 'no'; // another unit's by the rules: what was done stands in the report
    return;
  }
  entry.finished = 'yes';
}

async function send(entry: Entry, who: Who | null): Promise<void> {
  if (entry.number === undefined && entry.sentAt === undefined) {
    if (!(await sendPhotos(entry, who))) return;
    const body = { ...entry.body };
    if (entry.photos.length > 0) body.attachments = entry.photos.map(({ file }) => ({ id: file }));
    const answer = await call('POST', entry.path, who, entry.lang, body, entry.kind === 'act' ? entry.id : undefined);
    if (forgotPhotos(entry, answer)) return;
    if (!went(entry, answer)) return;
    entry.number = answer.body.number as string | undefined;
    entry.sentAt = new Date().toISOString();
    entry.tries = 0;
    for (const photo of entry.photos) photo.blob = null; // the server has them
  }
  if (entry.handled !== undefined && entry.finished === undefined && who !== null) {
    await finish(entry, who);
    if (entry.finished === undefined) return;
  }
  entry.state = 'sent';
  entry.why = undefined;
}

/* ---- all ------------------------------------------------------------------------------------------------------------------- */

async function exclusively(work: () => Promise<void>): Promise<void> {
  if (navigator.locks === undefined) await work();
  else await navigator.locks.request('paidan-outbox', { ifAvailable: true }, (lock) => (lock === null ? undefined : work()));
}

async function signedIn(): Promise<Who | null | undefined> {
  const answer = await call('GET', '/api/v1/session', null, 'zh');
  if (answer.status === 200) return answer.body as unknown as Who;
  return answer.status === 401 || answer.status === 403 ? null : undefined;
}

/** Why it cannot be sent now, if so. who undefined: the server was not reached. */
function hindered(entry: Entry, who: Who | null | undefined): Entry['why'] {
  if (entry.by === null) return undefined;
  if (who === undefined) return 'network';
  if (who === null) return 'login';
  return who.user === entry.by ? undefined : 'other';
}

/** Sends what may be sent now, oldest first. `now`: also what would wait for its next try. True: nothing is left that only time heals. */
export async function flush(now = false): Promise<boolean> {
  await exclusively(async () => {
    const seen = new Set<string>();
    let who: Who | null | undefined;
    let asked = false;
    for (;;) {
      const due = (await entries()).find((e) => e.state === 'waiting' && !seen.has(e.id) && (now || e.next <= Date.now()));
      if (due === undefined) break;
      seen.add(due.id);
      if (due.by !== null && !asked) {
        who = await signedIn();
        asked = true;
      }
      const hindrance = hindered(due, who);
      if (hindrance === undefined) await send(due, due.by === null ? null : who!);
      else if (hindrance === 'network') wait(due, 'network');
      else due.why = hindrance;
      await store(due);
      if (due.why === 'network') break; // the rest will not fare better
    }
    await forgetOld();
  });
  return (await entries()).every((e) => e.state !== 'waiting' || e.why === 'login' || e.why === 'other');
}

async function forgetOld(): Promise<void> {
  const sent = (await entries()).filter((e) => e.state === 'sent');
  for (const entry of sent.slice(0, Math.max(0, sent.length - KEEP_SENT))) await kept.remove(entry.id);
}
