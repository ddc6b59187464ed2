// Photos that a push gives by reference: fetched behind it, from where the source keeps them, through the same guard as webhooks, and then
// files like any other. A place that fails in any way delays neither the push nor anybody's ticket nor other photos, is tried a bounded
// number of times, and what became of it stands with the request.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { photo, plainPhoto } from './lib/photo.mjs';
import { eventually } from './lib/wait.mjs';

const SOURCE = 'hotline-12345';
let system, hotline, operator, department, store, pushed = 0;

// Where a source keeps its photos; each path as it is told to be.
async function photoStore() {
  const made = { asked: [], at: {}, hanging: new Set() };
  const server = http.createServer((request, response) => {
    made.asked.push(request.url);
    made.at[request.url](request, response);
  });
  server.on('connection', (socket) => { made.hanging.add(socket); socket.on('close', () => made.hanging.delete(socket)); });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  made.url = `http://127.0.0.1:${server.address().port}`;
  made.close = () => new Promise((resolve) => { server.close(resolve); for (const socket of made.hanging) socket.destroy(); });
  return made;
}

before(async () => {
  system = await start('references');
  [hotline, operator, store] = [system.token('hotline'), await system.account('operator'), await photoStore()];
  department = await system.account(`department-${system.departmentOf('020305')}`);
});
after(async () => {
  await store?.close();
  await system?.stop();
});

const gives = (bytes, type = 'application/octet-stream') => (_, response) => response.writeHead(200, { 'content-type': type }).end(bytes);
const answers = (status, headers = {}) => (_, response) => response.writeHead(status, headers).end();
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

async function push(...attachments) {
  const body = { source: SOURCE, external_id: `reference-${++pushed}`, matter: '020305', title: '路灯不亮', location: { lon: 123.76, lat: 41.33 }, attachments };
  const answer = await hotline.post('/api/v1/requests', body);
  assert.equal(answer.status, 201, answer.text);
  return { number: answer.body.number, body };
}

const attachmentsOf = async (number) => (await hotline.get(`/api/v1/requests/${number}`)).body.attachments;
const settled = (number, state) => eventually(`${number} is ${state}`, async () => {
  const [file] = await attachmentsOf(number);
  return file.reference.state === state && file;
});
const tried = (number, tries) => eventually(`${number} was tried ${tries} times`, async () => {
  const [{ reference }] = await attachmentsOf(number);
  return reference.tries >= tries && (reference.why || reference.state === 'kept') && reference;
});

test('from a network that nobody approved nothing is fetched; the request has its ticket all the same', async () => {
  store.at['/early.jpg'] = gives(photo());
  const { number } = await push({ url: `${store.url}/early.jpg` });
  const reference = await tried(number, 1);
  assert.deepEqual([reference.state, reference.why.code], ['waiting', 'address']);
  assert.match(reference.why.en, /approved by the security administrator/);
  assert.deepEqual(store.asked, []);
  await eventually('its ticket', async () => (await hotline.get(`/api/v1/requests/${number}`)).body.ticket);
  await system.approveLoopback(await system.account('admin-security'));
  system.advanceClock(10_000);
  await settled(number, 'kept');
});

