// The unit tree: subtree sums after any order of changes equal a sum made from scratch; views change only when they must.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { QueueModel, newer, sum, stages, byUrgency } = await load('store/model.ts');

const row = (unit, kind, parent, depth = 0, more = {}) => ({
  unit,
  kind,
  parent,
  name: { zh: `名${unit}`, en: unit },
  states: depth > 0 ? { OFFERED: depth } : {},
  depth,
  oldest: depth > 0 ? '2026-11-21T08:00:00+08:00' : null,
  yellow: 0,
  red: 0,
  breach_30: 0,
  breach_60: 0,
  breach_120: 0,
  ...more,
});
const tree = () => [
  row('center', 'center', null, 4),
  row('d1', 'district', 'center'),
  row('s1', 'street', 'd1', 1),
  row('c1', 'community', 's1', 2),
  row('g1', 'grid', 'c1', 3, { red: 1 }),
  row('g2', 'grid', 'c1'),
  row('s2', 'street', 'd1', 5),
  row('water', 'department', 'd1', 7),
];

test('a street carries its communities and grids, the centre and the district carry nobody', () => {
  const model = new QueueModel();
  model.reset(tree());
  assert.equal(model.get('s1').all.depth, 6);
  assert.equal(model.get('s1').own.depth, 1);
  assert.equal(model.get('s1').all.red, 1);
  assert.equal(model.get('center').all.depth, 4);
  assert.deepEqual(
    model.tops('streets').map((v) => v.code),
    ['s1', 's2'],
  );
  assert.deepEqual(
    model.tops('departments').map((v) => v.code),
    ['water'],
  );
  assert.deepEqual(
    model.get('g1').path.map((n) => n.en),
    ['s1', 'c1'],
  );
  assert.equal(sum(model.all().filter((v) => v.level === 0)).depth, 22);
});

test('a changed row changes its ancestors and nobody else', () => {
  const model = new QueueModel();
  model.reset(tree());
  const before = Object.fromEntries(model.all().map((v) => [v.code, v]));
  model.apply([row('g2', 'grid', 'c1', 9, { oldest: '2026-11-20T08:00:00+08:00' })]);
  const changed = model
    .all()
    .filter((v) => v !== before[v.code])
    .map((v) => v.code);
  assert.deepEqual(changed.sort(), ['c1', 'g2', 's1']);
  assert.equal(model.get('s1').all.depth, 15);
  assert.equal(model.get('s1').all.oldest, Date.parse('2026-11-20T08:00:00+08:00'));
});

test('any order of changes gives what a fresh snapshot gives', () => {
  let seed = 5;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const rows = new Map(tree().map((r) => [r.unit, r]));
  const model = new QueueModel();
  model.reset([...rows.values()]);
  for (let i = 0; i < 500; i++) {
    const codes = [...rows.keys()];
    const changes = Array.from({ length: 1 + random(4) }, () => {
      const old = rows.get(codes[random(codes.length)]);
      return { ...row(old.unit, old.kind, old.parent, random(9)), yellow: random(3), red: random(2) };
    });
    for (const change of changes) rows.set(change.unit, change);
    model.apply(changes);
    const fresh = new QueueModel();
    fresh.reset([...rows.values()]);
    assert.deepEqual(model.all(), fresh.all());
  }
});

test('a new unit joins the tree; units that point at each other do not hang it', () => {
  const model = new QueueModel();
  model.reset(tree());
  model.apply([row('g3', 'grid', 'c1', 2)]);
  assert.equal(model.get('s1').all.depth, 8);
  model.reset([row('a', 'community', 'b', 1), row('b', 'community', 'a', 2)]);
  assert.equal(model.all().length, 2);
});

test('versions are compared as numbers of any length', () => {
  assert.ok(newer('10', '9'));
  assert.ok(!newer('9', '10'));
  assert.ok(newer('90071992547409931', '90071992547409930'));
  assert.ok(!newer('7', '7'));
});

test('stages in the order of the way of a ticket, unknown ones last', () => {
  const states = { SUSPENDED: 1, HANDLING: 2, DISPUTED: 3, WONDER: 4, TRIAGE: 5, CHECK: 0 };
  assert.deepEqual(
    stages({ states }).map((s) => s.state),
    ['TRIAGE', 'DISPUTED', 'HANDLING', 'SUSPENDED', 'WONDER'],
  );
});

test('most urgent first: one red outweighs many yellow', () => {
  const f = (more) => ({ red: 0, yellow: 0, breach30: 0, breach60: 0, breach120: 0, depth: 0, ...more });
  assert.ok(byUrgency(f({ red: 1 }), f({ yellow: 9, depth: 90 })) < 0);
});
