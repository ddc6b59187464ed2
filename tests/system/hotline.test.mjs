// The hotline's side of the exchange, as its own system would keep it: what it pushed, the numbers it was answered, and whether both
// sides hold the same, by count and hash of each hour and then row by row.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';
import { webhookReceiver } from './lib/webhooks.mjs';

const SOURCE = 'hotline-12345';
let system, hotline, operator;

before(async () => {
  system = await start('hotline');
  hotline = system.token('hotline');
  operator = await system.account('operator');
});
after(() => system?.stop());

describe('reconciliation', () => {
  const journal = []; // what the hotline keeps: its own number, ours, when it was accepted
  let date;
  const asked = (more = '') => `/api/v1/reconciliation${more}${more.includes('?') ? '&' : '?'}source=${SOURCE}&date=${date}`;
  const hourOf = (row) => Number(row.received_at.slice(11, 13));
  const hashOf = (rows) => {
    const sorted = [...rows].sort((a, b) => Buffer.compare(Buffer.from(a.external_id), Buffer.from(b.external_id)));
    return crypto.createHash('sha256').update(sorted.map((row) => `${row.external_id}\t${row.number}\n`).join('')).digest('hex');
  };
  const list = (rows, name, columns = ['external_id', 'number', 'received_at']) => {
    const file = path.join(system.folder, name);
    fs.writeFileSync(file, [columns.join(','), ...rows.map((row) => columns.map((column) => row[column]).join(','))].join('\n'));
    fs.chmodSync(file, 0o644);
    return file;
  };
  const reconcile = (file, ...more) => system.paidan(['reconcile', file, '--date', date, ...more]);

  before(async () => {
    const lines = [...'cab甲乙'].map((id) => JSON.stringify({ source: SOURCE, external_id: `对账-${id}`, title: '路灯不亮' }));
    const headers = { 'content-type': 'application/x-ndjson' };
    for (const body of [lines.slice(0, 3).join('\n'), lines.join('\n')]) { // the second as after a time-out: three are repeats
      const answer = await hotline.post('/api/v1/requests/batch', body, headers);
      assert.equal(answer.status, 200, answer.text);
      for (const line of answer.text.trim().split('\n').map((text) => JSON.parse(text)))
        if (line.status === 201) journal.push(line);
    }
    assert.equal(journal.length, 5);
    const days = [...new Set(journal.map((row) => row.received_at.slice(0, 10)))];
    date = days[0];
    while (days.length > 1 && journal.some((row) => !row.received_at.startsWith(date))) journal.splice(journal.findIndex((row) => !row.received_at.startsWith(date)), 1);
  });

  test('each hour has the count and the hash that the other side works out for itself', async () => {
    const { status, body } = await hotline.get(asked());
    assert.equal(status, 200);
    assert.equal(body.hours.length, 24);
    assert.equal(body.count, journal.length);
    for (const hour of body.hours) {
      const rows = journal.filter((row) => hourOf(row) === hour.hour);
      assert.equal(hour.count, rows.length, `hour ${hour.hour}`);
      assert.equal(hour.hash, hashOf(rows), `hour ${hour.hour}`);
    }
    assert.deepEqual((await operator.get(asked())).body.hours, body.hours, 'the centre sees the same');
  });

  test('the rows of an hour, page by page', async () => {
    const wanted = journal.filter((row) => hourOf(row) === hourOf(journal[0])).map((row) => row.number).sort();
    const found = [];
    for (let next = asked('/requests') + `&hour=${hourOf(journal[0])}&limit=2`; next; ) {
      const answer = await hotline.get(next);
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.body.requests.length <= 2);
      found.push(...answer.body.requests.map((row) => row.number));
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    assert.deepEqual(found, wanted);
  });

  test('whose business it is not', async () => {
    assert.equal((await system.token('open311').get(asked())).status, 404, 'another source');
    assert.equal((await system.token('readonly').get(asked())).status, 403);
    assert.equal((await operator.get(`/api/v1/reconciliation?source=nobody&date=${date}`)).status, 404);
    for (const wrong of ['', `?source=${SOURCE}`, `?source=${SOURCE}&date=2026-02-30`, `?source=${SOURCE}&date=today`])
      assert.equal((await hotline.get(`/api/v1/reconciliation${wrong}`)).status, 400, wrong);
    assert.equal((await hotline.get(asked('/requests') + '&hour=24')).status, 400);
  });

  test('paidan reconcile: nothing differs', () => {
    const done = reconcile(list(journal, 'same.csv'), '--lang', 'en');
    assert.equal(done.code, 0, done.out + done.err);
    assert.match(done.out, new RegExp(`${journal.length} here, ${journal.length} there, 0 differences`));
  });

  test('paidan reconcile: exactly what differs is listed', () => {
    const theirs = journal.map((row) => ({ ...row }));
    const [lost] = theirs.splice(1, 1);
    theirs[0].number = 'R20200101000000001';
    theirs.push({ external_id: '对账-never', number: '', received_at: theirs[1].received_at }, theirs[2]);
    const expected = [
      { what: 'number', external_id: theirs[0].external_id, here: journal[0].number, there: 'R20200101000000001' },
      { what: 'only_here', external_id: lost.external_id, here: lost.number, there: '' },
      { what: 'only_there', external_id: '对账-never', here: '', there: '' },
      { what: 'twice_there', external_id: theirs[2].external_id, here: '', there: theirs[2].number },
    ].sort((a, b) => (a.what < b.what ? -1 : 1));
    for (const columns of [['external_id', 'number', 'received_at'], ['external_id', 'number']]) {
      const done = reconcile(list(theirs, 'differs.csv', columns), '--json');
      assert.equal(done.code, 1, done.err);
      const said = JSON.parse(done.out);
      assert.deepEqual(said.differs.sort((a, b) => (a.what < b.what ? -1 : 1)), expected);
      assert.equal(said.differences, 4);
    }
    assert.match(reconcile(list(theirs, 'differs.csv'), '--lang', 'zh').out, /仅我方有[\s\S]*不同 4 处/);
  });

  test('paidan reconcile: states too, and a list that cannot be read', () => {
    const wrong = reconcile(list(journal.map((row) => ({ ...row, state: 'closed' })), 'states.csv', ['external_id', 'number', 'state']), '--json');
    assert.equal(wrong.code, 1);
    assert.deepEqual([...new Set(JSON.parse(wrong.out).differs.map((row) => row.what))], ['state']);
    const unfit = reconcile(list([], 'unfit.csv', ['number']), '--lang', 'en');
    assert.equal(unfit.code, 1);
    assert.match(unfit.err, /a column is missing: external_id/);
    assert.equal(system.paidan(['reconcile', '/nowhere.csv', '--date', 'yesterday']).code, 2);
  });
});

