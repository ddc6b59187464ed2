// /api/openapi.json is the truth about the API: it is valid OpenAPI 3.1, and what the running system answers is what it says: the
// status is one of those named, the body fits its schema. Each reading operation is asked once as the operator and once as
// somebody who may; each command is tried. Figures and audit, which have no screen yet, are looked at more closely.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

const require = createRequire(import.meta.url);
const Ajv = require('ajv/dist/2020.js').default;
const formats = require('ajv-formats').default;

const ACCOUNT_OF = { operator: 'operator', supervisor: 'supervisor', admin_system: 'admin-system', admin_security: 'admin-security', admin_audit: 'admin-audit' };
let system, operator, hotline, department, lead, document, ajv;
let request, closed, open;

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
  ({ number: request, ticket: closed } = await push('openapi-1'));
  ({ ticket: open } = await push('openapi-2'));
  await act(department, closed, 'sign');
  await act(department, closed, 'contact', { note: '已电话联系' });
  await act(department, closed, 'finish', { answer: '路灯已更换。' });
  const checking = (await operator.get(`/api/v1/tickets/${closed}`)).body;
  await act(await system.accountOfUnit(checking.owner.code), closed, 'pass');
  await act(operator, closed, 'solved', { satisfied: true });
  const made = await (await system.account('admin-system')).post('/api/v1/rules', { name: '路灯', keywords: '路灯', target: lead });
  assert.equal(made.status, 200, made.text);
  document = (await system.nobody().get('/api/openapi.json')).body;
  ajv = new Ajv({ strict: false, allErrors: true });
  formats(ajv);
  ajv.addSchema(document, 'doc');
});
after(() => system?.stop());

/* ---- what is said and what is answered ---- */

const resolve = (part) => (part?.$ref ? part.$ref.slice(2).split('/').reduce((at, key) => at[key], document) : part);

function fits(operation, answer, what) {
  const said = resolve(operation.responses[answer.status]);
  assert.ok(said, `${what}: ${answer.status} is not among ${Object.keys(operation.responses)}: ${answer.text.slice(0, 300)}`);
  const type = (answer.headers.get('content-type') ?? '').split(';')[0];
  if (!said.content) return assert.equal(answer.text, '', what);
  assert.ok(said.content[type], `${what}: ${type} is not among ${Object.keys(said.content)}`);
  const schema = said.content[type].schema;
  if (!schema?.$ref) return;
  const validate = ajv.getSchema(`doc${schema.$ref}`) ?? ajv.compile({ $ref: `doc${schema.$ref}` });
  assert.ok(validate(answer.body), `${what}: ${ajv.errorsText(validate.errors)}\n${answer.text.slice(0, 1500)}`);
}

function pathOf(pattern) {
  const values = { number: pattern.includes('/requests/') ? request : closed, unit: lead, user: 'operator', name: 'hotline', id: '1', rule: '1', service: 'console',
    service_code: '020305.json', service_request_id: `${request}.xml`, token: 'none.json' };
  const queries = { '/api/v1/requests': '?source=hotline-12345&external_id=openapi-1', '/api/v1/reconciliation': '?source=hotline-12345&date=2026-11-22',
    '/api/v1/reconciliation/requests': '?source=hotline-12345&date=2026-11-22', '/api/v1/figures/explain': '?rate=solved' };
  return pattern.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? assert.fail(`no value for ${name} of ${pattern}`)) + (queries[pattern] ?? '');
}

// An account that may, by the document itself.
async function entitled(operation) {
  const role = Object.keys(operation['x-roles'] ?? { operator: 'all' }).find((r) => ACCOUNT_OF[r]);
  return role ? system.account(ACCOUNT_OF[role]) : null;
}

const operations = (method) => Object.entries(document.paths).filter(([, path]) => path[method]).map(([pattern, path]) => [pattern, path[method]]);

/* ---- tests ---- */

test('the document is valid OpenAPI 3.1', async () => {
  const found = await new Validator().validate(structuredClone(document));
  assert.ok(found.valid, JSON.stringify(found.errors, null, 1)?.slice(0, 3000));
  assert.match(document.openapi, /^3\.1\./);
});

test('every reading operation answers as described, to the operator and to somebody who may', async () => {
  let asked = 0;
  for (const [pattern, operation] of operations('get')) {
    if (pattern === '/api/v1/stream') continue;
    fits(operation, await operator.get(pathOf(pattern)), `operator GET ${pattern}`);
    const who = await entitled(operation);
    if (!who) continue;
    const answer = await who.get(pathOf(pattern));
    assert.ok([200, 404].includes(answer.status), `GET ${pattern}: ${answer.status} ${answer.text.slice(0, 300)}`);
    fits(operation, answer, `GET ${pattern}`);
    asked++;
  }
  system.note('reading operations', asked, 'asked');
  assert.ok(asked >= 25);
});

test('who is nobody gets 401 from all that is not open', async () => {
  for (const [pattern, operation] of operations('get')) {
    if (operation.security?.length === 0) continue;
    const answer = await system.nobody().get(pathOf(pattern));
    assert.equal(answer.status, 401, `GET ${pattern}`);
    fits(operation, answer, `GET ${pattern}`);
  }
});

test('the stream is one', async () => {
  const stop = new AbortController();
  const answer = await fetch(`${system.url}/api/v1/stream`, { headers: operator.headers('GET'), signal: stop.signal });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type').split(';')[0], 'text/event-stream');
  stop.abort();
});

test('every command is there and answers as described', async () => {
  const commands = operations('post').filter(([pattern]) => pattern.startsWith('/api/v1/tickets/{number}/'));
  assert.ok(commands.length > 40, `${commands.length} commands`);
  for (const [pattern, operation] of commands) {
    if (/\/(void|decline|transfer|merge|close)$/.test(pattern)) continue; // it would be the end of the story
    const answer = await operator.post(pattern.replace('{number}', open), {});
    fits(operation, answer, `POST ${pattern}`);
    const unknown = await operator.post(pattern.replace('{number}', open), { nonsense: 1 });
    assert.ok([400, 403].includes(unknown.status), `${pattern}: a field that is not described is refused, not ${unknown.status}`);
  }
});

test('unknown parameters are refused wherever they are not described', async () => {
  for (const [pattern, operation] of operations('get').filter(([p]) => p.startsWith('/api/v1/'))) {
    const who = await entitled(operation);
    const path = pathOf(pattern);
    const answer = await (who ?? operator).get(`${path}${path.includes('?') ? '&' : '?'}nonsense=1`);
    assert.ok([400, 403].includes(answer.status), `GET ${pattern}?nonsense=1: ${answer.status}`);
  }
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
