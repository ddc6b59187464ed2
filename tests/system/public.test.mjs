// What people do without a token: a resident reports, asks for the progress by number and the phone's last four digits, says more and
// whether it is solved; somebody who guesses learns nothing and waits longer and longer; a grid worker reports under the session.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { signIn } from './lib/client.mjs';
import { eventually } from './lib/wait.mjs';

let system, nobody, operator;
const PHONE = '19912345678';
const id = () => crypto.randomUUID();
const progress = (number, digits = '5678') => nobody.post('/api/v1/public/progress', { number, digits });

async function report(more = {}) {
  const body = { external_id: id(), title: '路灯不亮', matter: '020305', location: { lon: 123.76, lat: 41.33 }, requester: { phone: PHONE }, ...more };
  const answer = await nobody.post('/api/v1/public/requests', body);
  return { ...answer, sent: body };
}

const ticketOf = (number) => eventually('its ticket', async () => (await operator.get(`/api/v1/requests/${number}`)).body.ticket?.number);

async function act(who, ticket, command, body = {}) {
  const answer = await who.post(`/api/v1/tickets/${ticket}/${command}`, body);
  assert.equal(answer.status, 200, `${command}: ${answer.text}`);
}

before(async () => {
  system = await start('public');
  nobody = system.nobody();
  operator = await system.account('operator');
});
after(() => system?.stop());

describe('a resident', () => {
  test('reports without an account, once, and follows it to its end', async () => {
    const first = await report({ occurred_at: '2026-11-20T08:30:00+08:00' });
    assert.equal(first.status, 201, first.text);
    const again = await nobody.post('/api/v1/public/requests', first.sent);
    assert.deepEqual([again.status, again.body.number], [200, first.body.number]);
    assert.equal((await nobody.post('/api/v1/public/requests', { ...first.sent, title: '别的' })).status, 409);
    const { number } = first.body;
    const request = (await operator.get(`/api/v1/requests/${number}`)).body;
    assert.equal(request.source.code, 'resident-page');
    assert.equal(request.channel.code, 'web');
    assert.equal(new Date(request.occurred_at).toISOString(), '2026-11-20T00:30:00.000Z');

    const ticket = await ticketOf(number);
    const department = await system.account(`department-${system.departmentOf('020305')}`);
    const step = async () => (await progress(number)).body;
    assert.equal((await step()).step, 'assigned');
    await act(department, ticket, 'sign');
    assert.equal((await step()).unit.code, system.departmentOf('020305'));
    const more = { number, digits: '5678', id: id(), kind: 'supplement', note: '灯杆编号 17' };
    assert.equal((await nobody.post('/api/v1/public/followups', more)).status, 204);
    assert.equal((await nobody.post('/api/v1/public/followups', more)).status, 204, 'the same again');
    await eventually('it was said once', async () => {
      const { events } = (await operator.get(`/api/v1/tickets/${ticket}/history`)).body;
      return events.filter((e) => e.event === 'supplemented').length === 1;
    });
    const rating = { number, digits: '5678', id: id(), kind: 'rating', solved: true, satisfied: true };
    assert.equal((await nobody.post('/api/v1/public/followups', rating)).status, 409, 'nothing to rate yet');
    await act(department, ticket, 'contact', { note: '内部: 已电话联系' });
    await act(department, ticket, 'finish', { answer: '路灯已更换。', note: '内部备注' });
    assert.equal((await step()).answer, null, 'an answer that nobody checked is not told');
    const checking = (await operator.get(`/api/v1/tickets/${ticket}`)).body;
    await act(await system.accountOfUnit(checking.owner.code), ticket, 'pass');
    const answered = await progress(number);
    assert.equal(answered.body.step, 'answered');
    assert.equal(answered.body.answer.text, '路灯已更换。');
    assert.deepEqual(answered.body.may, ['supplement', 'rating']);
    assert.doesNotMatch(answered.text, /内部|T2026|19912|hotline/);
    assert.equal((await nobody.post('/api/v1/public/followups', rating)).status, 204);
    assert.equal((await nobody.post('/api/v1/public/followups', rating)).status, 204, 'the same again');
    await eventually('it is closed', async () => (await progress(number)).body.step === 'closed');
    assert.equal((await step()).callback.satisfied, true);
  });

  test('is told what is wrong with a report, field by field, and may not say what the system says', async () => {
    const pointers = async (more) => ((await report(more)).body.errors ?? []).map((e) => e.pointer);
    assert.deepEqual(await pointers({ requester: { phone: '12' } }), ['/requester/phone']);
    assert.deepEqual(await pointers({ requester: {} }), ['/requester/phone']);
    assert.deepEqual(await pointers({ external_id: '1' }), ['/external_id']);
    assert.deepEqual(await pointers({ urgency: 'danger' }), ['/urgency']);
    assert.deepEqual(await pointers({ source: 'hotline-12345' }), ['/source']);
    assert.deepEqual(await pointers({ channel: 'police' }), ['/channel']);
    assert.deepEqual(await pointers({ attachments: [{ url: 'http://elsewhere.example/a.jpg' }] }), ['/attachments']);
    const foreign = await nobody.post('/api/v1/public/requests', {}, { origin: 'http://elsewhere.example' });
    assert.equal(foreign.status, 403);
  });

  test('sees each own request only, also when it was merged: its own number, its own callback', async () => {
    const [a, b] = [await report(), await report({ requester: { phone: '19900000001' } })];
    const [lead, other] = [await ticketOf(a.body.number), await ticketOf(b.body.number)];
    await act(operator, other, 'merge', { other: lead });
    const seen = await progress(b.body.number, '0001');
    assert.equal(seen.body.number, b.body.number);
    assert.equal(seen.body.step, 'assigned');
    assert.doesNotMatch(seen.text, new RegExp(`${a.body.number}|${lead}|${other}|MERGED`));
    assert.equal((await progress(b.body.number)).status, 404, 'the other one\'s digits do not open it');
  });

  test('gets a map and matters for the form, none of which is sensitive', async () => {
    const { body } = await nobody.get('/api/v1/public/district');
    assert.equal(body.type, 'FeatureCollection');
    assert.equal(body.features.length, system.units.filter((u) => u.kind === 'grid').length);
    assert.ok(body.matters.length > 10 && body.matters.every((m) => m.name.zh && m.group.zh));
  });
});