describe('follow-up messages', () => {
  let number, ticket, department, lead;
  const say = (message, who = hotline) => who.post('/api/v1/followups', { source: SOURCE, ...message });
  const told = async (id, what, fits) => {
    const found = async () => (await operator.get(`/api/v1/followups?source=${SOURCE}&limit=100`)).body.followups.find((row) => row.id === id);
    return eventually(`${id} ${what}`, async () => { const row = await found(); return fits(row) ? row : null; });
  };
  const ended = (id, state) => told(id, state, (row) => row?.state === state);
  const act = async (who, command, body = {}) => {
    const answer = await who.post(`/api/v1/tickets/${ticket}/${command}`, body);
    assert.equal(answer.status, 200, `${command}: ${answer.text}`);
    return answer.body;
  };
  const events = async () => (await operator.get(`/api/v1/tickets/${ticket}/history?limit=200`)).body.events;

  test('what comes before its request waits for it, and an operator sees for what', async () => {
    const supplement = await say({ external_id: 'f-1', id: 'm-2', kind: 'supplement', note: '在学校门口' });
    assert.equal(supplement.status, 201, supplement.text);
    assert.equal(supplement.body.state, 'waiting');
    assert.equal(supplement.body.waits_for, 'request');
    assert.equal((await say({ external_id: 'f-1', id: 'm-5', kind: 'rating', solved: true, satisfied: true })).status, 201);
    assert.equal((await say({ external_id: 'f-1', id: 'm-3', kind: 'urge', note: '请尽快' })).status, 201);
    const waiting = (await operator.get('/api/v1/followups?state=waiting&external_id=f-1')).body.followups;
    assert.deepEqual(waiting.map((row) => [row.id, row.waits_for]), [['m-3', 'request'], ['m-5', 'request'], ['m-2', 'request']]);
  });

  test('the same message again is one message; other content is a conflict', async () => {
    const again = await say({ external_id: 'f-1', id: 'm-2', kind: 'supplement', note: '在学校门口' });
    assert.equal(again.status, 200);
    assert.equal(again.body.id, 'm-2');
    assert.equal((await say({ external_id: 'f-1', id: 'm-2', kind: 'supplement', note: '在医院门口' })).status, 409);
  });

  test('once the request is there they are done, in order of arrival; the rating waits for the callback', async () => {
    const pushed = await hotline.post('/api/v1/requests', { source: SOURCE, external_id: 'f-1', matter: '020305', title: '路灯不亮', location: { lon: 123.76, lat: 41.33 } });
    assert.equal(pushed.status, 201, pushed.text);
    number = pushed.body.number;
    ticket = (await ended('m-3', 'done')).ticket;
    assert.equal((await ended('m-2', 'done')).ticket, ticket);
    assert.equal((await hotline.get(`/api/v1/requests/${number}`)).body.ticket.number, ticket);
    const types = (await events()).map((event) => event.event?.code ?? event.event ?? event.type);
    const [first, second] = [types.indexOf('supplemented'), types.indexOf('urged')];
    assert.ok(first >= 0 && second >= 0, JSON.stringify(types));
    assert.equal(types.filter((type) => type === 'supplemented').length, 1, 'once, though it was sent twice');
    assert.equal((await told('m-5', 'waits', (row) => row?.waits_for === 'callback')).state, 'waiting');
  });

  test('the rating ends the callback as soon as it is asked for', async () => {
    lead = system.departmentOf('020305');
    department = await system.account(`department-${lead}`);
    await act(department, 'sign');
    await act(department, 'contact', { note: '已电话联系' });
    await act(department, 'finish', { answer: '路灯已更换。' });
    const checking = (await operator.get(`/api/v1/tickets/${ticket}`)).body;
    await act(await system.accountOfUnit(checking.owner.code), 'pass');
    assert.equal((await ended('m-5', 'done')).ticket, ticket);
    const body = await eventually('its callback', async () => (await hotline.get(`/api/v1/requests/${number}`)).body);
    assert.deepEqual([body.callback.outcome.code ?? body.callback.outcome, body.callback.satisfied], ['solved', true]);
  });

  test('what is no longer possible is refused by its rule, and kept', async () => {
    await say({ external_id: 'f-1', id: 'm-6', kind: 'urge' });
    const refused = await ended('m-6', 'refused');
    assert.ok(refused.verdict && refused.detail);
    assert.equal((await operator.get('/api/v1/followups?state=refused')).body.followups[0].id, 'm-6');
  });

  test('a cancellation reaches the centre as words; ending the ticket stays its decision', async () => {
    const pushed = await hotline.post('/api/v1/requests', { source: SOURCE, external_id: 'f-2', matter: '020305', title: '路灯不亮', location: { lon: 123.76, lat: 41.33 } });
    assert.equal(pushed.status, 201, pushed.text);
    assert.equal((await say({ external_id: 'f-2', id: 'c-1', kind: 'cancel', note: '已经亮了' })).status, 201);
    ({ ticket } = await ended('c-1', 'done'));
    assert.match(JSON.stringify(await events()), /诉求人撤诉: 已经亮了/);
  });

  test('wrong messages are refused by field; other sources see nothing', async () => {
    const wrong = async (message) => (await say(message)).body.errors?.map((e) => e.pointer);
    assert.deepEqual(await wrong({ external_id: 'f-1', id: 'x', kind: 'rating' }), ['/solved']);
    assert.deepEqual(await wrong({ external_id: 'f-1', id: 'x', kind: 'supplement' }), ['/note']);
    assert.deepEqual(await wrong({ external_id: '', id: 'x', kind: 'wish' }), ['/external_id', '/kind']);
    assert.equal((await say({ external_id: 'f-1', id: 'x', kind: 'urge' }, system.token('open311'))).status, 422);
    assert.equal((await say({ external_id: 'f-1', id: 'x', kind: 'urge' }, system.token('readonly'))).status, 403);
    assert.deepEqual((await system.token('open311').get('/api/v1/followups')).body.followups, []);
  });
});

