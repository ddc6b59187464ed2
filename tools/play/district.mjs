// What the simulated staff know: the units, the catalogue, their own habits, and what people write. Read from db/demo.
import fs from 'node:fs';
import path from 'node:path';

import { parseCsv } from './csv.mjs';
import { root } from './house.mjs';

const table = (name) => parseCsv(fs.readFileSync(path.join(root, 'db/demo', name), 'utf8'));

export class District {
  constructor() {
    this.units = new Map(table('units.csv').map((u) => [u.code, u]));
    this.matters = new Map(table('matters.csv').map((m) => [m.code, m]));
    this.people = table('people.csv').filter((p) => p.unit && !p.role.startsWith('admin'));
    this.returns = table('returns.csv');
    this.answers = new Map();
    for (const row of table('answers.csv')) this.answers.set(row.matter, [...(this.answers.get(row.matter) ?? []), row]);
    this.habitRows = new Map(table('staff.csv').map((row) => [row.unit, Object.fromEntries(Object.entries(row).slice(1).map(([k, v]) => [k, Number(v)]))]));
    this.staffed = new Map();
    for (const person of this.people) if (person.role !== 'supervisor' && !this.staffed.has(person.unit)) this.staffed.set(person.unit, person);
  }

  habits(code) {
    return this.habitRows.get(code) ?? this.habitRows.get(`*${this.units.get(code)?.kind}`) ?? this.habitRows.get('*department');
  }

  // Who acts for the unit: its own people, or those of the nearest unit above that has some.
  actorOf(code) {
    for (let unit = code; unit; unit = this.units.get(unit)?.parent) if (this.staffed.has(unit)) return unit;
    return 'center';
  }

  answerFor(matter, unit, random) {
    const rows = [6, 4, 2].map((n) => this.answers.get((matter ?? '').slice(0, n))).find(Boolean) ?? [...this.answers.values()][0];
    const row = random.pick(rows);
    const name = this.matters.get(matter)?.name_zh ?? '所反映问题';
    const fill = (text) => text.replaceAll('{unit}', this.units.get(unit)?.name_zh ?? '我单位').replaceAll('{matter}', name);
    return { answer: fill(row.answer), note: fill(row.result) };
  }

  // An operator reading a message nobody sorted: the matter whose words it shares most.
  guessMatter(text) {
    if (!this.terms) this.learn();
    const score = new Map();
    for (const pair of pairsOf(text)) for (const [matter, weight] of this.terms.get(pair) ?? []) score.set(matter, (score.get(matter) ?? 0) + weight);
    let best = null;
    for (const [matter, value] of score) if (!best || value > best[1]) best = [matter, value];
    return best && best[1] >= 0.6 ? best[0] : null;
  }

  // A pair of characters speaks for a matter when few others use it, and more so when it stands in the matter's own name.
  learn() {
    this.terms = new Map();
    const hear = (code, text, weight) => {
      for (const pair of pairsOf(text)) {
        if (!this.terms.has(pair)) this.terms.set(pair, new Map());
        const matters = this.terms.get(pair);
        matters.set(code, Math.max(matters.get(code) ?? 0, weight));
      }
    };
    for (const [code, m] of this.matters) hear(code, `${m.name_zh_2} ${m.name_zh}`, 3);
    for (const row of table('day.csv')) if (row.matter) hear(row.matter, row.title, 1);
    for (const matters of this.terms.values()) for (const [code, weight] of matters) matters.set(code, weight / matters.size);
  }
}

function pairsOf(text) {
  const pairs = new Set();
  for (const run of text.match(/[\u4e00-\u9fff]{2,}/g) ?? []) for (let i = 0; i + 2 <= run.length; i++) pairs.add(run.slice(i, i + 2));
  return pairs;
}