describe('who guesses', () => {
  test('hears the same of a wrong number as of wrong digits, not sooner', async () => {
    const { body } = await report();
    const none = body.number.replace(/\d{4}$/, '9999');
    const asked = Date.now();
    const [wrong, unknown] = [await progress(body.number, '0000'), await progress(none, '0000')];
    assert.ok(Date.now() - asked >= 600, 'each answer is held back');
    assert.equal(wrong.status, 404);
    assert.equal(unknown.status, 404);
    assert.equal(wrong.text.replace(/"instance":"[^"]*"/, ''), unknown.text.replace(/"instance":"[^"]*"/, ''));
  });

  test('waits after a few tries, and the right digits wait too', async () => {
    const { body } = await report();
    const answers = [];
    for (let i = 0; i < 6; i++) answers.push(await progress(body.number, `000${i}`));
    assert.deepEqual(answers.map((a) => a.status), [404, 404, 404, 404, 404, 429]);
    assert.ok(Number(answers[5].headers.get('retry-after')) >= 1);
    assert.equal((await progress(body.number)).status, 429);
  });

  test('and who asks like a machine is refused at the door', async () => {
    const answers = await Promise.all(Array.from({ length: 120 }, () => nobody.get('/api/v1/public/district')));
    assert.ok(answers.some((a) => a.status === 429));
    assert.ok(answers.every((a) => [200, 429].includes(a.status)));
  });
});

describe('a grid worker', () => {
  test('reports under the session for the grid workers\' source, and no other', async () => {
    const unit = system.units.find((u) => u.kind === 'grid');
    const made = await (await system.account('admin-security')).post('/api/v1/admin/users', { user: 'worker', role: 'grid_worker', unit: unit.code });
    assert.equal(made.status, 201, made.text);
    const worker = await signIn(system.url, 'worker', made.body.password);
    const body = { external_id: id(), title: '楼道堆物', location: { grid: unit.code } };
    const answer = await worker.post('/api/v1/requests', body);
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.source, 'grid-app');
    const seen = await eventually('its ticket', async () => {
      const request = (await worker.get(`/api/v1/requests?source=grid-app&external_id=${body.external_id}`)).body;
      return request.ticket ? request : null;
    });
    assert.equal(seen.channel.code, 'grid');
    assert.equal((await worker.post('/api/v1/requests', { ...body, external_id: id(), source: 'hotline-12345' })).status, 403);
    assert.equal((await worker.post('/api/v1/requests', { ...body, external_id: id(), channel: 'police' })).status, 400);
    const unsafe = worker.headers('POST');
    const without = await nobody.post('/api/v1/requests', body, { cookie: unsafe.cookie, origin: system.url });
    assert.equal(without.status, 403, 'without the CSRF token');
    const supervisor = await system.account('supervisor');
    assert.equal((await supervisor.post('/api/v1/requests', { ...body, external_id: id() })).status, 403, 'not everybody reports');
  });
});
