// The tickets of one open unit, by deadline, kept at the same version as the unit's badge (see live.ts: hold, adopt, release).
// Any change that touches the unit asks for the list again; while it is on its way the badge waits with it.

import { onBeforeUnmount, shallowReactive, watch } from 'vue';
import { queue } from '../api/console';
import { ApiError } from '../api/http';
import type { QueuePage, QueueRow, QueueTicket } from '../api/types';
import { adopt, holdUnit, live, onChange, release } from './live';

/** So many more are unfolded at a time, and so many the server gives in one answer. */
const PAGE = 50;
const ANSWER_MAX = 200;
/** So long may a badge wait for its list before it is shown alone. */
const HOLD_MAX_MS = 700;
const RETRY_MS = 2_000;
/** A server that reads its lists elsewhere may stay behind for a moment; after so many answers the list is taken as it is. */
const OLDER_MAX = 4;
/** The list is asked for again at most so often; changes in between are gathered. */
const PACE_MS = 120;

export interface UnitQueue {
  tickets: QueueTicket[];
  version: string;
  loading: boolean;
  more: boolean;
  /** The list could not follow; it is older than the badge. */
  behind: boolean;
  error: unknown;
}

export function useUnitQueue(target: () => { unit: string; state: string | undefined }) {
  const view = shallowReactive<UnitQueue>({
    tickets: [],
    version: '0',
    loading: true,
    more: false,
    behind: false,
    error: null,
  });
  let wanted = PAGE;
  let busy = false;
  let again = false;
  let abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;
  let lastAsked = 0;
  /** Answers in a row that were older than the stream. */
  let older = 0;

  const stop = onChange((delta) => {
    const { unit } = target();
    const touched =
      delta === null ||
      delta.units.some((row) => row.unit === unit) ||
      delta.tickets.some(
        (change) => change.unit === unit || view.tickets.some((ticket) => ticket.number === change.number),
      );
    if (touched) ask();
  });

  function ask(): void {
    patience ??= setTimeout(impatient, HOLD_MAX_MS);
    if (busy) {
      again = true;
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(load, Math.max(0, lastAsked + PACE_MS - Date.now()));
  }

  function impatient(): void {
    view.behind = !view.loading;
    release();
  }

  function settled(): void {
    older = 0;
    clearTimeout(patience);
    patience = undefined;
    view.behind = false;
  }

  async function load(): Promise<void> {
    busy = true;
    again = false;
    lastAsked = Date.now();
    const mine = abort;
    const { unit, state } = target();
    try {
      const page = await pages(unit, state, mine.signal);
      if (mine !== abort) return;
      const standing = adopt(unit, page.version, wholeRow(page, unit));
      again ||= standing !== 'current';
      if (standing === 'older' && ++older < OLDER_MAX) return;
      view.tickets = page.tickets;
      view.version = page.version;
      view.more = page.next_cursor !== null;
      view.error = null;
      view.loading = false;
      settled();
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
  async function pages(unit: string, state: string | undefined, signal: AbortSignal): Promise<QueuePage> {
    for (let tries = 0; ; tries++) {
      const limit = Math.min(wanted, ANSWER_MAX);
      let page = await queue(unit, { state, limit }, signal);
      const tickets = [...page.tickets];
      let moved = false;
      while (page.next_cursor !== null && tickets.length < wanted) {
        const next = await queue(unit, { state, limit, cursor: page.next_cursor }, signal);
        moved ||= next.version !== page.version;
        tickets.push(...next.tickets);
        page = next;
      }
      if (!moved || tries === 2) return { ...page, tickets: unique(tickets) };
    }
  }

  watch(
    target,
    ({ unit, state }, before) => {
      abort.abort();
      abort = new AbortController();
      clearTimeout(timer);
      settled();
      busy = false;
      wanted = PAGE;
      lastAsked = 0;
      if (before === undefined || before.unit !== unit || before.state !== state) view.tickets = [];
      view.loading = true;
      view.error = null;
      holdUnit(unit);
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
    holdUnit(null);
  });

  return {
    view,
    more() {
      wanted += PAGE;
      ask();
    },
    retry: ask,
  };
}

function unique(tickets: QueueTicket[]): QueueTicket[] {
  return [...new Map(tickets.map((ticket) => [ticket.number, ticket])).values()];
}

/** The server may send the unit's whole row with the list; then badge and list are one answer. */
function wholeRow(page: QueuePage, unit: string): QueueRow | null {
  const row = page.unit;
  return row?.unit === unit && typeof row.depth === 'number' && row.states !== undefined ? (row as QueueRow) : null;
}
