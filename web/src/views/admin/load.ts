// What every section does: asks, shows that it asks, shows what was refused, and does one thing at a time.

import { computed, onBeforeUnmount, onMounted, ref, shallowRef } from 'vue';

/** Reads when the section opens, and again on `load`. */
export function useLoad<T>(read: () => Promise<T>) {
  const value = shallowRef<T | null>(null);
  const problem = shallowRef<unknown>(null);
  let gone = false;
  let asked = 0;
  async function load(): Promise<void> {
    const mine = ++asked;
    try {
      const answer = await read();
      if (gone || mine !== asked) return;
      value.value = answer;
      problem.value = null;
    } catch (e) {
      if (!gone && mine === asked) problem.value = e;
    }
  }
  onMounted(load);
  onBeforeUnmount(() => (gone = true));
  return { value, problem, load };
}

/** Pages of a list until there is none left, at most so many. */
export async function allPages<T, P extends { next_cursor: string | null }>(
  page: (cursor?: string) => Promise<P>,
  rows: (page: P) => T[],
  most = 50,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  for (let i = 0; i < most; i++) {
    const answer = await page(cursor);
    all.push(...rows(answer));
    if (answer.next_cursor === null) break;
    cursor = answer.next_cursor;
  }
  return all;
}

/** One act at a time; what is refused stays to be read. True: it is done, and `said`, or the text it gave, says so. */
export function useAct() {
  const busy = ref('');
  const problem = shallowRef<unknown>(null);
  const done = ref('');
  async function act(name: string, what: () => Promise<unknown>, said = ''): Promise<boolean> {
    if (busy.value !== '') return false;
    busy.value = name;
    problem.value = null;
    done.value = '';
    try {
      const told = await what();
      done.value = typeof told === 'string' ? told : said;
      return true;
    } catch (e) {
      problem.value = e;
      return false;
    } finally {
      busy.value = '';
    }
  }
  return { busy, problem, done, act };
}

/** A list, and acts on it: whatever came of one, the list is read again. */
export function useRows<T>(read: () => Promise<T>) {
  const { value, problem: unread, load } = useLoad(read);
  const { busy, problem: refused, done, act: does } = useAct();
  async function act(name: string, what: () => Promise<unknown>, said = ''): Promise<boolean> {
    const ok = await does(name, what, said);
    await load();
    return ok;
  }
  return { value, load, busy, done, act, problem: computed(() => refused.value ?? unread.value) };
}
