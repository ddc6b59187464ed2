// The unit tree with its queues: takes whole rows (snapshot or delta), keeps subtree sums, hands out views.
// Pure: no Vue, no clock, no I/O, so it can be tested alone. A view is replaced only when something in it changed, so a
// component that was given the same view has nothing to do.

import type { Light, Name, QueueRow } from '../api/types';

export interface Figures {
  depth: number;
  /** UTC ms of the oldest open ticket's arrival. */
  oldest: number | null;
  yellow: number;
  red: number;
  breach30: number;
  breach60: number;
  breach120: number;
  states: Readonly<Record<string, number>>;
}

export const SECTIONS = ['centre', 'streets', 'departments', 'others'] as const;
export type Section = (typeof SECTIONS)[number];

export interface UnitView {
  code: string;
  kind: string;
  section: Section;
  /** 0 for a section's first level. */
  level: number;
  parent: string | null;
  /** Names of the units above, within the section, outermost first. */
  path: readonly Name[];
  name: Name;
  children: readonly string[];
  /** Owned by this unit itself. */
  own: Figures;
  /** Itself and everything below it on the screen. */
  all: Figures;
  search: string;
}

interface Node {
  row: QueueRow;
  children: Node[];
  parent: Node | null;
  view: UnitView;
}

/** Kinds that stand above sections: what lies below them is shown beside them, not inside them. */
const TOP_KINDS = new Set(['center', 'district', 'pool']);

export const NOTHING: Figures = Object.freeze({
  depth: 0,
  oldest: null,
  yellow: 0,
  red: 0,
  breach30: 0,
  breach60: 0,
  breach120: 0,
  states: Object.freeze({}),
});

export class QueueModel {
  private nodes = new Map<string, Node>();
  private order: string[] = [];

  /** Whole truth: what is not in `rows` is gone. */
  reset(rows: QueueRow[]): void {
    this.nodes = new Map(rows.map((row) => [row.unit, { row, children: [], parent: null, view: undefined! }]));
    this.order = rows.map((row) => row.unit);
    this.link();
  }

  /** Changed rows, each whole. A unit never seen before joins the tree. */
  apply(rows: QueueRow[]): void {
    let relink = false;
    const dirty = new Set<Node>();
    for (const row of rows) {
      const node = this.nodes.get(row.unit);
      if (node === undefined) {
        this.nodes.set(row.unit, { row, children: [], parent: null, view: undefined! });
        this.order.push(row.unit);
        relink = true;
        continue;
      }
      if (node.row.parent !== row.parent || node.row.kind !== row.kind) relink = true;
      node.row = row;
      for (let n: Node | null = node; n !== null; n = n.parent) dirty.add(n);
    }
    if (relink) return this.link();
    for (const node of [...dirty].sort((a, b) => b.view.level - a.view.level)) this.refresh(node);
  }

  get(code: string): UnitView | undefined {
    return this.nodes.get(code)?.view;
  }

  row(code: string): QueueRow | undefined {
    return this.nodes.get(code)?.row;
  }

  /** The first level of each section, in the order the server gave. */
  tops(section: Section): UnitView[] {
    return this.all().filter((view) => view.level === 0 && view.section === section);
  }

  all(): UnitView[] {
    return this.order.map((code) => this.nodes.get(code)!.view);
  }

  /** Everything below a unit, itself not included. */
  below(code: string): UnitView[] {
    const found: UnitView[] = [];
    const walk = (node: Node) => {
      for (const child of node.children) {
        found.push(child.view);
        walk(child);
      }
    };
    const node = this.nodes.get(code);
    if (node) walk(node);
    return found;
  }

  /** A unit and everything below it by the units' own parents, also across sections: the centre stands above all. */
  under(code: string): Set<string> {
    const found = new Set<string>();
    const has = (unit: string | null): boolean => {
      if (unit === null || !this.nodes.has(unit)) return false;
      if (unit === code || found.has(unit)) return true;
      seen.add(unit);
      const parent = this.nodes.get(unit)!.row.parent;
      return parent !== null && !seen.has(parent) && has(parent);
    };
    let seen = new Set<string>();
    for (const unit of this.order) {
      seen = new Set();
      if (has(unit)) found.add(unit);
    }
    return found;
  }

  /** Sum of these units' own queues. */
  sumOf(units: Iterable<string>): Figures {
    let total = NOTHING;
    for (const unit of units) {
      const node = this.nodes.get(unit);
      if (node !== undefined && node.row.depth > 0) total = add(total, node.view.own);
    }
    return total;
  }

