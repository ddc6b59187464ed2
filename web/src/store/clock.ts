// The server's time on this screen: remaining times must be right also when the desk's own clock is wrong (or the system
// runs on a test clock). Ticks once a second; what shows minutes only depends on `nowMinute` and so is redrawn once a minute.

import { computed, ref } from 'vue';

/** A message is at least as old as it says, so the largest offset seen is nearest; a jump back over this is a new clock. */
const JUMP_MS = 5_000;
const MINUTE_MS = 60_000;

let offsetMs: number | null = null;

export function serverNow(): number {
  return Date.now() + (offsetMs ?? 0);
}

/** Tells the clock that the server just said it is `at`. */
export function syncClock(at: string): void {
  const seen = Date.parse(at) - Date.now();
  if (Number.isNaN(seen)) return;
  if (offsetMs === null || seen > offsetMs || seen < offsetMs - JUMP_MS) {
    const jumped = offsetMs === null || Math.abs(seen - offsetMs) > 1_000;
    offsetMs = seen;
    if (jumped) nowSecond.value = serverNow();
  }
}

export const nowSecond = ref(Date.now());
export const nowMinute = computed(() => Math.floor(nowSecond.value / MINUTE_MS) * MINUTE_MS);

function tick(): void {
  nowSecond.value = serverNow();
  setTimeout(tick, 1_000 - (serverNow() % 1_000) + 5);
}
tick();

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) nowSecond.value = serverNow();
});
