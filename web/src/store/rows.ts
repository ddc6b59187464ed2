// Which rows of the unit tree stand on the screen, given search, filters and what is unfolded. Pure.

import { byUrgency, SECTIONS, type Figures, type QueueModel, type Section, type UnitView } from './model';

export type Filter = 'all' | 'yellow' | 'red';

export interface RowOptions {
  query: string;
  onlyNonempty: boolean;
  filter: Filter;
  urgentFirst: boolean;
  unfolded: ReadonlySet<string>;
}

export interface Row {
  /** Unique on the screen. */
  id: string;
  view: UnitView;
  /** 'own' is the line "this level itself" under an unfolded unit, so that a parent's sum can be read as an addition. */
  kind: 'unit' | 'own';
  figures: Figures;
  level: number;
  unfolded: boolean;
  foldable: boolean;
}

export interface SectionRows {
  section: Section;
  rows: Row[];
  /** First-level units before filters, for "3 of 7". */
  total: number;
  shown: number;
}

/** Units that hold the tree together and seldom hold tickets: shown when they do. */
const FRAME_KINDS = new Set(['district', 'pool']);

export function sectionRows(model: QueueModel, options: RowOptions): SectionRows[] {
  const query = options.query.trim().toLowerCase();
  const passes = (f: Figures) =>
    (!options.onlyNonempty || f.depth > 0) &&
    (options.filter === 'all' || (options.filter === 'red' ? f.red > 0 : f.red + f.yellow > 0));

  function children(view: UnitView): UnitView[] {
    return view.children.map((code) => model.get(code)!);
  }

  function matches(view: UnitView): boolean {
    return view.search.includes(query) || children(view).some(matches);
  }

  /** `free`: an ancestor already matched the search, so everything under it may be shown. */
  function walk(view: UnitView, free: boolean, rows: Row[]): void {
    const hit = query === '' || free || view.search.includes(query);
    if (!passes(view.all) || (!hit && !matches(view))) return;
    const foldable = view.children.length > 0;
    const unfolded = foldable && (options.unfolded.has(view.code) || (query !== '' && !hit));
    rows.push({ id: view.code, view, kind: 'unit', figures: view.all, level: view.level, unfolded, foldable });
    if (!unfolded) return;
    if (hit && passes(view.own)) {
      rows.push({
        id: `${view.code}:own`,
        view,
        kind: 'own',
        figures: view.own,
        level: view.level + 1,
        unfolded: false,
        foldable: false,
      });
    }
    for (const child of ordered(children(view))) walk(child, free || (query !== '' && hit), rows);
  }

  function ordered(views: UnitView[]): UnitView[] {
    return options.urgentFirst ? [...views].sort((a, b) => byUrgency(a.all, b.all)) : views;
  }

  return SECTIONS.map((section) => {
    const tops = model.tops(section).filter((view) => !FRAME_KINDS.has(view.kind) || view.all.depth > 0);
    const rows: Row[] = [];
    for (const view of ordered(tops)) walk(view, false, rows);
    return { section, rows, total: tops.length, shown: rows.filter((row) => row.level === 0).length };
  }).filter((group) => group.total > 0);
}
