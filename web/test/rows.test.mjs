// Which rows stand on the screen for a search, a filter and what is unfolded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { QueueModel } = await load('store/model.ts');
const { sectionRows } = await load('store/rows.ts');

const row = (unit, kind, parent, zh, depth = 0, red = 0) => ({
  unit,
  kind,
  parent,
  name: { zh, en: unit },
  states: depth > 0 ? { OFFERED: depth } : {},
  depth,
  oldest: null,
  yellow: 0,
  red,
  breach_30: 0,
  breach_60: 0,
  breach_120: 0,
});
const model = new QueueModel();
model.reset([
  row('center', 'center', null, '指挥中心', 2),
  row('duty', 'pool', 'center', '值班席'),
  row('d1', 'district', 'center', '区'),
  row('s1', 'street', 'd1', '汀桥街道', 1),
  row('c1', 'community', 's1', '米市社区', 3),
  row('g1', 'grid', 'c1', '米市第一网格', 1, 1),
  row('s2', 'street', 'd1', '望槐街道'),
  row('water', 'department', 'd1', '水务局', 4),
]);
const ids = (options) =>
  sectionRows(model, {
    query: '',
    onlyNonempty: false,
    filter: 'all',
    urgentFirst: false,
    unfolded: new Set(),
    ...options,
  }).flatMap((g) => g.rows.map((r) => r.id));

test('folded: one line a street; empty pools and districts stay out of the way', () => {
  assert.deepEqual(ids({}), ['center', 's1', 's2', 'water']);
});

test('unfolded: the level itself first, so that the sum can be read', () => {
  assert.deepEqual(ids({ unfolded: new Set(['s1', 'c1']) }), [
    'center',
    's1',
    's1:own',
    'c1',
    'c1:own',
    'g1',
    's2',
    'water',
  ]);
});

test('search shows the found unit and the way to it', () => {
  assert.deepEqual(ids({ query: '第一网格' }), ['s1', 'c1', 'g1']);
  assert.deepEqual(ids({ query: 'WATER' }), ['water']);
  assert.deepEqual(ids({ query: '没有' }), []);
});

test('filters look at the whole subtree', () => {
  assert.deepEqual(ids({ filter: 'red' }), ['s1']);
  assert.deepEqual(ids({ onlyNonempty: true }), ['center', 's1', 'water']);
});

test('most urgent first moves rows within their section only', () => {
  assert.deepEqual(ids({ urgentFirst: true }), ['center', 's1', 's2', 'water']);
});