  private link(): void {
    for (const node of this.nodes.values()) {
      node.children = [];
      node.parent = null;
    }
    for (const code of this.order) {
      const node = this.nodes.get(code)!;
      const parent = node.row.parent === null ? undefined : this.nodes.get(node.row.parent);
      if (parent === undefined || TOP_KINDS.has(parent.row.kind) || hangsOn(parent, node)) continue;
      node.parent = parent;
      parent.children.push(node);
    }
    for (const code of this.order) {
      const node = this.nodes.get(code)!;
      if (node.parent === null) this.build(node, sectionOf(node.row.kind), 0, []);
    }
  }

  private build(node: Node, section: Section, level: number, path: Name[]): void {
    const { row } = node;
    node.view = {
      code: row.unit,
      kind: row.kind,
      section,
      level,
      parent: node.parent?.row.unit ?? null,
      path,
      name: row.name,
      children: [],
      own: NOTHING,
      all: NOTHING,
      search: `${row.name.zh} ${row.name.en} ${row.unit}`.toLowerCase(),
    };
    for (const child of node.children) this.build(child, section, level + 1, [...path, row.name]);
    this.refresh(node);
  }

  private refresh(node: Node): void {
    const own = figures(node.row);
    const all = node.children.reduce((sum, child) => add(sum, child.view.all), own);
    node.view = { ...node.view, name: node.row.name, children: node.children.map((c) => c.row.unit), own, all };
  }
}

/** True when `node` is above `parent` already: rows that point at each other must not hang the page. */
function hangsOn(parent: Node, node: Node): boolean {
  for (let n: Node | null = parent; n !== null; n = n.parent) if (n === node) return true;
  return false;
}

function sectionOf(kind: string): Section {
  if (TOP_KINDS.has(kind)) return 'centre';
  if (kind === 'department') return 'departments';
  return kind === 'street' || kind === 'community' || kind === 'grid' || kind === 'building' ? 'streets' : 'others';
}

export function figures(row: QueueRow): Figures {
  return {
    depth: row.depth,
    oldest: row.oldest === null ? null : Date.parse(row.oldest),
    yellow: row.yellow,
    red: row.red,
    breach30: row.breach_30,
    breach60: row.breach_60,
    breach120: row.breach_120,
    states: row.states,
  };
}

function add(a: Figures, b: Figures): Figures {
  if (b.depth === 0) return a;
  const states: Record<string, number> = { ...a.states };
  for (const state in b.states) states[state] = (states[state] ?? 0) + b.states[state]!;
  return {
    depth: a.depth + b.depth,
    oldest: a.oldest === null ? b.oldest : b.oldest === null ? a.oldest : Math.min(a.oldest, b.oldest),
    yellow: a.yellow + b.yellow,
    red: a.red + b.red,
    breach30: a.breach30 + b.breach30,
    breach60: a.breach60 + b.breach60,
    breach120: a.breach120 + b.breach120,
    states,
  };
}

export function sum(views: UnitView[]): Figures {
  return views.reduce((total, view) => add(total, view.all), NOTHING);
}

export function lightOf(f: Figures): Light {
  return f.red > 0 ? 'red' : f.yellow > 0 ? 'yellow' : 'green';
}

/** Stages in the order of the way of a ticket, what waits for a person's decision first. */
const STAGE_ORDER = [
  'TRIAGE',
  'DISPUTED',
  'RECEIVED',
  'INCOMPLETE',
  'OFFERED',
  'HANDLING',
  'CHECK',
  'CALLBACK',
  'SUSPENDED',
];

/** The stages that hold tickets. */
export function stages(f: Figures): { state: string; count: number }[] {
  const place = (state: string) => (STAGE_ORDER.indexOf(state) + 100) % 100;
  return Object.entries(f.states)
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => place(a) - place(b))
    .map(([state, count]) => ({ state, count }));
}

/** Most urgent first; equal ones keep their order. */
export function byUrgency(a: Figures, b: Figures): number {
  return (
    b.red - a.red ||
    b.yellow - a.yellow ||
    b.breach30 - a.breach30 ||
    b.breach60 - a.breach60 ||
    b.breach120 - a.breach120 ||
    b.depth - a.depth
  );
}

/** Versions are decimal strings of any length. */
export function newer(a: string, b: string): boolean {
  return a.length !== b.length ? a.length > b.length : a > b;
}