describe('a photo given by address', () => {
  test('is fetched once, looked at, stripped, and given to whom the ticket is shown', async () => {
    const bytes = photo();
    store.at['/1.jpg'] = gives(bytes);
    const { number, body } = await push({ url: `${store.url}/1.jpg`, sha256: sha256(bytes).toUpperCase() }, { url: 'kept-in-our-own-store.jpg' });
    const file = await settled(number, 'kept');
    assert.deepEqual([file.type, file.reference.url, file.reference.tries, file.reference.why], ['image/jpeg', `${store.url}/1.jpg`, 1, null]);
    assert.match(file.url, /^\/api\/v1\/attachments\/[0-9a-f]{32}$/);
    assert.notEqual(file.sha256, sha256(bytes), 'its metadata is gone');
    assert.deepEqual((await attachmentsOf(number))[1], { url: 'kept-in-our-own-store.jpg' });
    const { ticket } = (await hotline.get(`/api/v1/requests/${number}`)).body;
    const shown = (await department.get(`/api/v1/tickets/${ticket.number}`)).body.requests[0].attachments[0];
    assert.equal(shown.id, file.id);
    for (const who of [department, operator, hotline]) {
      const answer = await fetch(system.url + file.url, { headers: who.headers('GET') });
      assert.equal(answer.status, 200);
      assert.equal(sha256(Buffer.from(await answer.arrayBuffer())), file.sha256);
    }
    assert.equal((await fetch(system.url + file.thumbnail_url, { headers: department.headers('GET') })).status, 200);
    assert.equal((await hotline.post('/api/v1/requests', body)).status, 200, 'a repeat is one');
    const next = await push({ url: `${store.url}/1.jpg` });
    await settled(next.number, 'kept');
    assert.equal(store.asked.filter((url) => url === '/1.jpg').length, 2, 'once for each request');
  });

  test('that is none is refused for good, with the reason', async () => {
    const large = Buffer.alloc(1 << 20);
    Object.assign(store.at, {
      '/page.jpg': gives('<html>sign in</html>', 'image/jpeg'), '/cut.jpg': gives(photo().subarray(0, 300)), '/empty.jpg': gives(''),
      '/gone.jpg': answers(410), '/moved.jpg': answers(302, { location: 'http://127.0.0.1:1/' }), '/other.jpg': gives(photo()),
      '/endless.jpg': (_, response) => { const more = () => { while (!response.destroyed && response.write(large)); }; response.on('drain', more); more(); },
    });
    for (const [path, code, more] of [['/page.jpg', 'type'], ['/cut.jpg', 'damaged'], ['/empty.jpg', 'empty'], ['/gone.jpg', 'status'], ['/moved.jpg', 'status'],
      ['/other.jpg', 'hash', { sha256: 'a'.repeat(64) }], ['/endless.jpg', 'too_large']]) {
      const { number } = await push({ url: store.url + path, ...more });
      const { reference, url, id } = await settled(number, 'failed');
      assert.deepEqual([reference.why.code, reference.tries, url, id], [code, 1, store.url + path, undefined], path);
      assert.ok(reference.why.zh && reference.why.en);
    }
    assert.equal(system.sql('SELECT count(*) FROM attachment WHERE ready AND request = 0')[0][0], '0', 'nothing is left lying about');
  });

  test('that hangs holds up no other', async () => {
    store.at['/hangs.jpg'] = () => {};
    store.at['/2.png'] = gives(plainPhoto);
    const hung = await push(...Array.from({ length: 10 }, () => ({ url: `${store.url}/hangs.jpg` })));
    await eventually('two of them hold their places', () => store.asked.filter((url) => url === '/hangs.jpg').length === 2);
    const other = await system.token('open311').post('/open311/v2/requests.json', new URLSearchParams({ api_key: system.accounts.tokens.open311, service_code: '020305',
      lat: '41.33', long: '123.76', media_url: `${store.url}/2.png` }).toString(), { 'content-type': 'application/x-www-form-urlencoded' });
    assert.equal(other.status, 201, other.text);
    await eventually('another source\'s is there', async () => (await system.token('open311').get(`/api/v1/requests/${other.body[0].service_request_id}`)).body.attachments[0].reference.state === 'kept');
    assert.equal(store.asked.filter((url) => url === '/hangs.jpg').length, 2);
    assert.ok((await attachmentsOf(hung.number)).every(({ reference }) => reference.state === 'waiting'));
    store.at['/hangs.jpg'] = gives(photo());
    for (const socket of store.hanging) socket.destroy();
    await eventually('the others follow', async () => { system.advanceClock(10_000); return (await attachmentsOf(hung.number)).every(({ reference }) => reference.state === 'kept'); }, 30);
  });
});

test('a place that fails is tried again with growing pauses, a kill in between loses nothing, and at last it is given up', async () => {
  store.at['/late.jpg'] = answers(503);
  store.at['/never.jpg'] = answers(404);
  const [late, never] = [await push({ url: `${store.url}/late.jpg` }), await push({ url: `${store.url}/never.jpg` })];
  for (const { number } of [late, never]) assert.deepEqual([(await tried(number, 1)).state, (await tried(number, 1)).why.code], ['waiting', 'status']);
  system.kill('console');
  await eventually('it is back', () => system.isReady('console'));
  store.at['/late.jpg'] = gives(photo());
  for (const [tries, pause] of [[2, 10], [3, 60], [4, 600], [5, 3600], [6, 21_600]]) {
    system.advanceClock(pause * 1000);
    assert.equal((await tried(never.number, tries)).tries, tries);
  }
  assert.equal((await settled(late.number, 'kept')).reference.tries, 2);
  assert.equal((await settled(never.number, 'failed')).reference.tries, 6);
  system.advanceClock(86_400_000);
  const asked = store.asked.filter((url) => url === '/never.jpg').length;
  const last = await push({ url: `${store.url}/late.jpg` });
  await settled(last.number, 'kept');
  assert.equal(store.asked.filter((url) => url === '/never.jpg').length, asked, 'and then left alone');
  assert.ok(asked <= 6, `${asked}`);
});
