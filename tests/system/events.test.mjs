// What the hotline fetches by cursor instead of being called: every step, once, in order, the very bytes of the webhooks; nobody else's
// business; nothing skipped however the pages are cut, and a merged request's way told whole also when it is read late.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';
import { webhookReceiver } from './lib/webhooks.mjs';

const SOURCE = 'hotline-12345', MATTER = '020305', PLACE = { lon: 123.76, lat: 41.33 };
let system, hotline, operator, department, lead, receiver;

before(async () => {
  system = await start('events');
  [hotline, operator] = [system.token('hotline'), await system.account('operator')];
  lead = system.departmentOf(MATTER);
  department = await system.account(`department-${lead}`);
  const admin = await system.account('admin-system');
  await system.approveLoopback(admin, await system.account('admin-security'));
  receiver = await webhookReceiver();
  receiver.secret = await system.addEndpoint(admin, { name: 'hotline', url: receiver.url, source: SOURCE });
});
after(() => Promise.all([system?.stop(), receiver?.close()]));

async function push(id, source = SOURCE, who = hotline) {
  const answer = await who.post('/api/v1/requests', { source, external_id: id, matter: MATTER, title: `路灯不亮 ${id}`, location: PLACE });
  assert.equal(answer.status, 201, answer.text);
  const ticket = await eventually('its ticket', async () => (await who.get(`/api/v1/requests/${answer.body.number}`)).body.ticket?.number);
  return { number: answer.body.number, ticket };
}

async function act(who, ticket, command, body = {}) {
  const answer = await who.post(`/api/v1/tickets/${ticket}/${command}`, body);
  assert.equal(answer.status, 200, `${command}: ${answer.text}`);
}

// Everything behind the cursor, `limit` at a time.
async function fetchAll(who, limit = 100, cursor = '') {
  const events = [];
  for (let more = true; more; ) {
    const answer = await who.get(`/api/v1/events?limit=${limit}${cursor && `&cursor=${cursor}`}`);
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.body.events.length <= limit);
    events.push(...answer.body.events);
    ({ next_cursor: cursor, more } = answer.body);
  }
  return { events, cursor };
}
const of = (events, id) => events.filter((event) => event.data.external_id === id).map((event) => event.data.event);

describe('the hotline fetches what happened', () => {
  test('every step of a life, the same as the webhooks carry, in any cut of pages', async () => {
    const { ticket } = await push('life');
    await act(department, ticket, 'sign');
    await act(department, ticket, 'contact', { note: '已电话联系' });
    await act(department, ticket, 'ask_extension', { until: new Date(Date.now() + 60 * 86400e3).toISOString(), reason: '待购灯具' });
    await act(operator, ticket, 'grant_extension');
    await act(department, ticket, 'finish', { answer: '路灯已更换。' });
    await act(await system.accountOfUnit((await operator.get(`/api/v1/tickets/${ticket}`)).body.owner.code), ticket, 'pass');
    await act(operator, ticket, 'solved', { satisfied: true });
    const { events } = await fetchAll(hotline);
    assert.deepEqual(of(events, 'life'), ['received', 'dispatched', 'signed', 'extension_granted', 'finished', 'check_passed', 'solved', 'closed']);
    const [granted, finished, passed] = ['extension_granted', 'finished', 'check_passed'].map((name) => events.find((event) => event.data.event === name).data);
    assert.ok(granted.until && !finished.answer && !finished.result, 'no answer goes out before the work passed its check');
    assert.ok(passed.answer === '路灯已更换。' && passed.result === 'solved');
    assert.ok(events.every((event) => !event.data.note), 'internal notes stay inside');
    await eventually('the webhooks arrived', () => receiver.events.length === events.length);
    const byId = (list) => Object.fromEntries(list.map((event) => [event.id, event]));
    assert.deepEqual(byId(receiver.events), byId(events), 'the same ids and bodies both ways');
    assert.equal(new Set(events.map((event) => event.id)).size, events.length);
    for (const limit of [1, 2, 3]) assert.deepEqual((await fetchAll(hotline, limit)).events, events, `${limit} a page`);
  });

  test('a cursor is kept as long as one likes; who waits is answered as soon as something happens', async () => {
    const { cursor } = await fetchAll(hotline);
    const idle = await hotline.get(`/api/v1/events?cursor=${cursor}&wait=1`);
    assert.deepEqual([idle.body.events, idle.body.more], [[], false]);
    const waiting = hotline.get(`/api/v1/events?cursor=${cursor}&wait=20`);
    await push('later');
    const woken = (await waiting).body;
    assert.equal(woken.events[0].data.external_id, 'later');
    assert.deepEqual(of((await fetchAll(hotline, 10, cursor)).events, 'later'), ['received', 'dispatched']);
  });

  test('a return is told with its reason', async () => {
    const { ticket } = await push('returned');
    await act(department, ticket, 'return', { reason: 'not_our_duty', basis: '市政设施管理条例第三条' });
    const { events } = await fetchAll(hotline);
    const told = events.find((event) => event.data.event === 'returned').data;
    assert.deepEqual([told.reason, told.basis, told.unit.code], ['not_our_duty', '市政设施管理条例第三条', lead]);
  });

  test('of a merge each request hears its own way, whenever it is read', async () => {
    const [leading, merged] = [await push('leading'), await push('merged')];
    await act(operator, merged.ticket, 'merge', { other: leading.ticket });
    await act(department, leading.ticket, 'sign');
    await act(operator, merged.ticket, 'unmerge', { reason: '并非一事' });
    await act(operator, merged.ticket, 'dispatch', { unit: lead });
    const { events } = await fetchAll(hotline);
    assert.deepEqual(of(events, 'merged'), ['received', 'dispatched', 'merged', 'signed', 'unmerged', 'dispatched']);
    assert.deepEqual(of(events, 'leading'), ['received', 'dispatched', 'signed']);
    await eventually('and so do the webhooks', () => of(receiver.events, 'merged').length === 6);
    assert.deepEqual(receiver.events.filter((e) => e.data.external_id === 'merged').map((e) => e.id).sort(),
      events.filter((e) => e.data.external_id === 'merged').map((e) => e.id).sort());
  });
});

