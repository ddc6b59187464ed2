// Tickets by a question to the database (text, place, state), newest first; asked again when something of it changes. For what is
// counted on a screen use list.ts: those lists belong to numbers.

import { onBeforeUnmount, shallowReactive, watch } from 'vue';
import { ticket, type TicketQuery } from '../api/console';
import { mayPass } from '../api/http';
import type { QueueTicket } from '../api/types';
import { onChange } from './live';

const PAGE = 50;
/** Further ones are asked for when somebody is so near the end of those that are here. */
const AHEAD = 30;
const PACE_MS = 2_000;
const RETRY_MS = 3_000;

export function useSearch(target: () => TicketQuery | null) {
  const view = shallowReactive({ tickets: [] as QueueTicket[], loading: false, more: false, error: null as unknown });
  let wanted = PAGE;
  let abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;

  async function load(): Promise<void> {
    const query = target();
    abort.abort();
    if (query === null) return;
    abort = new AbortController();
    const { signal } = abort;
    asked = Date.now();
    try {
      const tickets: QueueTicket[] = [];
      let cursor: string | undefined;
      do {
        const page = await ticket.list({ ...query, limit: Math.min(200, wanted - tickets.length), cursor }, signal);
        tickets.push(...page.tickets);
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined && tickets.length < wanted);
      view.tickets = tickets;
      view.more = cursor !== undefined;
      view.error = null;
      view.loading = false;
    } catch (e) {
      if (signal.aborted) return;
      view.error = e;
      view.loading = false;
      if (mayPass(e)) soon(RETRY_MS);
    }
  }

  function soon(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(load, ms);
  }

  const stop = onChange((delta) => {
    if (target() === null) return;
    const shown = new Set(view.tickets.map(({ number }) => number));
    if (delta === null || delta.tickets.some(({ number }) => shown.has(number)))
      soon(Math.max(150, asked + PACE_MS - Date.now()));
  });

  watch(
    () => JSON.stringify(target()),
    () => {
      wanted = PAGE;
      view.tickets = [];
      view.more = false;
      view.error = null;
      view.loading = target() !== null;
      soon(0);
    },
    { immediate: true },
  );

  onBeforeUnmount(() => {
    stop();
    abort.abort();
    clearTimeout(timer);
  });

  return {
    view,
    /** The tickets from the `first`-th up to, and without, the `last`-th are seen. */
    look(_first: number, last: number) {
      if (!view.more || last < view.tickets.length - AHEAD || view.tickets.length < wanted) return;
      wanted += 200;
      soon(0);
    },
    retry: () => soon(0),
  };
}

/** The states in which somebody has it. */
export const OPEN_STATES = 'RECEIVED,INCOMPLETE,TRIAGE,OFFERED,DISPUTED,HANDLING,SUSPENDED,CHECK,CALLBACK';
