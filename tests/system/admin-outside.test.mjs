// Other systems, as administrators let them in from /admin: a token, a key on the bus, a webhook with all its buttons, another hotline's
// own words. In Chromium against the running system.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { Stage } from './lib/story.mjs';
import { eventually } from './lib/wait.mjs';
import { webhookReceiver } from './lib/webhooks.mjs';

let system, stage;
const PUBLIC_KEY = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'; // of ZeroMQ's own documentation

describe('/admin, other systems', { timeout: 300_000 }, () => {
  before(async () => {
    system = await start('admin-outside');
    stage = await Stage.open(system);
  });
  after(async () => {
    await stage?.close();
    await system?.stop();
  });

  test('a token is made, works, speaks on the bus by a key, and ends when it is withdrawn; what is wrong says where', async () => {
    const person = await stage.opensAdmin('security', 'tokens');
    const { page } = person;
    await page.fill('[name=token-name]', 'water-oa');
    await page.selectOption('[name=token-role]', 'department');
    await page.dblclick('.admin-form [type=submit]');
    await page.waitForSelector('.admin-note.bad', { timeout: 10_000 });
    await person.picksUnit('token-unit', 'water');
    await page.dblclick('.admin-form [type=submit]');
    await page.waitForSelector('[data-token=water-oa]');
    assert.equal((await page.$$('[data-token=water-oa]')).length, 1, 'pressed twice, made once');
    const token = await page.textContent('[data-test=once] code');
    const reads = () => system.bearer(token).get('/api/v1/queues');
    assert.equal((await reads()).status, 200);
    await page.click('[data-test=put-away]');

    await person.opensSection('keys');
    await page.fill('[name=key-name]', 'water-bus');
    await page.fill('[name=key-public]', 'short');
    await page.fill('[name=key-token]', 'water-oa');
    await person.presses('Enter');
    await page.waitForSelector('.admin-note.bad');
    await page.fill('[name=key-public]', PUBLIC_KEY);
    await page.click('.admin-form [type=submit]');
    await page.waitForSelector('[data-key=water-bus]');
    await person.axe('bus keys');
    await person.isSure('[data-key=water-bus] [data-act=withdraw]');
    await page.waitForSelector('[data-key=water-bus]', { state: 'detached' });

    await person.opensSection('tokens');
    await person.isSure('[data-token=water-oa] [data-act=withdraw]');
    await page.waitForSelector('[data-token=water-oa] .off');
    await eventually('the token has ended', async () => (await reads()).status === 401);
    await person.leaves();
  });

  test('a webhook: verified, tried, held, moved, its secret renewed, its last attempts read, removed', async () => {
    const receiver = await webhookReceiver();
    try {
      await system.approveLoopback(await system.account('admin-security'));
      const person = await stage.opensAdmin('system', 'endpoints');
      const { page } = person;
      const act = (name) => page.click(`[data-endpoint=water-oa] [data-act=${name}]`);
      const says = (text) => person.shows('.admin-note', text);
      receiver.echo = () => 'no'; // not yet ready to be proved
      await page.click('[data-test=new]');
      await page.fill('[name=endpoint-name]', 'water-oa');
      await page.fill('[name=endpoint-url]', receiver.url);
      await page.fill('[name=endpoint-source]', 'hotline-12345');
      await page.click('.admin-form [type=submit]');
      await page.waitForSelector('[data-endpoint=water-oa]');
      receiver.secret = await page.textContent('[data-test=once] code');
      await act('verify');
      await says('没有收下');
      receiver.echo = (challenge) => JSON.stringify({ challenge });
      await act('verify');
      await page.waitForSelector('[data-endpoint=water-oa] [data-act=test]');
      const before = receiver.raw.length;
      await act('test');
      await says('已收到');
      assert.ok(receiver.raw.length > before);
      receiver.answer = () => 500;
      await act('test');
      await says('HTTP 500');
      receiver.answer = () => 204;
      await act('pause');
      await person.shows('[data-endpoint=water-oa] [data-test=standing]', '已暂停');
      await act('pause');
      await person.shows('[data-endpoint=water-oa] [data-test=standing]', '在推送');
      await person.isSure('[data-endpoint=water-oa] [data-act=secret]');
      await page.waitForFunction((old) => document.querySelector('[data-test=once] code')?.textContent !== old, receiver.secret);
      receiver.secret = await page.textContent('[data-test=once] code');
      await act('test');
      await says('已收到');
      assert.deepEqual(receiver.refused, [], 'signed by a secret the receiver holds');
      await act('look');
      await person.shows('[data-test=attempts] tbody', 'HTTP 500');
      await person.axe('endpoints, attempts');
      await act('change');
      await page.fill('[name=endpoint-url]', `${receiver.url}/moved`);
      await page.click('.admin-form [type=submit]');
      await person.shows('[data-endpoint=water-oa]', '/moved');
      await person.isSure('[data-endpoint=water-oa] [data-act=remove]');
      await page.waitForSelector('[data-endpoint=water-oa]', { state: 'detached' });
      await person.leaves();
    } finally {
      await receiver.close();
    }
  });

  test('another hotline in its own words: a message is tried, a mistake names its field, and then it is in force', async () => {
    const admin = await system.account('admin-system');
    const sources = await admin.post('/api/v1/admin/sources/import', 'code,channel,name_zh,name_en\nbeiling-12345,phone,北岭市12345热线,Beiling hotline\n', { 'content-type': 'text/csv' });
    assert.equal(sources.status, 200, sources.text);
    const example = (name) => fs.readFileSync(path.join(system.root, 'docs/examples', name), 'utf8');
    const person = await stage.opensAdmin('system', 'mappings');
    const { page } = person;
    await page.setInputFiles('[data-test=mapping-file]', path.join(system.root, 'docs/examples/beiling-12345.json'));
    await page.fill('#mapping-sample', example('beiling-12345-request.json').replace('"紧急程度": 3', '"紧急程度": 9'));
    await page.click('[data-test=try]');
    await person.shows('[data-test=tried] li', '紧急程度');
    await page.fill('#mapping-sample', example('beiling-12345-request.json'));
    await page.click('[data-test=try]');
    await person.shows('[data-test=tried] pre', '020305');
    await person.axe('mappings');
    await page.click('[data-test=check]');
    await page.click('[data-test=apply]:enabled');
    await page.waitForSelector('[data-mapping=beiling-12345]');
    await person.leaves();
  });
});
