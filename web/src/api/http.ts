// One way to talk to the console: same origin, JSON, CSRF header on unsafe requests, problem+json as ApiError.
// Not for the live stream (stream.ts). Knows nothing of Vue; the session store sets the hooks.

import type { Problem } from './types';

export const hooks = {
  csrf: (): string => '',
  language: (): string => 'zh',
  /** Instead of a session: a token a screen of its own has (the wall). Empty: the session. */
  bearer: (): string => '',
  /** The server answered somebody who is signed in: the session lives on from now. */
  answered: (): void => undefined,
  /**
   * Called for a 401 anywhere but at the login itself. True once the same person has signed in again: the call is then made
   * again, so that what was typed and sent is not lost. False: it stays refused.
   */
  unauthorised: (): Promise<boolean> => Promise.resolve(false),
};

/** Who asks: with a token no cookie is sent, so that the screen shows what the token may see and nothing else. */
export function credentials(): { headers: Record<string, string>; credentials: RequestCredentials } {
  const token = hooks.bearer();
  return token === ''
    ? { headers: {}, credentials: 'same-origin' }
    : { headers: { Authorization: `Bearer ${token}` }, credentials: 'omit' };
}

/** status 0: the server was not reached at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    readonly retryAfter: number | null,
  ) {
    super(problem?.detail ?? problem?.title ?? `HTTP ${status}`);
  }
}

/** Tried again it may go well: the server was not reached, is too busy, or something on the way failed. */
export const mayPass = (e: unknown): boolean =>
  !(e instanceof ApiError) || e.status === 0 || e.status === 429 || e.status >= 500;

const TIMEOUT_MS = 15_000;
const UPLOAD_MS = 120_000;

export interface Options {
  body?: unknown;
  /** Files, instead of a body: sent as multipart/form-data, with more time. */
  form?: FormData | undefined;
  /** Instead of a JSON body: a file's text, as what it is (text/csv). */
  file?: { type: string; text: string } | undefined;
  /** The answer is a file's text, not JSON. */
  text?: boolean | undefined;
  /** For what is known to take long; 15 s otherwise, more for files. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Idempotency-Key: the same again gives the first answer. */
  key?: string | undefined;
  login?: boolean | undefined;
}

/** `path` begins with /api/. */
export async function api<T>(method: string, path: string, options: Options = {}): Promise<T> {
  try {
    return await once<T>(method, path, options);
  } catch (e) {
    if (!(e instanceof ApiError) || e.status !== 401 || options.login === true) throw e;
    if (!(await hooks.unauthorised()) || options.signal?.aborted) throw e;
    return once<T>(method, path, options);
  }
}

async function once<T>(method: string, path: string, options: Options): Promise<T> {
  const headers: Record<string, string> = {
    Accept: 'application/json, application/problem+json',
    'Accept-Language': hooks.language(),
    ...credentials().headers,
  };
  if (method !== 'GET') headers['X-CSRF-Token'] = hooks.csrf();
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.file !== undefined) headers['Content-Type'] = options.file.type;
  if (options.text === true) headers.Accept = '*/*';
  if (options.key !== undefined) headers['Idempotency-Key'] = options.key;

  const abort = new AbortController();
  const giveUp = () => abort.abort();
  const timer = setTimeout(giveUp, options.timeoutMs ?? (options.form === undefined ? TIMEOUT_MS : UPLOAD_MS));
  options.signal?.addEventListener('abort', giveUp);
  if (options.signal?.aborted) giveUp();
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: options.form ?? options.file?.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      credentials: credentials().credentials,
      cache: 'no-store',
      signal: abort.signal,
    });
    if (response.status !== 401 && hooks.bearer() === '') hooks.answered();
    if (response.ok && options.text === true) return (await response.text()) as T;
    if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
    throw await failure(response);
  } catch (e) {
    if (e instanceof ApiError || options.signal?.aborted) throw e;
    throw new ApiError(0, null, null);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', giveUp);
  }
}

async function failure(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get('Retry-After'));
  let problem: Problem | null = null;
  try {
    problem = (await response.json()) as Problem;
  } catch {
    // A proxy's own error page: the status says enough.
  }
  return new ApiError(response.status, problem, retry > 0 ? retry : null);
}
