// The tickets of one list of the live queues (a unit, perhaps with all below it; all, one state, one light, due soon), by deadline,
// kept at the same version as the numbers it belongs to (see live.ts: hold, adopt, release). Any change that touches it asks
// for it again; while it is on its way the numbers wait with it. Of a long list only the part around what is seen is here (look).

import { onBeforeUnmount, shallowReactive, watch } from 'vue';
import { queue, type QueueQuery } from '../api/console';
import { mayPass } from '../api/http';
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
/** A list is asked for again at most so often, and a third of the time at most is spent on it; changes in between are gathered. */
const PACE_MS = 120;
const SHARE = 3;
/** Around the part that is seen so much is here too, and the next part is asked for when less than that is left. */
const AROUND = 50;
const EDGE = 15;
/** While somebody flies over a long list nothing is asked for; after so long in one place it is. */
const FLIGHT_MS = 70;

export interface List {
  /** The list from its `start`-th ticket on, as far as it is here. */
  tickets: QueueTicket[];
  start: number;
  version: string;
  /** The numbers of the same answer: the whole selection's unit(s), without state, light or time. */
  row: QueueRow | null;
  loading: boolean;
  /** There are further ones behind these. */
  more: boolean;
  /** The list could not follow; it is older than the numbers. */
  behind: boolean;
  error: unknown;
}

type Part = QueuePage & { start: number };

export function useList(target: () => Selection) {
  const view = shallowReactive<List>({
    tickets: [],
    start: 0,
    version: '0',
    row: null,
    loading: true,
    more: false,
    behind: false,
    error: null,
  });
  const me = Symbol('list');
  /** The part that is wanted: so many from this one on. */
  let from = 0;
  let wanted = PAGE;
  let seen = 0;
  /** Somebody looks at empty rows. */
  let isAwaited = false;
  let flight: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let again = false;
  let abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;
  let lastAsked = 0;
  let lastTook = 0;
  let here: ReadonlySet<string> = new Set();
  /** Answers in a row that were older than the stream. */
  let older = 0;
  let units: ReadonlySet<string> = new Set();
  /** Came before the stream told what it knows. */
  let early: Part | null = null;

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
        (change) => (change.unit !== null && units.has(change.unit)) || here.has(change.number),
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
    const pace = isAwaited ? PACE_MS : Math.max(PACE_MS, SHARE * lastTook);
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

  function take(page: Part): void {
    early = null;
    view.tickets = page.tickets;
    view.start = page.start;
    here = new Set(page.tickets.map(({ number }) => number));
    view.version = page.version;
    view.row = page.unit;
    view.more = page.next_cursor !== null;
    view.error = null;
    view.loading = false;
    // It has become shorter than where somebody is in it.
    if (page.tickets.length === 0 && page.start > 0 && from === page.start) {
      from = Math.max(0, from - wanted);
      again = true;
    }
  }

  function join(page: Part): void {
    const standing = adopt(me, page.version, page.unit);
    again ||= standing === 'older' || standing === 'behind';
    early = standing === 'early' ? page : null;
    if (standing === 'early' || (standing === 'older' && ++older < OLDER_MAX)) return;
    take(page);
    settled();
  }

  async function load(): Promise<void> {
    busy = true;
    again = isAwaited = false;
    lastAsked = Date.now();
    const mine = abort;
    const selection = target();
    try {
      const page = await pages(selection, mine.signal);
      lastTook = Date.now() - lastAsked;
      if (mine === abort) join(page);
    } catch (e) {
      if (mine !== abort) return;
      view.error = e;
      view.loading = false;
      if (mayPass(e)) timer = setTimeout(ask, RETRY_MS);
      else {
        release();
        settled();
      }
    } finally {
      if (mine === abort) {
        busy = false;
        if (again) ask();
      }
    }
  }

  /** As many answers as it takes; taken again from the start when the queue moved between two of them. */
  async function pages(selection: Selection, signal: AbortSignal): Promise<Part> {
    const { unit, below, state, light, within } = selection;
    const query: QueueQuery = { below: below === true ? '1' : undefined, state, light, within };
    for (let tries = 0; ; tries++) {
      const limit = Math.min(wanted, ANSWER_MAX);
      const start = from;
      let page = await queue(unit, { ...query, limit, skip: start > 0 ? start : undefined }, signal);
      const tickets = [...page.tickets];
      let moved = false;
      while (page.next_cursor !== null && tickets.length < wanted) {
        const next = await queue(unit, { ...query, limit, cursor: page.next_cursor }, signal);
        moved ||= next.version !== page.version;
        tickets.push(...next.tickets);
        page = next;
      }
      if (!moved || tries === 2) return { ...page, start, tickets: unique(tickets) };
    }
  }

  watch(
    target,
    (now, before) => {
      abort.abort();
      abort = new AbortController();
      clearTimeout(timer);
      clearTimeout(flight);
      settled();
      busy = false;
      early = null;
      lastAsked = lastTook = 0;
      if (before === undefined || JSON.stringify(before) !== JSON.stringify(now)) {
        from = seen = view.start = 0;
        wanted = PAGE;
        view.tickets = [];
      }
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
    clearTimeout(flight);
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
    /** The tickets from the `first`-th up to, and without, the `last`-th are seen: they, and some around them, are what is kept here. */
    look(first: number, last: number) {
      const near = Math.abs(first - seen) <= ANSWER_MAX;
      seen = first;
      const isHere = Math.max(0, first - EDGE) >= from && (last + EDGE <= from + wanted || (!view.more && last <= from + wanted));
      if (isHere) return;
      from = Math.max(0, first - AROUND);
      wanted = Math.min(ANSWER_MAX, last + AROUND - from);
      isAwaited = true;
      clearTimeout(flight);
      if (near) ask();
      else flight = setTimeout(ask, FLIGHT_MS);
    },
    retry: ask,
  };
}

function unique(tickets: QueueTicket[]): QueueTicket[] {
  return [...new Map(tickets.map((ticket) => [ticket.number, ticket])).values()];
}