describe('GB18030', () => {
  const gb = (text, charset) => spawnSync('iconv', ['-f', 'UTF-8', '-t', charset], { input: text }).stdout;
  const push = (path, type, body) => fetch(system.url + path, { method: 'POST', body, headers: { ...hotline.headers('POST'), 'content-type': type } });
  const stored = (id) => system.sql(`SELECT title FROM request WHERE external_id = '${id}'`)[0]?.[0];

  test('a body that is declared so is read so, and is the same request in UTF-8', async () => {
    const body = { source: SOURCE, external_id: 'gb-1', title: '路灯不亮㐀𠀀' };
    const first = await push('/api/v1/requests', 'application/json; charset=GB18030', gb(JSON.stringify(body), 'GB18030'));
    assert.equal(first.status, 201, await first.clone().text());
    assert.equal(stored('gb-1'), body.title);
    assert.equal((await hotline.post('/api/v1/requests', body)).status, 200, 'a repeat');
    const followup = await push('/api/v1/followups', 'application/json;charset="gbk"', gb(JSON.stringify({ source: SOURCE, external_id: 'gb-1', id: 'gb-1-1', kind: 'supplement', note: '在学校门口' }), 'GBK'));
    assert.equal(followup.status, 201);
    assert.equal((await followup.json()).note, '在学校门口');
  });

  test('in a batch a line that is none is refused alone; undeclared or unknown is refused', async () => {
    const line = (id, title) => JSON.stringify({ source: SOURCE, external_id: id, title }) + '\n';
    const broken = Buffer.from(line('gb-3', '?')).map((byte) => (byte === 0x3f ? 0xff : byte));
    const answer = await push('/api/v1/requests/batch', 'application/x-ndjson; charset=gb18030', Buffer.concat([gb(line('gb-2', '井盖缺失'), 'GB18030'), broken, gb(line('gb-4', '井盖'), 'GB18030')]));
    assert.deepEqual((await answer.text()).trim().split('\n').map((text) => JSON.parse(text).status), [201, 400, 201]);
    assert.equal(stored('gb-2'), '井盖缺失');
    const bare = await push('/api/v1/requests', 'application/json', gb(JSON.stringify({ source: SOURCE, external_id: 'gb-5', title: '井盖' }), 'GB18030'));
    assert.equal(bare.status, 400);
    assert.equal((await push('/api/v1/requests', 'application/json; charset=big5', '{}')).status, 415);
  });
});

