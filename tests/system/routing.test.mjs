// Where a request goes when only part of its place is known, and the one sentence that says why.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

let system, hotline, operator;
before(async () => {
  system = await start('routing');
  hotline = system.token('hotline');
  operator = await system.account('operator');
});
after(() => system?.stop());

let pushed = 0;
async function route(matter, location) {
  const request = { source: 'hotline-12345', external_id: `route-${++pushed}`, title: '测试', matter, location };
  const accepted = await hotline.post('/api/v1/requests', request);
  assert.equal(accepted.status, 201, accepted.text);
  const ticket = await eventually('the request has its ticket', async () => {
    const followed = (await hotline.get(`/api/v1/requests/${accepted.body.number}`)).body;
    return followed.ticket?.number ?? followed.ticket;
  });
  const shown = (await operator.get(`/api/v1/tickets/${ticket}`)).body;
  const why = (await operator.get(`/api/v1/tickets/${ticket}/explain`)).body.route;
  const said = system.paidan(['explain', ticket, '--lang', 'zh'], 'operator');
  assert.equal(said.code, 0, said.err);
  assert.ok(said.out.includes(why.zh), 'the command line says the same sentence');
  return { state: shown.state, owner: shown.owner?.code ?? shown.owner, why };
}

test('a point inside a dedicated grid: the dedicated grid wins over the basic one', async () => {
  const [grid, point] = system.pointInDedicatedGrid();
  const to = await route(system.matterStartingAt('grid'), { lon: point[0], lat: point[1] });
  assert.equal(to.owner, grid);
  assert.match(to.why.zh, /专属网格/);
  assert.match(to.why.en, /dedicated grid/);
});

test('only a grid: the matter\'s starting level in that grid\'s chain', async () => {
  assert.equal((await route(system.matterStartingAt('grid'), { grid: 'g10603' })).owner, 'g10603');
  assert.equal((await route(system.matterStartingAt('street'), { grid: 'g10603' })).owner, 's1');
});

test('only an address: the longest place name in it', async () => {
  const [pattern, unit] = system.placeName('grid');
  const to = await route(system.matterStartingAt('grid'), { address: `${pattern}3号楼2单元` });
  assert.equal(to.owner, unit);
  assert.match(to.why.zh, /地址|网格/);
});

test('nothing at all: triage, with the reason', async () => {
  const to = await route(undefined, undefined);
  assert.equal(to.state, 'TRIAGE');
  assert.equal(to.owner, 'center');
  assert.match(to.why.zh, /未给出事项/);
  assert.match(to.why.en, /no matter/i);
});

test('a matter that goes directly to its department needs no place', async () => {
  const to = await route('020305', undefined);
  assert.equal(to.owner, system.departmentOf('020305'));
});

test('a point outside the district, an address nobody knows, a matter not in the catalogue: triage says which', async () => {
  const matter = system.matterStartingAt('grid');
  assert.match((await route(matter, { lon: 100, lat: 20 })).why.en, /outside/i);
  assert.match((await route(matter, { address: '火星基地一号' })).why.en, /address/i);
  const unknown = await route('999999', { grid: 'g10603' });
  assert.equal(unknown.state, 'TRIAGE');
  assert.match(unknown.why.en, /catalogue/i);
});