describe('whose business it is', () => {
  test('another source sees its own, also where its request was merged into another\'s ticket', async () => {
    const other = system.token('open311');
    const [leading, merged] = [await push('ours'), await push('theirs', 'city-app', other)];
    await act(operator, merged.ticket, 'merge', { other: leading.ticket });
    await act(department, leading.ticket, 'sign');
    const { events } = await fetchAll(other);
    assert.deepEqual(of(events, 'theirs'), ['received', 'dispatched', 'merged', 'signed']);
    assert.ok(events.every((event) => event.data.external_id === 'theirs'));
    assert.ok((await fetchAll(hotline)).events.every((event) => event.data.external_id !== 'theirs'));
  });

  test('a unit gets what happens to its tickets; the centre everything; administrators nothing', async () => {
    const { ticket } = await push('unit');
    const mine = (await fetchAll(department)).events;
    assert.deepEqual(mine.filter((event) => event.subject === ticket).map((event) => event.data.event).at(-1), 'dispatched');
    assert.ok(mine.every((event) => !event.data.request && /^evt_1_\d+$/.test(event.id)));
    const seqs = (await fetchAll(operator)).events.map((event) => Number(event.id.split('_')[2]));
    assert.deepEqual(seqs, seqs.map((_, i) => i + 1), 'the whole log, without a gap');
    assert.equal((await (await system.account('admin-system')).get('/api/v1/events')).status, 403);
    assert.equal((await system.nobody().get('/api/v1/events')).status, 401);
  });

  test('a token that is withdrawn while it waits is not answered with events', async () => {
    const security = await system.account('admin-security');
    const made = await security.post('/api/v1/admin/tokens', { name: 'shortly', role: 'integration', sources: [SOURCE] });
    const who = system.bearer(made.body.token);
    const { cursor } = await fetchAll(who);
    const waiting = who.get(`/api/v1/events?cursor=${cursor}&wait=20`);
    assert.ok((await security.delete('/api/v1/admin/tokens/shortly')).status < 300);
    await eventually('the token is refused', async () => (await who.get('/api/v1/events?limit=1')).status === 401);
    await push('after');
    assert.equal((await waiting).status, 401);
  });

  test('wrong cursors and numbers are named', async () => {
    for (const query of ['cursor=x', 'limit=0', 'limit=501', 'wait=0', 'wait=21', 'cursor=____________________fw', 'cursor=__________8AAAAAAAAAAA'])
      assert.equal((await hotline.get(`/api/v1/events?${query}`)).status, 400, query);
  });
});

test('paidan events: a line each, and the cursor to go on with', () => {
  const first = system.paidan(['events', '--lang', 'en']);
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /extension_granted +life/);
  const cursor = /cursor: (\S+)/.exec(first.err)[1];
  const again = system.paidan(['events', '--cursor', cursor, '--json']);
  assert.deepEqual(JSON.parse(again.out).events, []);
});
