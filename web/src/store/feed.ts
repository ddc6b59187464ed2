// What the ladder and people did lately, newest first: rungs, cards, supervisions. Asked for again when something changes, so often
// at most; only as many as are shown are ever kept.

import { onBeforeUnmount, shallowReactive, watch } from 'vue';
import { watch as calls } from '../api/console';
import type { FeedEvent, Light } from '../api/types';
import { live, onChange } from './live';

const PACE_MS = 2_000;

export interface Feed {
  /** null: not read yet. */
  events: FeedEvent[] | null;
  /** Why it could not be read the last time; it is asked for again by itself. */
  problem: unknown;
}

/** `came` is told what is new since the last time, never what was there at first. */
export function useFeed(types: string, shown: number, came?: (events: FeedEvent[]) => void) {
  const feed = shallowReactive<Feed>({ events: null, problem: null });
  let newest = '';
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const abort = new AbortController();

  async function load(): Promise<void> {
    timer = undefined;
    asked = Date.now();
    try {
      const events = (await calls.events(types, shown, abort.signal)).events.slice(0, shown);
      const before = newest;
      newest = events[0]?.seq ?? '';
      if (feed.events !== null) came?.(events.filter((event) => Number(event.seq) > Number(before)));
      if (newest !== before || feed.events === null) feed.events = events;
      feed.problem = null;
    } catch (e) {
      if (abort.signal.aborted) return;
      feed.problem = e;
      soon();
    }
  }

  function soon(): void {
    timer ??= setTimeout(load, Math.max(0, asked + PACE_MS - Date.now()));
  }

  const stop = onChange(soon);
  watch(() => live.phase, soon, { immediate: true });
  onBeforeUnmount(() => {
    stop();
    abort.abort();
    clearTimeout(timer);
  });
  return { feed, load };
}

export const isRedCard = (event: FeedEvent): boolean => event.event === 'rung' && event.rung?.code === 'red_card';

/** The mark of a card has the card's colour; a supervision weighs as much as a red card. */
export function feedLight(event: FeedEvent): Light {
  return event.event === 'supervised' || isRedCard(event) ? 'red' : 'yellow';
}
