// The live queues: one stream, one model, published at a pace a person can follow. What is on the screen is always one version.
// A list that is open (UnitPanel) and the badge of its unit change together: the unit is held back here until its list
// has arrived at the same version (adopt), or the wait has taken too long (release).

import { shallowReactive, shallowRef, triggerRef } from 'vue';
import { openStream, type Stream } from '../api/stream';
import type { Delta, QueueRow, Snapshot, Totals } from '../api/types';
import { syncClock } from './clock';
import { newer, QueueModel } from './model';
import { expire } from './session';

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
let heldUnit: string | null = null;
let heldRow: { row: QueueRow; version: string } | null = null;

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
      if (status === 401) expire();
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

function takeSnapshot(snapshot: Snapshot): void {
  syncClock(snapshot.at);
  changed.clear();
  heldRow = null;
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

/** Of a snapshot's rows the open unit's waits for its list as well, when something of it is on the screen. */
function shownOrHeld(row: QueueRow, version: string): QueueRow {
  const shown = row.unit === heldUnit ? queues.value.row(row.unit) : undefined;
  if (shown !== undefined) heldRow = { row, version };
  else shownVersions.set(row.unit, version);
  return shown ?? row;
}

function takeDelta(delta: Delta): void {
  live.phase = 'live';
  syncClock(delta.at);
  if (!newer(delta.version, pending?.version ?? live.version)) return;
  for (const row of delta.units) {
    if (row.unit === heldUnit) heldRow = { row, version: delta.version };
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

/** From now on this unit's row changes only by adopt() or release(). null: none is held. */
export function holdUnit(unit: string | null): void {
  release();
  heldUnit = unit;
}

/**
 * The list of `unit` arrived at `version`, with its unit's row when the server gives one.
 * 'older': than the badge on the screen; not to be shown, ask again.
 * 'behind': the badge goes with it now, but the stream knows of more: show it, and ask again.
 * 'current': nothing newer is known.
 */
export function adopt(unit: string, version: string, row: QueueRow | null): 'older' | 'behind' | 'current' {
  if (newer(shownVersions.get(unit) ?? '0', version)) return 'older';
  const behind = heldRow !== null && newer(heldRow.version, version);
  if (row !== null) show(row, version);
  else if (heldRow !== null && !behind) show(heldRow.row, heldRow.version);
  if (!behind) heldRow = null;
  if (changed.size > 0) publish();
  return behind ? 'behind' : 'current';
}

/** Shows what was held, list or no list. */
export function release(): void {
  if (heldRow === null) return;
  show(heldRow.row, heldRow.version);
  heldRow = null;
  schedule();
}
