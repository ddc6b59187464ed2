// Each service is killed (SIGKILL) in turn while requests are pushed and units act, and Redis is flushed. Afterwards no
// acknowledged request is missing, none is there twice, every one has its ticket, and the live queues equal the database. The
// journal is written before each attempt and after each answer, so that "unknown" is told apart from "refused".
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

const KILLED = ['router', 'intake', 'escalation', 'notification', 'console', 'router'];

let system, hotline, operator;
const journal = new Map(); // external id -> { attempts, acknowledged: number | null }
before(async () => {
  system = await start('chaos');
  hotline = system.token('hotline');
  operator = await system.account('operator');
});
after(() => system?.stop());

// As the hotline does it: the same id again until there is an answer that settles it.
async function push(id, request) {
  const entry = { attempts: 0, acknowledged: null };
  journal.set(id, entry);
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    entry.attempts++;
    try {
      const answer = await hotline.post('/api/v1/requests', { ...request, external_id: id }, {}, 3_000);
      if (answer.status === 201 || answer.status === 200) {
        entry.acknowledged = answer.body.number;
        return;
      }
      assert.ok([502, 503, 504].includes(answer.status), `${answer.status} ${answer.text}`);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${id} was never answered`);
}

async function signSome(department, unit) {
  const queue = await department.get(`/api/v1/queues/${unit}?state=OFFERED&limit=5`).catch(() => null);
  for (const row of queue?.body?.tickets ?? []) await department.post(`/api/v1/tickets/${row.number}/sign`, {}).catch(() => null);
}

test('kill -9 of each service in turn, and a flushed Redis, lose nothing and double nothing', async () => {
  const day = system.sampleDay().slice(0, 360);
  const lead = system.departmentOf('020305');
  const department = await system.account(`department-${lead}`);
  let next = 0;
  const pushers = Array.from({ length: 4 }, async () => {
    while (next < day.length) {
      const at = next++;
      await push(`chaos-${at}`, day[at]);
    }
  });
  const each = Math.floor(day.length / (KILLED.length + 2));
  for (const [turn, service] of KILLED.entries()) {
    await eventually('requests go on', () => next > (turn + 1) * each, 40);
    await signSome(department, lead);
    const dead = system.kill(service);
    await eventually(`${service} runs again`, () => system.isReady(service) && system.pid(service) !== dead, 20);
  }
  system.redis('FLUSHALL');
  await Promise.all(pushers);

  const acknowledged = [...journal].map(([id, entry]) => [id, entry.acknowledged]);
  assert.equal(acknowledged.length, day.length);
  const stored = new Map(system.sql("SELECT external_id, 'R' || id FROM request WHERE external_id LIKE 'chaos-%'"));
  assert.deepEqual(acknowledged.filter(([id, number]) => stored.get(id) !== number), [], 'acknowledged and stored under that number');
  assert.equal(stored.size, day.length, 'none is there twice, none unexpected');

  await eventually('every request has its ticket', () =>
    system.sql("SELECT count(*) FROM request r LEFT JOIN ticket_request t ON t.request = r.id WHERE t.ticket IS NULL")[0][0] === '0');
  const tickets = system.sql('SELECT count(*), count(DISTINCT ticket) FROM ticket_request')[0];
  assert.equal(tickets[0], tickets[1], 'one ticket a request');
  await sameAsDatabase();
});

async function sameAsDatabase() {
  const units = new Map(system.sql('SELECT id, code FROM unit'));
  const states = system.words('state');
  await eventually('the live queues equal the database', async () => {
    const live = await operator.get('/api/v1/queues');
    if (live.body.degraded) return false;
    const expected = {};
    for (const [owner, state, count] of system.sql('SELECT owner, state, count(*) FROM ticket WHERE open GROUP BY 1, 2'))
      expected[`${units.get(owner)} ${states[state]}`] = Number(count);
    const seen = {};
    for (const row of live.body.units)
      for (const [state, count] of Object.entries(row.states)) if (count) seen[`${row.unit} ${state}`] = count;
    assert.deepEqual(seen, expected);
    return true;
  }, 20);
}

test('the history replays to the very rows, and the chain holds', () => {
  const verified = system.paidan(['verify']);
  assert.equal(verified.code, 0, verified.out + verified.err);
});
