// A session ends when nothing was asked for so long (store/session.ts). Who types a long report, or reads, asks nothing: so each touch
// and key counts as work, and renews it now and then. Whoever is away is told two minutes before; the longest a session may last is
// told ten minutes before.

import { ref } from 'vue';
import { hooks } from '../api/http';
import { renew, session } from './session';

/** How soon it ends, and whether that can be put off; null: not soon. */
export const ending = ref<{ ms: number; why: 'idle' | 'end' } | null>(null);

const LOOK_MS = 5_000;
const IDLE_TOLD_MS = 120_000;
const END_TOLD_MS = 600_000;

let answered = Date.now();
let endsAt = Infinity;
let known: object | null = null;

hooks.answered = () => (answered = Date.now());

const idleMs = () => (session.who?.idle_s ?? Infinity) * 1_000;

function look(): void {
  if (session.who !== known) {
    known = session.who;
    endsAt = Date.now() + (session.who?.left_s ?? Infinity) * 1_000;
  }
  const idle = answered + idleMs() - Date.now();
  const end = endsAt - Date.now();
  const soon = session.state === 'in' && !(end < END_TOLD_MS && end < idle) ? idle < Math.min(IDLE_TOLD_MS, idleMs() / 3) : false;
  if (session.state !== 'in') ending.value = null;
  else if (soon) ending.value = { ms: Math.max(0, idle), why: 'idle' };
  else if (end < END_TOLD_MS) ending.value = { ms: Math.max(0, end), why: 'end' };
  else ending.value = null;
}

async function work(): Promise<void> {
  if (session.state !== 'in' || Date.now() - answered < idleMs() / 6) return;
  answered = Date.now(); // one call, however fast somebody types
  await renew();
  look();
}

export function watchSession(): void {
  for (const act of ['pointerdown', 'keydown'] as const) addEventListener(act, () => void work(), { capture: true, passive: true });
  document.addEventListener('visibilitychange', () => !document.hidden && void work());
  setInterval(look, LOOK_MS);
}
