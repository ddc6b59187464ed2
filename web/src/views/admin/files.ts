// The files of reference data being worked on: what is in force, what it is being changed to, what the server said of it. Kept while
// the page is open, so leaving a section loses nothing. Nothing is in force before it is applied, and nothing is applied that was
// not checked as it stands.

import { shallowReactive } from 'vue';
import { file, type Imported } from '../../api/admin';
import { ApiError } from '../../api/http';
import { session } from '../../store/session';
import { changedRows, faultsOf, readCsv, rebase, writeCsv, type Fault, type Sheet } from './sheet';

export interface FileState {
  kind: string;
  before: Sheet | null;
  now: Sheet | null;
  changed: ReadonlySet<number>;
  busy: '' | 'read' | 'check' | 'apply';
  problem: unknown;
  faults: readonly Fault[];
  /** More mistakes than the server lists. */
  faultCount: number;
  /** What the server said of exactly this text. */
  checked: Imported | null;
  checkedText: string;
  applied: Imported | null;
  /** Rows somebody else has changed since this was read; what was changed here now stands on theirs. */
  meanwhile: number;
}

const states = new Map<string, FileState>();
let whose: string | undefined;

/** Another person at this desk does not find the last one's work. */
export function fileOf(kind: string): FileState {
  if (whose !== session.who?.user) states.clear();
  whose = session.who?.user;
  let state = states.get(kind);
  if (state === undefined) {
    state = shallowReactive<FileState>({
      kind,
      before: null,
      now: null,
      changed: new Set<number>(),
      busy: '',
      problem: null,
      faults: [],
      faultCount: 0,
      checked: null,
      checkedText: '',
      applied: null,
      meanwhile: 0,
    });
    states.set(kind, state);
  }
  return state;
}

export const isChecked = (state: FileState): boolean =>
  state.now !== null && state.checked !== null && state.checkedText === writeCsv(state.now);

export function put(state: FileState, sheet: Sheet): void {
  state.now = sheet;
  state.changed = state.before === null ? new Set() : changedRows(sheet, state.before);
  state.faults = [];
  state.faultCount = 0;
  state.checked = null;
  state.applied = null;
  state.problem = null;
  state.meanwhile = 0;
}

/** What is in force; work in hand is kept unless `anew`. */
export async function read(state: FileState, anew = false): Promise<void> {
  if (state.busy !== '' || (state.before !== null && !anew)) return;
  state.busy = 'read';
  try {
    state.before = readCsv(await file.export(state.kind));
    put(state, (anew ? null : state.now) ?? state.before);
  } catch (e) {
    state.problem = e;
  } finally {
    state.busy = '';
  }
}

/** A file is put in force whole, so it must stand on what is in force now: another desk may have changed that. True: it had. */
async function catchUp(state: FileState): Promise<boolean> {
  const theirs = readCsv(await file.export(state.kind));
  const { before, now } = state;
  if (before === null || now === null) return false;
  const others = changedRows(theirs, before).size + Math.max(0, changedRows(before, theirs).size - changedRows(theirs, before).size);
  if (others === 0) return false;
  state.before = theirs;
  put(state, rebase(now, before, theirs));
  state.meanwhile = others;
  return true;
}

function refused(state: FileState, e: unknown): void {
  state.problem = e;
  if (!(e instanceof ApiError) || e.status !== 422) return;
  state.faults = faultsOf(e.problem?.errors ?? []);
  state.faultCount = Number((e.problem as { error_count?: number } | null)?.error_count ?? state.faults.length);
}

export async function check(state: FileState): Promise<void> {
  if (state.now === null || state.busy !== '') return;
  state.busy = 'check';
  Object.assign(state, { problem: null, faults: [], faultCount: 0, checked: null, applied: null });
  try {
    await catchUp(state);
    const text = writeCsv(state.now);
    state.checked = await file.import(state.kind, text, true);
    state.checkedText = text;
  } catch (e) {
    refused(state, e);
  } finally {
    state.busy = '';
  }
}

export async function apply(state: FileState): Promise<void> {
  if (!isChecked(state) || state.busy !== '') return;
  state.busy = 'apply';
  state.problem = null;
  try {
    if (await catchUp(state)) return;
    const done =
      state.kind === 'people' ? await file.importPeople(state.checkedText) : await file.import(state.kind, state.checkedText, false);
    state.busy = '';
    await read(state, true);
    state.applied = done;
  } catch (e) {
    refused(state, e);
  } finally {
    state.busy = '';
  }
}
