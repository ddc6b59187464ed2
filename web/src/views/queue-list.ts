// The list of the queue page: what it shows, what is unfolded, which row is the current one, and moving between rows.

import { computed, nextTick, ref, shallowRef, watch } from 'vue';
import { queues } from '../store/live';
import { SECTIONS, sum } from '../store/model';
import { nonempty, order } from '../store/prefs';
import { sectionRows, type Filter } from '../store/rows';

/** True while the focus is on a row, so that a key means that row. */
export function onRow(): boolean {
  return document.activeElement?.classList.contains('queue-row') ?? false;
}

export function useQueueList() {
  const query = ref('');
  const filter = ref<Filter>('all');
  const unfolded = shallowRef<ReadonlySet<string>>(new Set());
  const active = ref<string | null>(null);

  const groups = computed(() =>
    sectionRows(queues.value, {
      query: query.value,
      onlyNonempty: nonempty.value === 'yes',
      filter: filter.value,
      urgentFirst: order.value === 'urgent',
      unfolded: unfolded.value,
    }),
  );
  const rows = computed(() => groups.value.flatMap((group) => group.rows));
  const current = computed(() => rows.value.find((row) => row.id === active.value));
  const columns = computed(() => {
    const shown = groups.value.filter((group) => group.rows.length > 0);
    const left = shown.filter((group) => group.section === 'centre' || group.section === 'streets');
    return [left, shown.filter((group) => !left.includes(group))].filter((column) => column.length > 0);
  });
  /** All queues together. */
  const now = computed(() => sum(SECTIONS.flatMap((section) => queues.value.tops(section))));
  const foldable = computed(() => queues.value.all().filter((unit) => unit.children.length > 0));

  /** Who sees a single unit (a street, say) sees it unfolded from the start. */
  let first = true;
  watch(rows, (list) => {
    if (first && list.length === 1 && query.value === '' && list[0]!.foldable) unfolded.value = new Set([list[0]!.id]);
    if (list.length > 0) first = false;
    if (current.value === undefined) active.value = list[0]?.id ?? null;
  });

  function focusRow(id: string | null): void {
    if (id === null) return;
    active.value = id;
    void nextTick(() => {
      const element = document.getElementById(`row-${id}`);
      element?.focus({ preventScroll: true });
      element?.scrollIntoView({ block: 'nearest' });
    });
  }

  /** The first step only takes the focus to the current row. */
  function step(by: number): void {
    const list = rows.value;
    if (list.length === 0) return;
    const at = Math.max(0, list.indexOf(current.value!));
    focusRow(list[onRow() ? Math.max(0, Math.min(list.length - 1, at + by)) : at]!.id);
  }

  function fold(code: string): void {
    const next = new Set(unfolded.value);
    if (!next.delete(code)) next.add(code);
    unfolded.value = next;
  }

  function foldAll(): void {
    unfolded.value = new Set(unfolded.value.size > 0 ? [] : foldable.value.map((unit) => unit.code));
  }

  /** Right and left as in any tree: unfold, then on; fold, then up. */
  function unfold(yes: boolean): boolean {
    const row = current.value;
    if (row === undefined || !onRow()) return false;
    if (row.foldable && row.unfolded !== yes) fold(row.view.code);
    else if (yes) step(1);
    else if (row.kind === 'own') focusRow(row.view.code);
    else if (row.view.parent !== null) focusRow(row.view.parent);
    return true;
  }

  function clear(): void {
    query.value = '';
    filter.value = 'all';
    nonempty.value = 'no';
  }

  return {
    query,
    filter,
    unfolded,
    active,
    rows,
    current,
    columns,
    now,
    foldable,
    focusRow,
    step,
    fold,
    foldAll,
    unfold,
    clear,
  };
}
