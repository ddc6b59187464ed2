// What the phone's views share: who is here (also without a network, and after the session has ended), what waits to be sent, whether
// the server is reached, reference data kept for places without one. Sending itself is outbox.ts.

import { computed, ref, shallowRef, watch } from 'vue';
import { get } from '../api/client';
import { ApiError } from '../api/http';
import type { Areas, Matter, QueueTicket, Session } from '../api/types';
import { loadSession, logout, session } from '../store/session';
import { keep, recall } from './kept';
import { entries, flush, onOutbox, store, type Entry } from './outbox';

/* ---- who ------------------------------------------------------------------------------------------------------------------- */

type Me = Pick<Session, 'user' | 'role' | 'unit'>;

/** Who works with this phone, until they sign out; null: a resident. */
export const me = shallowRef<Me | null>(null);
/** The session has ended (or this phone was restarted without one): what waits is sent after signing in. */
export const mustSignIn = computed(() => me.value !== null && (session.state === 'expired' || session.state === 'out'));

watch(
  () => session.who,
  (who) => {
    if (who === null) return;
    me.value = { user: who.user, role: who.role, unit: who.unit };
    void keep('me', me.value);
    void send(true);
  },
);

export async function leave(): Promise<void> {
  me.value = null;
  await keep('me', undefined);
  await logout().catch(() => undefined);
}

/* ---- what waits ------------------------------------------------------------------------------------------------------------ */

const TRY_EACH_MS = 5_000;

export const outbox = shallowRef<Entry[]>([]);
export const online = ref(navigator.onLine);
/** This phone keeps nothing: what is not sent is lost with the page. */
export const keepsNothing = ref(false);
export const waiting = computed(() => outbox.value.filter((e) => e.state === 'waiting'));
export const refused = computed(() => outbox.value.filter((e) => e.state === 'refused'));

async function reread(): Promise<void> {
  try {
    outbox.value = await entries();
  } catch {
    keepsNothing.value = true;
  }
}
onOutbox(() => void reread());

export async function send(now = false): Promise<void> {
  if (!navigator.onLine) return;
  await flush(now).catch(() => undefined);
  await reread();
}

/** Kept first, then sent; the browser is asked to send it also without the page. */
export async function enqueue(entry: Entry): Promise<Entry> {
  await store(entry);
  await reread();
  const registration = await navigator.serviceWorker?.getRegistration('/m/').catch(() => undefined);
  const sync = (registration as { sync?: { register(tag: string): Promise<void> } } | undefined)?.sync;
  if (!navigator.onLine) await sync?.register('outbox').catch(() => undefined);
  await send();
  return outbox.value.find((e) => e.id === entry.id) ?? entry;
}

addEventListener('online', () => {
  online.value = true;
  void send(true);
  if (session.state === 'unreachable') void loadSession();
});
addEventListener('offline', () => (online.value = false));
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void send(true);
});
setInterval(() => {
  if (waiting.value.length > 0) void send();
}, TRY_EACH_MS);

/* ---- reference data, kept -------------------------------------------------------------------------------------------------- */

/** Shows what was kept at once, and what the server says as soon as it does. */
function keptData<T>(key: string, read: () => Promise<T>) {
  const value = shallowRef<T | null>(null);
  let fresh = false;
  return {
    value,
    async load(): Promise<void> {
      if (fresh) return;
      value.value ??= (await recall<T>(key)) ?? null;
      try {
        value.value = await read();
        fresh = true;
        void keep(key, value.value);
      } catch (e) {
        if (!(e instanceof ApiError)) throw e;
      }
    },
  };
}

export interface Choice {
  code: string;
  name: { zh: string; en: string };
  group: { zh: string; en: string };
}

interface District {
  matters: Choice[];
  areas: Areas;
}

/** What residents may choose from, and the map; for whoever is signed in, all matters. */
export const district = keptData<District>('district', async () => {
  const { matters, ...areas } = await get('/api/v1/public/district');
  return { matters, areas: areas as unknown as Areas };
});
export const matters = keptData<Matter[]>('matters', async () => (await get('/api/v1/matters')).matters as Matter[]);

/* ---- the matters most reported here ---------------------------------------------------------------------------------------- */

const TILES = 5;
export const frequent = shallowRef<Choice[]>([]);
const uses = shallowRef<Record<string, number>>({});

/** Own reports first, then what was reported in the own unit lately, then what starts at a grid. */
export async function loadFrequent(): Promise<void> {
  uses.value = (await recall<Record<string, number>>('uses')) ?? {};
  const show = (lately: Record<string, number>) => {
    const score = (m: Matter) => (uses.value[m.code] ?? 0) * 1_000 + (lately[m.code] ?? 0) * 10 + (m.start === 'grid' ? 1 : 0);
    const known = (matters.value.value ?? []).map((m) => ({ m, score: score(m) })).filter((x) => x.score > 0);
    frequent.value = known.sort((a, b) => b.score - a.score).slice(0, TILES).map((x) => x.m);
  };
  await matters.load();
  const kept = (await recall<Record<string, number>>('lately')) ?? {};
  show(kept);
  const unit = me.value?.unit?.code;
  if (unit === undefined) return;
  try {
    const { tickets } = await get('/api/v1/tickets', { query: { grid: unit, limit: 100 } });
    const lately: Record<string, number> = {};
    for (const { matter } of tickets as QueueTicket[]) if (matter) lately[matter.code] = (lately[matter.code] ?? 0) + 1;
    void keep('lately', lately);
    show(lately);
  } catch {
    // Shown is what was kept.
  }
}

export function used(code: string): void {
  uses.value = { ...uses.value, [code]: (uses.value[code] ?? 0) + 1 };
  void keep('uses', uses.value);
}

/* ---- the beginning --------------------------------------------------------------------------------------------------------- */

/** Known is who works with this phone, and what it keeps: the views may begin. */
export const ready = ref(false);

export async function begin(): Promise<void> {
  me.value = (await recall<Me>('me')) ?? null;
  await reread();
  ready.value = true;
  await loadSession();
  void send(true);
}
