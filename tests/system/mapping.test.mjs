// Another city's hotline in its own words: the example of docs/examples loaded as data, and its single pushes, batches and follow-ups
// are taken without a line of code; what is wrong is named in the sender's own fields. Others go on as before.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

const SOURCE = 'beiling-12345';
let system, admin, beiling, hotline;
const example = (name) => path.join(system.root, 'docs/examples', name);
const read = (name) => JSON.parse(fs.readFileSync(example(name), 'utf8'));
const pointers = (answer) => answer.body.errors.map((error) => error.pointer);

before(async () => {
  system = await start('mapping');
  admin = await system.account('admin-system');
  hotline = system.token('hotline');
  const sources = await admin.post('/api/v1/admin/sources/import', `code,channel,name_zh,name_en\n${SOURCE},phone,北岭市12345热线,Beiling hotline\n`, { 'content-type': 'text/csv' });
  assert.equal(sources.status, 200, sources.text);
  const made = await (await system.account('admin-security')).post('/api/v1/admin/tokens', { name: 'beiling', role: 'integration', sources: [SOURCE] });
  beiling = system.bearer(made.body.token);
});
after(() => system?.stop());

describe('before it is loaded', () => {
  test('a sample in, our request out; nothing is stored', async () => {
    const tried = system.paidan(['source', 'mapping', 'preview', example('beiling-12345.json'), example('beiling-12345-request.json')]);
    assert.equal(tried.code, 0, tried.err);
    assert.deepEqual(JSON.parse(tried.out), {
      source: SOURCE, external_id: 'BL202611210000123', channel: 'wechat', matter: '020305', title: '路灯不亮',
      description: '小区北门外的路灯已经三天不亮。\n来电人希望周末前修复', occurred_at: '2026-11-21T09:30:00+08:00', urgency: 'normal',
      location: { lon: 123.76, lat: 41.33, address: '云汀街道北门外' }, requester: { phone: '19900001234', confidential: true },
      attachments: [{ url: 'https://files.example.com/1.jpg' }],
    });
    const followup = system.paidan(['source', 'mapping', 'preview', '--followup', example('beiling-12345.json'), example('beiling-12345-followup.json')]);
    assert.deepEqual(JSON.parse(followup.out), { source: SOURCE, external_id: 'BL202611210000123', id: 'BL202611210000123-1', kind: 'urge', note: '请尽快处理' });
    assert.deepEqual((await admin.get('/api/v1/admin/mappings')).body.mappings, []);
  });

  test('what is wrong in the sample is named in its own words', async () => {
    const sample = { ...read('beiling-12345-request.json'), 受理渠道: '传真', 紧急程度: '9', 来电时间: '2026/11/21', 新字段: 1 };
    sample.事发位置 = { 坐标: '123.76', 楼号: 3 };
    const mapping = { ...read('beiling-12345.json') };
    delete mapping.request['/channel'].else;
    const tried = await admin.post('/api/v1/admin/mappings/preview', { mapping, sample }, { 'accept-language': 'zh' });
    assert.equal(tried.status, 200, tried.text);
    assert.equal(tried.body.body, null);
    assert.deepEqual(pointers(tried), ['/受理渠道', '/来电时间', '/紧急程度', '/事发位置/坐标', '/事发位置/楼号', '/新字段']);
    assert.match(tried.body.errors[0].detail, /“传真” 不在对照表中, 可用: 电话, 微信公众号/);
    assert.match(tried.body.errors[1].detail, /YYYY-MM-DD hh:mm:ss/);
  });

  test('what is wrong in the mapping is named by its place in it', async () => {
    const wrong = {
      source: 'nobody', extra: 1, followup: { '/id': '/编号', '/kind': '/类型' },
      request: { '/external_id': '工单编号', '/urgency': { from: '/级', values: { 1: 'very' } }, '/nothing': '/x', '/matter': { from: '/m', value: '1' },
        '/location/lon': { from: '/坐标', split: ',' }, '/occurred_at': { from: '/时', time: 'HH:MM', offset: '8' } },
    };
    const answer = await admin.post('/api/v1/admin/mappings/import', wrong);
    assert.equal(answer.status, 422, answer.text);
    assert.deepEqual(pointers(answer).sort(), ['/source', '/extra', '/request/~1external_id', '/request/~1urgency/values/1', '/request/~1nothing', '/request/~1matter',
      '/request/~1location~1lon/part', '/request/~1occurred_at/time', '/request/~1occurred_at/offset', '/request', '/request', '/followup/~1external_id'].sort());
    assert.equal((await admin.post('/api/v1/admin/mappings/import', '{"source": ', { 'content-type': 'application/json' })).status, 422);
    assert.equal((await (await system.account('operator')).post('/api/v1/admin/mappings/import', read('beiling-12345.json'))).status, 403);
  });

  test('a dry run says whether it would change anything, and stores nothing', async () => {
    const dry = await admin.post('/api/v1/admin/mappings/import?dry_run=1', read('beiling-12345.json'));
    assert.deepEqual([dry.status, dry.body.changed, dry.body.created], [200, true, 1], dry.text);
    assert.equal(system.paidan(['source', 'mapping', 'show', SOURCE]).code, 1);
  });
});

