// /api/openapi.json is valid OpenAPI 3.1 by the ecosystem's own validator; that answers are what it says is contract.test.mjs. Figures and
// audit are looked at more closely here.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

let system, operator, hotline, department, lead, request;

async function push(id) {
  const body = { source: 'hotline-12345', external_id: id, matter: '020305', title: `路灯不亮 ${id}`, requester: { phone: '19900001234' },
    location: { lon: 123.76, lat: 41.33 } };
  const answer = await hotline.post('/api/v1/requests', body);
  assert.equal(answer.status, 201, answer.text);
  const ticket = await eventually('its ticket', async () => (await operator.get(`/api/v1/requests/${answer.body.number}`)).body.ticket?.number);
  return { number: answer.body.number, ticket };
}

async function act(who, ticket, command, body = {}) {
  const answer = await who.post(`/api/v1/tickets/${ticket}/${command}`, body);
  assert.equal(answer.status, 200, `${command}: ${answer.text}`);
}

before(async () => {
  system = await start('openapi');
  [operator, hotline] = [await system.account('operator'), system.token('hotline')];
  lead = system.departmentOf('020305');
  department = await system.account(`department-${lead}`);
  const { number, ticket: closed } = await push('openapi-1');
  request = number;
  await push('openapi-2');
  await act(department, closed, 'sign');
  await act(department, closed, 'contact', { note: '已电话联系' });
  await act(department, closed, 'finish', { answer: '路灯已更换。' });
  const checking = (await operator.get(`/api/v1/tickets/${closed}`)).body;
  await act(await system.accountOfUnit(checking.owner.code), closed, 'pass');
  await act(operator, closed, 'solved', { satisfied: true });
});
after(() => system?.stop());

test('the document is valid OpenAPI 3.1', async () => {
  const document = (await system.nobody().get('/api/openapi.json')).body;
  const found = await new Validator().validate(structuredClone(document));
  assert.ok(found.valid, JSON.stringify(found.errors, null, 1)?.slice(0, 3000));
  assert.match(document.openapi, /^3\.1\./);
});

test('the stream is one', async () => {
  const stop = new AbortController();
  const answer = await fetch(`${system.url}/api/v1/stream`, { headers: operator.headers('GET'), signal: stop.signal });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type').split(';')[0], 'text/event-stream');
  stop.abort();
});

describe('figures', () => {
  test('hold their identity and agree with the live queues', async () => {
    const figures = (await operator.get('/api/v1/figures')).body;
    const { carried_over, received, closed: done, left, in_progress, supervised } = figures.counters;
    assert.ok(figures.identity.holds);
    assert.equal(carried_over + received, done + left + in_progress);
    assert.equal(figures.unread, 0);
    const { totals } = (await operator.get('/api/v1/queues')).body;
    assert.deepEqual({ received: carried_over + received, closed: done, in_progress, supervised }, totals);
  });

  test('of a department count what it was given, signed and solved, with numerator, denominator and formula', async () => {
    const figures = (await department.get('/api/v1/figures')).body;
    const rate = (code) => figures.rates.find((r) => r.code === code);
    assert.equal(figures.unit.code, lead);
    assert.equal(figures.counters.received, 2);
    assert.equal(figures.counters.closed, 1);
    assert.deepEqual([rate('sign_on_time').numerator, rate('sign_on_time').denominator, rate('sign_on_time').value], [1, 1, 100]);
    assert.equal(rate('satisfied').value, 100);
    assert.equal(rate('arrived_on_time').value, null);
    for (const r of figures.rates) assert.ok(r.formula.zh && r.formula.en);
  });

  test('refuse bad dates, other units and a period that ends before it begins', async () => {
    const status = async (who, query) => (await who.get(`/api/v1/figures?${query}`)).status;
    assert.equal(await status(operator, 'from=2026-13-01'), 400);
    assert.equal(await status(operator, 'from=2026-11-02&to=2026-11-01'), 400);
    assert.equal(await status(operator, 'unit=no-such-unit'), 400);
    assert.equal(await status(department, `unit=${system.anotherDepartment(lead)}`), 404);
    assert.equal((await operator.get(`/api/v1/figures?unit=${lead}&from=2026-01-01`)).body.counters.received, 2);
  });

  test('of a period before anything happened are all zero', async () => {
    const figures = (await operator.get('/api/v1/figures?from=2020-01-01&to=2020-02-01')).body;
    assert.deepEqual(Object.values(figures.counters), [0, 0, 0, 0, 0, 0]);
  });

  test('are counted one at a time for each principal', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => operator.get('/api/v1/figures')));
    for (const a of answers) assert.ok([200, 429].includes(a.status), a.text);
    assert.ok(answers.some((a) => a.status === 200));
    for (const a of answers.filter((x) => x.status === 429)) assert.ok(a.headers.get('retry-after'));
  });
});

describe('the audit log', () => {
  test('shows the audit administrator who did what, newest first, page by page', async () => {
    const auditor = await system.account('admin-audit');
    const first = (await auditor.get('/api/v1/audit?limit=2')).body;
    assert.equal(first.rows.length, 2);
    const next = (await auditor.get(`/api/v1/audit?limit=2&cursor=${first.next_cursor}`)).body;
    assert.ok(Number(next.rows[0].id) === Number(first.rows[1].id) - 1, 'no row is skipped');
    const logins = (await auditor.get('/api/v1/audit?action=login&user=operator')).body.rows;
    assert.ok(logins.length >= 1 && logins.every((r) => r.action === 'login' && r.user === 'operator' && r.outcome === 'ok'));
    assert.equal((await hotline.post(`/api/v1/requests/${request}/unmask`, { reason: '回访' })).status, 403);
    await eventually('the refusal names what it was about', async () => (await auditor.get(`/api/v1/audit?object=${request}&user=hotline`)).body.rows[0]?.outcome === 'role');
    assert.equal((await auditor.get('/api/v1/audit?user=nobody-of-that-name')).body.rows.length, 0);
    assert.equal((await auditor.get('/api/v1/audit?to=2020-01-01')).body.rows.length, 0);
  });

  test('is nobody else\'s, and the refusal stands in it', async () => {
    assert.equal((await operator.get('/api/v1/audit')).status, 403);
    const auditor = await system.account('admin-audit');
    await eventually('the refusal is audited', async () => {
      const rows = (await auditor.get('/api/v1/audit?user=operator&action=audit_read')).body.rows;
      return rows.some((r) => r.outcome === 'role');
    });
  });
});
