// One ticket with what explains it, kept current while it is open: read again when the stream says that it changed.

import { onBeforeUnmount, shallowReactive, watch } from 'vue';
import { ticket as calls } from '../api/console';
import { ApiError, mayPass } from '../api/http';
import type { Done, Explanation, HistoryEvent, QueueTicket, TicketDetail } from '../api/types';
import { onChange } from './live';

function unless(...refused: number[]) {
  return (e: unknown): null => {
    if (e instanceof ApiError && refused.includes(e.status)) return null;
    throw e;
  };
}

/** A ticket that could not be read is asked for again. */
const RETRY_MS = 2_000;
/** A server that reads elsewhere may be behind for a moment; after so many answers its word is taken. */
const OLDER_MAX = 4;

/** similar: also the tickets that look alike, where the server can tell. */
export function useTicket(number: () => string | undefined, similar = false) {
  const view = shallowReactive({
    detail: null as TicketDetail | null,
    explained: null as Explanation | null,
    events: null as HistoryEvent[] | null,
    alike: null as QueueTicket[] | null,
    problem: null as unknown,
    /** Where it stands is newer than its parts, which are still read. */
    partial: false,
  });
  let older = 0;
  let abort = new AbortController();
  let retry: ReturnType<typeof setTimeout> | undefined;

  async function load(): Promise<void> {
    const wanted = number();
    abort.abort();
    clearTimeout(retry);
    if (wanted === undefined) return;
    abort = new AbortController();
    const { signal } = abort;
    try {
      // Not everybody who may read a ticket may also ask why, or read its history.
      const [detail, explained, history] = await Promise.all([
        calls.get(wanted, signal),
        calls.explain(wanted, signal).catch(unless(403)),
        calls.history(wanted, signal).catch(unless(403)),
      ]);
      const isOlder = view.detail?.number === wanted && Number(detail.version) < Number(view.detail.version);
      if (isOlder && ++older < OLDER_MAX) {
        retry = setTimeout(load, RETRY_MS);
        return;
      }
      older = 0;
      view.partial = false;
      view.detail = detail;
      view.explained = explained;
      view.events = history?.events ?? null;
      view.problem = null;
    } catch (e) {
      if (signal.aborted) return;
      view.problem = e;
      if (mayPass(e)) retry = setTimeout(load, RETRY_MS);
    }
  }

  async function loadAlike(): Promise<void> {
    const wanted = number();
    view.alike = null;
    if (!similar || wanted === undefined) return;
    try {
      const { tickets } = await calls.similar(wanted);
      if (wanted === number()) view.alike = tickets;
    } catch {
      // A help only; the page is whole without it.
    }
  }

  /** An act's answer says at once where the ticket stands, so that the next act goes on from there; the rest is read. */
  function acted(done: Done): void {
    const known = view.detail;
    // Where the ticket could not be read after the act, its answer does not tell what is possible.
    const isWhole = (done as Partial<Done>).possible !== undefined;
    if (known !== null && isWhole && done.ticket === known.number && Number(done.version) >= Number(known.version)) {
      view.detail = { ...known, ...done };
      view.partial = true;
    }
    void load();
  }

  watch(
    number,
    (now, before) => {
      if (now !== before && now !== undefined) Object.assign(view, { detail: null, explained: null, events: null, partial: false });
      view.problem = null;
      void load();
      void loadAlike();
    },
    { immediate: true },
  );

  const stop = onChange((delta) => {
    const mine = number();
    if (mine !== undefined && (delta === null || delta.tickets.some((change) => change.number === mine))) void load();
  });
  onBeforeUnmount(() => {
    stop();
    abort.abort();
    clearTimeout(retry);
  });

  return { view, load, acted };
}