describe('once it is loaded', () => {
  const push = (body, headers) => beiling.post('/api/v1/requests', body, headers);
  const stored = (id) => system.sql(`SELECT channel, matter, title, lon, lat, address, urgency, confidential, occurred_at FROM request WHERE external_id = '${id}'`)[0];

  before(async () => {
    const done = system.paidan(['source', 'mapping', 'import', example('beiling-12345.json'), '--lang', 'en']);
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /in force/);
    await eventually('intake has it', async () => (await push({ 工单编号: 'BL-first', 诉求标题: '首件' })).status === 201);
  });

  test('a push in their words is a request in ours, once', async () => {
    const body = read('beiling-12345-request.json');
    const first = await push(body);
    assert.equal(first.status, 201, first.text);
    assert.equal(first.body.external_id, 'BL202611210000123');
    assert.equal((await push(body)).body.number, first.body.number);
    assert.equal((await push({ ...body, 诉求标题: '路灯亮了' })).status, 409);
    assert.deepEqual(stored('BL202611210000123'), ['2', '20305', '路灯不亮', '123.76', '41.33', '云汀街道北门外', '3', 't', String(Date.parse('2026-11-21T09:30:00+08:00'))]);
  });

  test('a batch, line by line, in GB18030 too', async () => {
    const lines = [{ 工单编号: 'BL-1', 诉求标题: '井盖松动' }, { 工单编号: 'BL-2', 受理渠道: '邮件' }, { 工单编号: 'BL-3', 诉求标题: '噪音', 紧急程度: '五' }]
      .map((line) => JSON.stringify(line)).join('\n');
    const answer = await beiling.post('/api/v1/requests/batch', lines, { 'content-type': 'application/x-ndjson' });
    const said = answer.text.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(said.map((line) => line.status), [201, 400, 422]);
    assert.deepEqual(said.slice(1).map((line) => line.errors.map((error) => error.pointer)), [['/诉求标题'], ['/紧急程度']]);
  });

  test('what our own rules find wrong is named in their words as well', async () => {
    const wrong = await push({ 工单编号: 'BL-4', 诉求标题: '长'.repeat(2000), 来电时间: '2099-01-01 00:00:00', 事发位置: { 坐标: '923.76,41.33' } });
    assert.equal(wrong.status, 422, wrong.text);
    assert.deepEqual(pointers(wrong), ['/诉求标题', '/来电时间', '/事发位置/坐标']);
    assert.deepEqual(pointers(await push({ 诉求标题: '无编号' })), ['/工单编号']);
    assert.deepEqual(pointers(await push({ source: SOURCE, external_id: 'ours', title: '用本系统的字段' })).sort(), ['/external_id', '/source', '/title']);
  });

  test('follow-ups in their words, before their request too', async () => {
    const say = (body) => beiling.post('/api/v1/followups', body);
    const waiting = await say({ 工单编号: 'BL-later', 追加编号: 'BL-later-1', 追加类型: '补充', 追加内容: '在学校门口' });
    assert.equal(waiting.status, 201, waiting.text);
    assert.deepEqual([waiting.body.kind, waiting.body.waits_for, waiting.body.source], ['supplement', 'request', SOURCE]);
    assert.equal((await push({ 工单编号: 'BL-later', 诉求标题: '后到' })).status, 201);
    await eventually('it is done', async () => (await beiling.get('/api/v1/followups?external_id=BL-later')).body.followups[0].state === 'done');
    assert.equal((await say(read('beiling-12345-followup.json'))).status, 201);
    const wrong = await say({ 工单编号: 'BL-later', 追加编号: 'x', 追加类型: '表扬' });
    assert.deepEqual([wrong.status, pointers(wrong)], [422, ['/追加类型']]);
    assert.deepEqual(pointers(await say({ 工单编号: 'BL-later', 追加编号: 'x', 追加类型: '评价' })), ['/是否解决']);
  });

  test('other sources go on in our words; whoever speaks for several says for which', async () => {
    assert.equal((await hotline.post('/api/v1/requests', { source: 'hotline-12345', external_id: 'plain', title: '照旧' })).status, 201);
    const made = await (await system.account('admin-security')).post('/api/v1/admin/tokens', { name: 'both', role: 'integration', sources: [SOURCE, 'hotline-12345'] });
    const both = system.bearer(made.body.token);
    assert.equal((await both.post(`/api/v1/requests?source=${SOURCE}`, { 工单编号: 'BL-both', 诉求标题: '两家' })).status, 201);
    assert.equal((await both.post('/api/v1/requests', { source: 'hotline-12345', external_id: 'both', title: '两家' })).status, 201);
    assert.equal((await both.post('/api/v1/requests?source=nobody', {})).status, 400);
    assert.equal((await hotline.post(`/api/v1/requests?source=${SOURCE}`, { 工单编号: 'BL-theirs', 诉求标题: '别家' })).status, 403);
  });

  test('removed, the source speaks our words again', async () => {
    assert.match(system.paidan(['source', 'mapping', 'show', SOURCE]).out, /"\/工单编号"/);
    const done = system.paidan(['source', 'mapping', 'remove', SOURCE, '--lang', 'en']);
    assert.match(done.out, /removed/);
    await eventually('intake knows', async () => (await push({ source: SOURCE, external_id: 'ours', title: '本系统的字段' })).status === 201);
  });
});
