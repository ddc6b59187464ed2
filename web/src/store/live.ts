// The live queues: one stream, one model, published at a pace a person can follow. What is on the screen is always one version.
// A list that is open (list.ts) and the numbers it belongs to change together: the rows of its units are held back here until
// the list has arrived at the same version (adopt), or the wait has taken too long (release).

import { onBeforeUnmount, onMounted, shallowReactive, shallowRef, triggerRef, watch } from 'vue';
import { openStream, type Stream } from '../api/stream';
import type { Delta, QueueRow, Snapshot, Totals } from '../api/types';
import { syncClock } from './clock';
import { newer, QueueModel } from './model';
import { expire, session } from './session';

export type Phase = 'connecting' | 'live' | 'reconnecting';

export const live = shallowReactive({
  phase: 'connecting' as Phase,
  degraded: false,
  version: '0',
  /** Server time of the last data, RFC 3339. */
  at: null as string | null,
  totals: { received: 0, closed: 0, in_progress: 0, supervised: 0 } as Totals,
  loaded: false,
  /** This account may not watch queues. */
  refused: false,
});

export const queues = shallowRef(new QueueModel());

/** Between two publications. */
const PUBLISH_MIN_MS = 150;
/** So long the stream stays open after the last screen that needs it: the next one is a click away. */
const LINGER_MS = 10_000;

type Listener = (delta: Delta | null) => void;
const listeners = new Set<Listener>();

/** Called for each delta, and with null after a snapshot, before it is on the screen. Returns the way to stop. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let stream: Stream | null = null;
let pending: { totals: Totals; at: string; version: string } | null = null;
const changed = new Map<string, QueueRow>();
let timer: ReturnType<typeof setTimeout> | undefined;
let published = -Infinity;

/** The version each unit's row on the screen came with. */
const shownVersions = new Map<string, string>();
let held: ReadonlySet<string> = new Set();
/** What came for held units and is not shown yet, oldest first. */
let heldRows: { row: QueueRow; version: string }[] = [];

/* ---- the stream ---- */

let users = 0;
let linger: ReturnType<typeof setTimeout> | undefined;

/** For the life of the component the queues are watched. */
export function useLive(): void {
  onMounted(() => {
    users++;
    clearTimeout(linger);
    startLive();
  });
  onBeforeUnmount(() => {
    users--;
    if (users === 0) linger = setTimeout(stopLive, LINGER_MS);
  });
}

watch(
  () => session.state,
  (state, before) => {
    if (state === 'in' && before === 'expired' && users > 0) startLive();
    if (state === 'out') stopLive();
  },
);

export function startLive(): void {
  live.refused = false;
  stream ??= openStream('/api/v1/stream', {
    event: receive,
    lost() {
      live.phase = live.loaded ? 'reconnecting' : 'connecting';
    },
    refused(status) {
      stream = null;
      live.phase = live.loaded ? 'reconnecting' : 'connecting';
      if (status === 401 && session.state === 'in') expire();
      else live.refused = true;
    },
  });
}

export function stopLive(): void {
  stream?.close();
  stream = null;
  live.loaded = false;
  live.phase = 'connecting';
}

export function retryNow(): void {
  stream?.nudge();
}
addEventListener('online', retryNow);
addEventListener('focus', retryNow);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) retryNow();
});

function receive(name: string, data: string): void {
  let body: unknown;
  try {
    body = JSON.parse(data);
  } catch {
    return;
  }
  if (name === 'snapshot') takeSnapshot(body as Snapshot);
  else if (name === 'delta') takeDelta(body as Delta);
  else if (name === 'degraded') live.degraded = (body as { degraded: boolean }).degraded;
}

/* ---- taking in ---- */

function takeSnapshot(snapshot: Snapshot): void {
  syncClock(snapshot.at);
  changed.clear();
  heldRows = [];
  queues.value.reset(snapshot.units.map((row) => shownOrHeld(row, snapshot.version)));
  pending = snapshot;
  live.degraded = snapshot.degraded;
  live.loaded = true;
  live.phase = 'live';
  for (const listener of listeners) listener(null);
  publish();
}

function show(row: QueueRow, version: string): void {
  changed.set(row.unit, row);
  shownVersions.set(row.unit, version);
}

