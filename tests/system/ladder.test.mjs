// The ladder in the running system, on its test clock: nobody signs, time is moved on, and each rung is there when its moment
// has come and not before; the light turns yellow and red with it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

const MINUTE = 60_000;
let system, hotline, operator;
before(async () => {
  system = await start('ladder');
  hotline = system.token('hotline');
  operator = await system.account('operator');
});
after(() => system?.stop());

const rungs = (ticket) =>
  system.sql(`SELECT at, type FROM event WHERE ticket = ${ticket.slice(1)} AND type IN (${RUNG}, ${SUPERVISED}) ORDER BY seq`);
const RUNG = 50;
const SUPERVISED = 43;

async function row(ticket, unit) {
  const queue = (await operator.get(`/api/v1/queues/${unit}?limit=200`)).body;
  return queue.tickets.find((t) => t.number === ticket);
}

test('urge at 80 %, warning at 100 %, yellow and red card, supervision; never early', async () => {
  const lead = system.departmentOf('020305');
  const pushed = await hotline.post('/api/v1/requests', { source: 'hotline-12345', external_id: 'ladder-1', matter: '020305', title: '无人签收' });
  const ticket = await eventually('the ticket', async () => {
    const followed = (await hotline.get(`/api/v1/requests/${pushed.body.number}`)).body;
    return followed.ticket?.number ?? followed.ticket;
  });
  const offered = await row(ticket, lead);
  assert.equal(offered.light, 'green');
  const now = () => Date.now() + system.clockOffset();
  const moveTo = async (at) => system.advanceClock(Math.max(0, at - now()));

  const yellow = Date.parse(offered.yellow_at);
  const due = Date.parse(offered.due);
  await moveTo(yellow - MINUTE);
  assert.deepEqual(rungs(ticket), [], 'nothing before 80 %');
  await moveTo(yellow + 1);
  await eventually('the urge', () => rungs(ticket).length === 1);
  assert.equal((await eventually('yellow', async () => { const r = await row(ticket, lead); return r.light === 'yellow' && r; })).state, 'OFFERED');
  await moveTo(due + 1);
  await eventually('the warning', () => rungs(ticket).length === 2);
  await eventually('red', async () => (await row(ticket, lead)).light === 'red');
  await moveTo(due + 5 * 24 * 60 * MINUTE);
  await eventually('both cards and the supervision', () => rungs(ticket).filter(([, type]) => type === String(SUPERVISED)).length === 1);
  const fired = rungs(ticket).filter(([, type]) => type === String(RUNG)).map(([at]) => Number(at));
  assert.ok(fired.length >= 4);
  assert.ok(fired[0] >= yellow && fired[0] < yellow + 2_000, 'the urge within two seconds of 80 %');
  assert.ok(fired[1] >= due && fired[1] < due + 2_000, 'the warning within two seconds of 100 %');
  assert.deepEqual([...fired], [...fired].sort((a, b) => a - b), 'in order');
  const totals = await eventually('the totals', async () => {
    system.sessions.clear(); // five days later nobody is signed in any more
    operator = await system.account('operator');
    return (await operator.get('/api/v1/queues')).body.totals;
  });
  assert.equal(totals.received, totals.closed + totals.in_progress);
  assert.equal(totals.supervised, 1);
  await cards(ticket, lead);
});

/** Appealed by its unit, also when the ticket has gone to another; withdrawn once; the refusal names those that stand. */
async function cards(ticket, lead) {
  const path = `/api/v1/tickets/${ticket}`;
  const department = await system.account(`department-${lead}`);
  const supervisor = await system.account('supervisor');
  const detail = await operator.get(path);
  assert.equal(detail.status, 200, JSON.stringify(detail.body));
  const given = detail.body.cards.filter((card) => card.unit.code === lead && card.stage.code === 'sign');
  assert.deepEqual(given.map((card) => card.rung.code), ['warning', 'yellow_card', 'red_card']);
  const yellow = given[1].no;
  const another = system.anotherDepartment(lead);
  assert.equal((await operator.post(`${path}/dispatch`, { unit: another, reason: '原单位未签收' })).status, 200);
  const stranger = await system.account(`department-${another}`);
  const theirs = await stranger.post(`${path}/appeal_card`, { card: yellow, reason: '不是我局的牌' });
  assert.equal(theirs.status, 403);
  const unsaid = await department.post(`${path}/appeal_card`, { reason: '当日停电' });
  assert.equal(unsaid.body.errors[0].pointer, '/card');
  assert.equal((await department.post(`${path}/appeal_card`, { card: yellow, reason: '当日停电' })).status, 200);
  const withdrawn = await supervisor.post(`${path}/withdraw_card`, { reason: '停电属实' });
  assert.equal(withdrawn.status, 200, JSON.stringify(withdrawn.body));
  const again = await supervisor.post(`${path}/withdraw_card`, { card: yellow, reason: '再撤一次' });
  assert.equal(again.status, 409);
  assert.equal(again.body.verdict, 'CARD_WITHDRAWN');
  assert.match(again.body.detail, /红牌/);
  assert.doesNotMatch(again.body.detail, /黄牌（[^）]*签收/);
  const seen = (await department.get(path)).body;
  assert.equal(seen.cards.find((card) => card.no === yellow).withdrawn, true);
}
