// Which tickets a number on the page stands for, as the address says it: ?unit=s1&below=1&light=red. A link or the back button leads
// to the same list.

import type { LocationQuery, LocationQueryRaw } from 'vue-router';
import type { Figures } from '../../store/model';
import type { Selection } from '../../store/list';

const one = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

export function selectionOf(query: LocationQuery): Selection | null {
  const unit = one(query.unit);
  if (unit === undefined) return null;
  const light = one(query.light);
  const within = Number(one(query.within));
  return {
    unit,
    below: one(query.below) === '1',
    state: one(query.state),
    light: light === 'red' || light === 'yellow' ? light : undefined,
    within: within > 0 ? within : undefined,
  };
}

export function queryOf(selection: Selection | null): LocationQueryRaw {
  if (selection === null) return {};
  const { unit, below, state, light, within } = selection;
  return JSON.parse(
    JSON.stringify({ unit, below: below === true ? '1' : undefined, state, light, within: within?.toString() }),
  ) as LocationQueryRaw;
}

/** How many tickets a selection has, by the numbers of its unit(s). */
export function countOf(selection: Omit<Selection, 'unit'>, f: Figures): number {
  if (selection.light !== undefined) return f[selection.light];
  if (selection.within === 30) return f.breach30;
  if (selection.within === 60) return f.breach60;
  if (selection.within === 120) return f.breach120;
  if (selection.state !== undefined)
    return selection.state.split(',').reduce((n, state) => n + (f.states[state] ?? 0), 0);
  return f.depth;
}
