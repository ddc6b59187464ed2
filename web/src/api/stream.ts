// The live stream over fetch instead of EventSource, because we need what EventSource hides: heartbeats (to notice a dead
// connection), the status (401 ends it, 503 says when to come back) and our own pace of reconnecting. It never asks to resume:
// a whole snapshot after each break is small, and leaves no doubt that the screen is the truth again.

import { credentials } from './http';

export interface StreamHandlers {
  event(name: string, data: string): void;
  /** The connection is gone; the next try starts in `retryMs`. */
  lost(retryMs: number): void;
  /** Not signed in (401), or not allowed (another 4xx): the stream ends here. */
  refused(status: number): void;
}

export interface Stream {
  /** Something changed (the network is back, the desk woke up): try again now, or look whether the connection still lives. */
  nudge(): void;
  close(): void;
}

/** Heartbeats come each 15 s; after this long without any the connection counts as dead. */
const SILENCE_MAX_MS = 22_000;
const RETRY_MIN_MS = 400;
const RETRY_MAX_MS = 5_000;

export function openStream(path: string, on: StreamHandlers): Stream {
  let closed = false;
  let failures = 0;
  /** Wall clock: it goes on while the machine sleeps, timers do not. */
  let lastHeard = 0;
  let abort = new AbortController();
  let retry: ReturnType<typeof setTimeout> | undefined;

  async function run(): Promise<void> {
    abort = new AbortController();
    let retryAfterMs = 0;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const mine = abort;
    const heard = () => {
      lastHeard = Date.now();
      clearTimeout(silence);
      silence = setTimeout(() => mine.abort(), SILENCE_MAX_MS);
    };
    try {
      heard();
      const response = await fetch(path, {
        headers: { Accept: 'text/event-stream', ...credentials().headers },
        credentials: credentials().credentials,
        cache: 'no-store',
        signal: mine.signal,
      });
      if (response.status >= 400 && response.status < 500 && response.status !== 429) {
        closed = true;
        on.refused(response.status);
        return;
      }
      if (response.ok && response.body !== null) {
        const parser = eventParser((name, data) => {
          failures = 0;
          on.event(name, data);
        });
        const reader = response.body.getReader();
        const decoder = new TextDecoder();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          heard();
          parser(decoder.decode(value, { stream: true }));
        }
      } else {
        retryAfterMs = Number(response.headers.get('Retry-After') ?? 0) * 1000 || 0;
      }
    } catch {
      // Network failure, or our own abort: both end in the same retry below.
    } finally {
      clearTimeout(silence);
      mine.abort();
    }
    if (closed) return;
    const backoff = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures++, 6));
    // Spread a little, so that two hundred screens do not come back in the same instant.
    const wait = (retryAfterMs > 0 ? Math.min(retryAfterMs, RETRY_MAX_MS) : backoff) * (0.75 + 0.5 * Math.random());
    on.lost(wait);
    retry = setTimeout(start, wait);
  }

  function start(): void {
    retry = undefined;
    void run();
  }

  start();
  return {
    nudge() {
      if (closed) return;
      if (retry !== undefined) {
        clearTimeout(retry);
        start();
      } else if (Date.now() - lastHeard > SILENCE_MAX_MS) {
        abort.abort();
      }
    },
    close() {
      closed = true;
      clearTimeout(retry);
      abort.abort();
    },
  };
}

/** Feeds text in any cut, calls `emit` once for each complete event. */
export function eventParser(emit: (name: string, data: string, id: string | null) => void): (text: string) => void {
  let rest = '';
  let name = '';
  let data: string[] = [];
  let id: string | null = null;
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) emit(name || 'message', data.join('\n'), id);
        name = '';
        data = [];
        id = null;
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') name = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id') id = value;
    }
  };
}
