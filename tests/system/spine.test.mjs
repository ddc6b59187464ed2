// The main job, as its users meet it, against the real system: a request is pushed by the hotline, stands in the right queue at
// once, is signed, handled, checked and called back by the units' own accounts, and both sides are told by signed webhooks.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';
import { webhookReceiver } from './lib/webhooks.mjs';

const EXAMPLE = {
  source: 'hotline-12345',
  external_id: '2026-000123',
  channel: 'phone',
  matter: '020305',
  title: '路灯不亮',
  description: '小区东门外的路灯三天没亮了',
  occurred_at: '2026-11-21T09:30:00+08:00',
  urgency: 'normal',
  location: { lon: 123.76, lat: 41.33, address: '', grid: null },
  requester: { name: '测试', phone: '19900001234', confidential: false },
};

let system, hotline, operator, department, forDepartment, forHotline, lead;

before(async () => {
  system = await start('spine');
  hotline = system.token('hotline');
  operator = await system.account('operator');
  lead = system.departmentOf('020305');
  department = await system.account(`department-${lead}`);
  forDepartment = await webhookReceiver();
  forHotline = await webhookReceiver();
  const security = await system.account('admin-security');
  const admin = await system.account('admin-system');
  await system.approveLoopback(security, admin);
  forDepartment.secret = await system.addEndpoint(admin, { name: 'department', url: forDepartment.url, unit: lead });
  forHotline.secret = await system.addEndpoint(admin, { name: 'hotline', url: forHotline.url, source: 'hotline-12345' });
});
after(async () => {
  await forDepartment?.close();
  await forHotline?.close();
  await system?.stop();
});

describe('a request', () => {
  let number, ticket;

  test('is accepted once: 201 with a number, the same body again 200 and the same answer, another body 409', async () => {
    const first = await hotline.post('/api/v1/requests', EXAMPLE);
    assert.equal(first.status, 201, first.text);
    number = first.body.number;
    assert.match(number, /^R20\d{15}$/);
    const again = await hotline.post('/api/v1/requests', EXAMPLE);
    assert.equal(again.status, 200);
    assert.equal(again.text, first.text);
    const other = await hotline.post('/api/v1/requests', { ...EXAMPLE, title: '路灯亮了' });
    assert.equal(other.status, 409);
    assert.match(other.headers.get('content-type'), /application\/problem\+json/);
    assert.ok(other.text.includes(number), 'the conflict names the number it was accepted under');
  });

  test('is not lost for a phone number, a file name or a hash that is none', async () => {
    const push = { ...EXAMPLE, external_id: 'as-they-said-it', requester: { name: '...', phone: '...' }, attachments: [{ url: '...', sha256: '...' }] };
    const first = await hotline.post('/api/v1/requests', push);
    assert.equal(first.status, 201, first.text);
    assert.equal((await hotline.post('/api/v1/requests', push)).text, first.text);
    const shown = (await hotline.get(`/api/v1/requests/${first.body.number}`)).body;
    assert.equal(shown.requester.phone, '****');
    assert.deepEqual(shown.attachments, push.attachments);
  });

  test('stands in the right queue with owner, deadline and next action', async () => {
    const push = { ...EXAMPLE, external_id: '2026-000124' };
    const began = performance.now();
    const answer = await hotline.post('/api/v1/requests', push);
    assert.equal(answer.status, 201);
    const row = await eventually('the ticket is in the queue', async () => {
      const queue = await operator.get(`/api/v1/queues/${lead}?limit=200`);
      return queue.body.tickets?.find((t) => t.title === push.title && t.state === 'OFFERED' && t.number !== ticket);
    });
    system.note('push to queue', performance.now() - began, 'ms');
    assert.equal(row.owner.code, lead);
    assert.equal(row.next_action.code, 'sign');
    assert.equal(row.light, 'green');
    assert.ok(Date.parse(row.due) > Date.now());
    assert.equal(row.matter.code, '020305');
  });

  test('can be followed by number and by its own id, and shows no phone number in full', async () => {
    const byNumber = await hotline.get(`/api/v1/requests/${number}`);
    assert.equal(byNumber.status, 200, byNumber.text);
    ticket = byNumber.body.ticket?.number ?? byNumber.body.ticket;
    assert.match(ticket, /^T20\d{15}$/);
    const byOwnId = await hotline.get('/api/v1/requests?source=hotline-12345&external_id=2026-000123');
    assert.equal(byOwnId.status, 200);
    assert.ok(byOwnId.text.includes(number));
    for (const seen of [byNumber.text, byOwnId.text, (await department.get(`/api/v1/tickets/${ticket}`)).text]) {
      assert.ok(!seen.includes('19900001234'), 'a phone number in full');
    }
  });

  test('is handled by the department, checked by somebody else, called back and closed', async () => {
    const act = async (who, command, body = {}) => {
      const answer = await who.post(`/api/v1/tickets/${ticket}/${command}`, body);
      assert.equal(answer.status, 200, `${command}: ${answer.text}`);
      const { units, totals } = (await operator.get('/api/v1/queues')).body;
      const standing = units.reduce((sum, unit) => sum + unit.depth, 0);
      assert.equal(standing, totals.in_progress, `${command}: it left one queue and entered another, at once`);
      return answer.body;
    };
    const early = await department.post(`/api/v1/tickets/${ticket}/finish`, { answer: '已修复' });
    assert.equal(early.status, 409, 'finishing before signing names the state and what is possible');
    assert.match(early.text, /OFFERED|待签收/);
    await act(department, 'sign');
    await act(department, 'contact', { note: '已电话联系' });
    const unanswered = await department.post(`/api/v1/tickets/${ticket}/finish`, {});
    assert.equal(unanswered.status, 400);
    assert.equal(unanswered.body.errors[0].pointer, '/answer');
    await act(department, 'finish', { answer: '路灯已更换, 现已正常照明。', note: '更换镇流器一只' });
    const own = await department.post(`/api/v1/tickets/${ticket}/pass`, {});
    assert.ok([403, 404, 409].includes(own.status), 'nobody checks their own work');
    const shown = (await operator.get(`/api/v1/tickets/${ticket}`)).body;
    assert.equal(shown.state, 'CHECK');
    const checker = await system.accountOfUnit(shown.owner.code ?? shown.owner);
    await act(checker, 'pass', {});
    await act(operator, 'solved', { satisfied: true });
    const closed = (await operator.get(`/api/v1/tickets/${ticket}`)).body;
    assert.equal(closed.state, 'CLOSED');
  });

  test('the department and the hotline were told, signed and in order', async () => {
    const types = (receiver) =>
      receiver.events.filter((e) => e.subject === ticket).map((e) => e.type.replace('paidan.ticket.', ''));
    await eventually('the last webhook', () => types(forHotline).includes('closed') && types(forDepartment).includes('closed'));
    assert.deepEqual(forHotline.refused, []);
    assert.deepEqual(forDepartment.refused, []);
    const inOrder = (seen, expected) => assert.deepEqual(seen.filter((t) => expected.includes(t)), expected);
    inOrder(types(forDepartment), ['dispatched', 'signed', 'contacted', 'finished', 'check_passed', 'solved', 'closed']);
    inOrder(types(forHotline), ['received', 'dispatched', 'signed', 'finished', 'check_passed', 'solved', 'closed']);
    const answer = forHotline.events.find((e) => e.subject === ticket && e.type === 'paidan.ticket.check_passed');
    assert.equal(answer.data.answer, '路灯已更换, 现已正常照明。');
    assert.equal(answer.data.external_id, '2026-000123');
    assert.ok(!JSON.stringify(answer).includes('镇流器'), 'the internal note stays inside');
  });

  test('its history and its deadlines are explained in both languages', async () => {
    const history = (await operator.get(`/api/v1/tickets/${ticket}/history`)).body;
    assert.ok(JSON.stringify(history).includes('signed'));
    const explained = (await operator.get(`/api/v1/tickets/${ticket}/explain`)).body;
    assert.match(explained.route.zh, /[\u4e00-\u9fff]/);
    assert.match(explained.route.en, /[a-z]{4}/);
  });
});