describe('the dead-letter desk', () => {
  let admin, gone, good, audit;
  const letters = async () => (await operator.get('/api/v1/admin/deadletters')).body.deadletters;
  const act = (id, what, body) => operator.post(`/api/v1/admin/deadletters/${id}/${what}`, body);
  const audited = async (action) => (await audit.get(`/api/v1/audit?action=${action}`)).body.rows.map((row) => row.object);

  before(async () => {
    admin = await system.account('admin-system');
    audit = await system.account('admin-audit');
    [gone, good] = [await webhookReceiver(), await webhookReceiver()];
    await system.approveLoopback(await system.account('admin-security'));
    gone.answer = () => 410; // gives up at once
    gone.secret = await system.addEndpoint(admin, { name: 'gone', url: gone.url, source: SOURCE, events: ['received', 'dispatched'] });
    good.secret = await system.addEndpoint(admin, { name: 'good', url: good.url, source: SOURCE, events: ['urged'] });
    await system.addEndpoint(admin, { name: 'other', url: good.url, source: 'city-app', events: ['urged'] });
  });
  after(() => Promise.all([gone?.close(), good?.close()]));

  test('see: what was given up, for which endpoint, and why', async () => {
    const pushed = await hotline.post('/api/v1/requests', { source: SOURCE, external_id: 'd-1', matter: '020305', title: '路灯不亮', location: { lon: 123.76, lat: 41.33 } });
    assert.equal(pushed.status, 201, pushed.text);
    const dead = await eventually('two dead letters', async () => { const all = await letters(); return all.length >= 2 ? all : null; });
    assert.deepEqual(dead.map((letter) => [letter.endpoint, letter.request, letter.event, letter.status]),
      [['gone', pushed.body.number, 'received', 410], ['gone', pushed.body.number, 'dispatched', 410]]);
  });

  test('correct: to another endpoint of the same source, under the same id; to nobody else\'s', async () => {
    const [first] = await letters();
    assert.equal((await act(first.id, 'correct', { endpoint: 'other' })).status, 409);
    assert.equal((await act(first.id, 'correct', { endpoint: 'nowhere' })).status, 409);
    assert.equal((await act(first.id, 'correct', {})).status, 400);
    const done = system.paidan(['deadletter', 'correct', first.id, 'good', '--lang', 'en']);
    assert.equal(done.code, 0, done.err);
    const event = await eventually('it arrives', () => good.events.find((e) => e.data.event === 'received'));
    assert.match(event.id, new RegExp(`^evt_1_\\d+_${first.request}$`));
    assert.ok((await letters()).every((letter) => letter.id !== first.id));
    assert.ok((await audited('deadletter_correct')).includes(`delivery:${first.id}`));
  });

  test('replay: one, then all of an endpoint that works again', async () => {
    const [letter] = await letters();
    assert.equal((await act(letter.id, 'replay')).status, 204);
    await eventually('it is dead again', async () => (await letters()).find((row) => row.id === letter.id));
    gone.answer = () => 204;
    const all = await operator.post('/api/v1/admin/endpoints/gone/replay');
    assert.equal(all.status, 200, all.text);
    assert.equal(all.body.replayed, 1);
    assert.match((await eventually('it arrives', () => gone.events[0])).id, new RegExp(`^evt_1_\\d+_${letter.request}$`));
    assert.deepEqual(await letters(), []);
    assert.equal((await operator.post('/api/v1/admin/endpoints/nowhere/replay')).status, 404);
    assert.deepEqual((await audited('deadletter_replay')).slice(0, 3).sort(), [`delivery:${letter.id}`, 'name:gone', 'name:nowhere']);
  });

  test('discard: never sent, not listed any more; nobody else may', async () => {
    gone.answer = () => 410;
    await hotline.post('/api/v1/requests', { source: SOURCE, external_id: 'd-2', title: '无事项' });
    const [letter] = await eventually('a dead letter', async () => { const all = await letters(); return all.length ? all : null; });
    assert.equal((await hotline.post(`/api/v1/admin/deadletters/${letter.id}/discard`)).status, 403);
    assert.equal((await act(letter.id, 'discard')).status, 204);
    assert.equal((await act(letter.id, 'replay')).status, 404);
    assert.ok((await audited('deadletter_discard')).includes(`delivery:${letter.id}`));
    assert.deepEqual([...gone.refused, ...good.refused], []);
  });
});
