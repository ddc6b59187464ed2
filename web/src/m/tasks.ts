// The own unit's queue on the phone: read whole, kept for places without a network, read again when the stream says that something
// changed. What was decided here and not sent yet is marked by the outbox.

import { onBeforeUnmount, shallowReactive } from 'vue';
import { queue } from '../api/console';
import { ApiError } from '../api/http';
import { openStream } from '../api/stream';
import type { QueueTicket } from '../api/types';
import { syncClock } from '../store/clock';
import { keep, recall } from './kept';
import { me } from './state';

const LIMIT = 200;
const GATHER_MS = 200;
const RETRY_MS = 3_000;

interface Kept {
  at: number;
  tickets: QueueTicket[];
}

export function useTasks() {
  const view = shallowReactive({ tickets: null as QueueTicket[] | null, at: 0, stale: false, problem: null as unknown });
  const key = () => `tasks/${me.value?.user ?? ''}`;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  let gone = false;

  async function load(): Promise<void> {
    const unit = me.value?.unit?.code;
    if (unit === undefined || gone) return;
    const mine = ++asked;
    clearTimeout(timer);
    try {
      const { tickets } = await queue(unit, { limit: LIMIT });
      if (mine !== asked) return;
      Object.assign(view, { tickets, at: Date.now(), stale: false, problem: null });
      void keep(key(), { at: view.at, tickets } satisfies Kept);
    } catch (e) {
      const kept = await recall<Kept>(key());
      if (kept !== undefined && view.tickets === null) Object.assign(view, { tickets: kept.tickets, at: kept.at });
      view.stale = true;
      view.problem = e instanceof ApiError && e.status === 0 ? null : e;
      if (mine === asked && navigator.onLine && e instanceof ApiError && (e.status === 0 || e.status >= 500)) soon(RETRY_MS);
    }
  }

  function soon(ms = GATHER_MS): void {
    clearTimeout(timer);
    if (!gone) timer = setTimeout(() => void load(), ms);
  }

  void load();
  const stream = openStream('/api/v1/stream', {
    event(name, data) {
      if (name !== 'snapshot' && name !== 'delta') return;
      const at = /"at":"([^"]+)"/.exec(data)?.[1];
      if (at !== undefined) syncClock(at);
      // Whatever the own unit has to do with it: the queue is small and read whole. A snapshot may stand for deltas that were missed.
      if (name === 'snapshot' || data.includes(`"${me.value?.unit?.code}"`)) soon();
    },
    lost: () => (view.stale = true),
    refused: () => undefined,
  });
  const back = () => {
    stream.nudge();
    void load();
  };
  addEventListener('online', back);
  onBeforeUnmount(() => {
    gone = true;
    clearTimeout(timer);
    stream.close();
    removeEventListener('online', back);
  });
  return { view, load };
}