describe('bad input', () => {
  test('names the field, says what would be right, and harms nothing else', async () => {
    const bad = await hotline.post('/api/v1/requests', { ...EXAMPLE, external_id: 'bad-1', occurred_at: 'yesterday', colour: 'red' });
    assert.equal(bad.status, 400);
    assert.deepEqual(bad.body.errors.map((e) => e.pointer).sort(), ['/colour', '/occurred_at']);
    assert.equal(bad.body.detail, bad.body.errors[0].detail, 'there is a sentence also for who reads no list');
    const lines = [
      JSON.stringify({ ...EXAMPLE, external_id: 'line-1' }),
      'not json',
      JSON.stringify({ ...EXAMPLE, external_id: 'line-1' }),
      JSON.stringify({ ...EXAMPLE, external_id: 'line-1', title: 'other' }),
      JSON.stringify({ ...EXAMPLE, external_id: 'line-2', source: 'police-110' }),
      JSON.stringify({ ...EXAMPLE, external_id: 'line-3' }),
    ];
    const answer = await hotline.post('/api/v1/requests/batch', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    assert.equal(answer.status, 200);
    const statuses = answer.text.trim().split('\n').map((line) => JSON.parse(line).status);
    assert.deepEqual(statuses, [201, 400, 200, 409, 403, 201]);
  });

  test('a stranger, a wrong token and a wrong role are told apart', async () => {
    assert.equal((await system.nobody().get('/api/v1/queues')).status, 401);
    assert.equal((await system.bearer('pdapi_wrong').post('/api/v1/requests', EXAMPLE)).status, 401);
    assert.equal((await system.token('readonly').post('/api/v1/requests', EXAMPLE)).status, 403);
    const elsewhere = await system.account(`department-${system.anotherDepartment(lead)}`);
    const row = (await operator.get(`/api/v1/queues/${lead}?limit=1`)).body.tickets[0];
    assert.equal((await elsewhere.get(`/api/v1/tickets/${row.number}`)).status, 404, 'other units\' tickets do not exist');
    assert.equal((await elsewhere.post(`/api/v1/tickets/${row.number}/sign`, {})).status, 404);
  });
});

describe('a request the router was never told of', () => {
  test('gets its ticket all the same, among others that have theirs', async () => {
    const before = await hotline.post('/api/v1/requests', { ...EXAMPLE, external_id: '2026-000200' });
    // stored, and its message lost
    const stored = () => system.sql(`INSERT INTO request SELECT (jsonb_populate_record(r, jsonb_build_object('id', r.id / 1000000000 * 1000000000 + s.n))).*
      FROM (SELECT nextval('request_number') AS n OFFSET 0) s, request r WHERE r.id = ${before.body.number.slice(1)} RETURNING id`)[0][0];
    const lost = [stored(), stored()];
    await hotline.post('/api/v1/requests', { ...EXAMPLE, external_id: '2026-000201' });
    for (const id of lost) {
      await eventually(`R${id} has a ticket`, async () => (await operator.get(`/api/v1/requests/R${id}`)).body.ticket?.number, 15);
    }
  });
});
