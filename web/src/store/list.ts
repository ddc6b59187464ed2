// The tickets of one list of the live queues (a unit, perhaps with all below it; all, one state, one light, due soon), by deadline,
// kept at the same version as the numbers it belongs to (see live.ts: hold, adopt, release). Any change that touches it asks
// for it again; while it is on its way the numbers wait with it.

import { onBeforeUnmount, shallowReactive, watch } from 'vue';
import { queue, type QueueQuery } from '../api/console';
import { ApiError } from '../api/http';
import type { Delta, QueuePage, QueueRow, QueueTicket } from '../api/types';
import { adopt, hold, live, onChange, queues, release } from './live';

export interface Selection {
  unit: string;
  below?: boolean | undefined;
  state?: string | undefined;
  light?: 'yellow' | 'red' | undefined;
  within?: number | undefined;
}

/** So many more are asked for at a time, and so many the server gives in one answer. */
const PAGE = 50;
const ANSWER_MAX = 200;
/** So long may numbers wait for their list before they are shown alone. */
const HOLD_MAX_MS = 700;
const RETRY_MS = 2_000;
/** A server that reads its lists elsewhere may stay behind for a moment; after so many answers the list is taken as it is. */
const OLDER_MAX = 4;
/** A list is asked for again at most so often; changes in between are gathered. A long one is asked for in many answers. */
const PACE_MS = 120;
const LONG = 400;
const LONG_PACE_MS = 2_000;

export interface List {
  tickets: QueueTicket[];
  version: string;
  /** The numbers of the same answer: the whole selection's unit(s), without state, light or time. */
  row: QueueRow | null;
  loading: boolean;
  more: boolean;
  /** The list could not follow; it is older than the numbers. */
  behind: boolean;
  error: unknown;
}

export function useList(target: () => Selection) {
  const view = shallowReactive<List>({
    tickets: [],
    version: '0',
    row: null,
    loading: true,
    more: false,
    behind: false,
    error: null,
  });
  const me = Symbol('list');
  let wanted = PAGE;
  let busy = false;
  let again = false;
  let abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;
  let lastAsked = 0;
  /** Answers in a row that were older than the stream. */
  let older = 0;
  let units: ReadonlySet<string> = new Set();
  /** Came before the stream told what it knows. */
  let early: QueuePage | null = null;

  const stop = onChange((delta) => {
    if (delta === null) scope();
    if (delta === null || touches(delta)) {
      if (early !== null) join(early);
      ask();
    }
  });

  function touches(delta: Delta): boolean {
    return (
      delta.units.some((row) => units.has(row.unit)) ||
      delta.tickets.some(
        (change) =>
          (change.unit !== null && units.has(change.unit)) ||
          view.tickets.some((ticket) => ticket.number === change.number),
      )
    );
  }

  function scope(): void {
    const { unit, below } = target();
    units = below === true ? queues.value.under(unit) : new Set([unit]);
    hold(me, units);
  }

  function ask(): void {
    patience ??= setTimeout(impatient, HOLD_MAX_MS);
    if (busy) {
      again = true;
      return;
    }
    clearTimeout(timer);
    const pace = view.tickets.length > LONG ? LONG_PACE_MS : PACE_MS;
    timer = setTimeout(load, Math.max(0, lastAsked + pace - Date.now()));
  }

  function impatient(): void {
    view.behind = !view.loading;
    release();
    if (early !== null) take(early);
  }

  function settled(): void {
    older = 0;
    clearTimeout(patience);
    patience = undefined;
    view.behind = false;
  }

  function take(page: QueuePage): void {
    early = null;
    view.tickets = page.tickets;
    view.version = page.version;
    view.row = page.unit;
    view.more = page.next_cursor !== null;
    view.error = null;
    view.loading = false;
  }

  function join(page: QueuePage): void {
    const standing = adopt(me, page.version, page.unit);
    again ||= standing === 'older' || standing === 'behind';
    early = standing === 'early' ? page : null;
    if (standing === 'early' || (standing === 'older' && ++older < OLDER_MAX)) return;
    take(page);
    settled();
  }

  async function load(): Promise<void> {
    busy = true;
    again = false;
    lastAsked = Date.now();
    const mine = abort;
    const selection = target();
    try {
      const page = await pages(selection, mine.signal);
      if (mine === abort) join(page);
    } catch (e) {
      if (mine !== abort) return;
      view.error = e;
      view.loading = false;
      if (e instanceof ApiError && e.status >= 400 && e.status < 500 && e.status !== 429) {
        release();
        settled();
      } else timer = setTimeout(ask, RETRY_MS);
    } finally {
      if (mine === abort) {
        busy = false;
        if (again) ask();
      }
    }
  }

  /** As many pages as are unfolded; taken again from the start when the queue moved between two of them. */
  async function pages(selection: Selection, signal: AbortSignal): Promise<QueuePage> {
    const { unit, below, state, light, within } = selection;
    const query: QueueQuery = { below: below === true ? '1' : undefined, state, light, within };
    for (let tries = 0; ; tries++) {
      const limit = Math.min(wanted, ANSWER_MAX);
      let page = await queue(unit, { ...query, limit }, signal);
      const tickets = [...page.tickets];
      let moved = false;
      while (page.next_cursor !== null && tickets.length < wanted) {
        const next = await queue(unit, { ...query, limit, cursor: page.next_cursor }, signal);
        moved ||= next.version !== page.version;
        tickets.push(...next.tickets);
        page = next;
      }
      if (!moved || tries === 2 || wanted > LONG) return { ...page, tickets: unique(tickets) };
    }
  }

  watch(
    target,
    (now, before) => {
      abort.abort();
      abort = new AbortController();
      clearTimeout(timer);
      settled();
      busy = false;
      early = null;
      wanted = PAGE;
      lastAsked = 0;
      if (before === undefined || JSON.stringify(before) !== JSON.stringify(now)) view.tickets = [];
      view.loading = true;
      view.error = null;
      view.row = null;
      scope();
      ask();
    },
    { immediate: true },
  );

  watch(
    () => live.phase,
    (phase) => phase === 'live' && view.error !== null && ask(),
  );

  onBeforeUnmount(() => {
    stop();
    abort.abort();
    clearTimeout(timer);
    clearTimeout(patience);
    hold(me, null);
  });

  return {
    view,
    /** At least `atLeast` tickets, or a page more than now. */
    more(atLeast = 0) {
      if (busy && wanted > view.tickets.length) return;
      wanted = Math.max(wanted + PAGE, atLeast, view.tickets.length >= ANSWER_MAX ? wanted + ANSWER_MAX : 0);
      ask();
    },
    retry: ask,
  };
}

function unique(tickets: QueueTicket[]): QueueTicket[] {
  return [...new Map(tickets.map((ticket) => [ticket.number, ticket])).values()];
}