/** Of a snapshot's rows those of an open list wait for it as well, when something of them is on the screen. */
function shownOrHeld(row: QueueRow, version: string): QueueRow {
  const shown = held.has(row.unit) ? queues.value.row(row.unit) : undefined;
  if (shown !== undefined) heldRows.push({ row, version });
  else shownVersions.set(row.unit, version);
  return shown ?? row;
}

function takeDelta(delta: Delta): void {
  live.phase = 'live';
  syncClock(delta.at);
  if (!newer(delta.version, pending?.version ?? live.version)) return;
  for (const row of delta.units) {
    if (held.has(row.unit)) heldRows.push({ row, version: delta.version });
    else show(row, delta.version);
  }
  pending = delta;
  for (const listener of listeners) listener(delta);
  schedule();
}

/** A single change is shown at once, a flood in steps the eye can follow (and the machine too). */
function schedule(): void {
  timer ??= setTimeout(publish, Math.max(0, published + PUBLISH_MIN_MS - performance.now()));
}

function publish(): void {
  clearTimeout(timer);
  timer = undefined;
  published = performance.now();
  if (changed.size > 0) {
    queues.value.apply([...changed.values()]);
    changed.clear();
  }
  if (pending !== null) {
    live.totals = pending.totals;
    live.at = pending.at;
    live.version = pending.version;
    pending = null;
  }
  triggerRef(queues);
}

/* ---- a list and its numbers ---- */

/** Lists that are open, the one opened last on top: only that one's units are held. */
const holders: { list: symbol; units: ReadonlySet<string> }[] = [];

/** From now on these units' rows change only by this list's adopt() or release(). null: the list is gone. */
export function hold(list: symbol, units: ReadonlySet<string> | null): void {
  const at = holders.findIndex((holder) => holder.list === list);
  if (at >= 0 && units !== null) holders[at]!.units = units;
  else if (at >= 0) holders.splice(at, 1);
  else if (units !== null) holders.push({ list, units });
  release();
  held = holders.at(-1)?.units ?? new Set();
}

/**
 * A list of the held units arrived at `version`; `row` is the sum of their numbers as the list's answer has it.
 * 'older': than what is on the screen; not to be shown, ask again.
 * 'early': the stream has not told yet what the list knows; not to be shown, it comes in a moment.
 * 'behind': the numbers go with it now, but the stream knows of more: show it, and ask again.
 * 'current': nothing newer is known, or another list is on top.
 */
export function adopt(list: symbol, version: string, row: QueueRow | null): 'older' | 'early' | 'behind' | 'current' {
  if (holders.at(-1)?.list !== list) return 'current';
  for (const unit of held) if (newer(shownVersions.get(unit) ?? '0', version)) return 'older';
  const reached = heldRows.filter((entry) => !newer(entry.version, version));
  if (row !== null && !sameNumbers(reached, row)) {
    // One unit's own row is the truth about it, however far the stream is.
    if (held.size !== 1 || !held.has(row.unit)) return 'early';
    reached.push({ row, version });
  }
  for (const entry of reached) show(entry.row, entry.version);
  heldRows = heldRows.filter((entry) => newer(entry.version, version));
  if (changed.size > 0) publish();
  return heldRows.length > 0 ? 'behind' : 'current';
}

/** Whether the held units, with these rows applied, add up to what the list's answer says. */
function sameNumbers(reached: { row: QueueRow }[], row: QueueRow): boolean {
  const now = new Map(reached.map((entry) => [entry.row.unit, entry.row]));
  const states: Record<string, number> = {};
  for (const unit of held) {
    const own = now.get(unit) ?? changed.get(unit) ?? queues.value.row(unit);
    for (const state in own?.states) states[state] = (states[state] ?? 0) + own.states[state]!;
  }
  const all = new Set([...Object.keys(states), ...Object.keys(row.states)]);
  return [...all].every((state) => (states[state] ?? 0) === (row.states[state] ?? 0));
}

/** Shows what was held, list or no list. */
export function release(): void {
  if (heldRows.length === 0) return;
  for (const entry of heldRows) show(entry.row, entry.version);
  heldRows = [];
  schedule();
}
