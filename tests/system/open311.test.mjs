// Open311 GeoReport v2 against the running system: the npm client `open311` as it is published, a schema written from the standard for
// every XML answer, the standard's errors, and one request from the form to closed. Times come from the system, never from the weekday.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

const require = createRequire(import.meta.url);
const Open311 = require('open311');
const SCHEMA = path.join(path.dirname(new URL(import.meta.url).pathname), 'open311.xsd');

let system, base, key, operator, client;
before(async () => {
  system = await start('open311');
  base = `${system.url}/open311/v2/`;
  key = system.accounts.tokens.open311;
  operator = await system.account('operator');
});
after(() => system?.stop());

const get = async (file, headers = {}) => {
  const answer = await fetch(base + file, { headers });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: /json/.test(answer.headers.get('content-type')) ? JSON.parse(text) : null };
};
const post = async (file, form, headers = {}) => {
  const answer = await fetch(base + file, { method: 'POST', body: new URLSearchParams(form), headers });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: /json/.test(answer.headers.get('content-type')) ? JSON.parse(text) : null };
};
const call = (name, ...args) => new Promise((resolve, reject) => client[name](...args, (error, data) => (error ? reject(new Error(`${error}: ${data}`)) : resolve(data))));
const LIGHT = { service_code: '020305', lat: '41.33', long: '123.76', description: '路灯不亮, 联系 13800005678' };

function isValid(answer, status = 200) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get('content-type'), 'text/xml; charset=utf-8');
  assert.match(answer.text, /^<\?xml version="1.0" encoding="UTF-8"\?>/);
  const checked = spawnSync('xmllint', ['--noout', '--schema', SCHEMA, '-'], { input: answer.text, encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stderr + answer.text.slice(0, 2000));
}

describe('the client of npm, unchanged', () => {
  let id;
  test('finds the endpoint, the services and their attributes', async () => {
    client = new Open311({ discovery: base + 'discovery.json' });
    const found = await call('serviceDiscovery', { cache: true });
    assert.equal(found.endpoints[0].url, base);
    assert.equal(client.endpoint, base);
    client.apiKey = key;
    const services = await call('serviceList');
    const light = services.find((service) => service.service_code === '020305');
    assert.equal(light.type, 'realtime');
    assert.equal(light.metadata, true);
    assert.equal(services.length, system.matters.filter((m) => m.public === 'yes' && m.sensitive === 'no').length, 'what residents may see');
    const definition = await call('serviceDefinition', '020305');
    assert.deepEqual(definition.attributes.map((a) => [a.code, a.order]), [['urgency', 1], ['occurred_at', 2], ['confidential', 3]]);
  });

  test('posts a request and reads it back, alone, by number and in the list', async () => {
    [{ service_request_id: id }] = await call('submitRequest', { ...LIGHT, first_name: '某', last_name: '欧阳', phone: '13800005678', attributes: { urgency: 'urgent' } });
    assert.match(id, /^R\d+$/);
    const stored = system.sql(`SELECT r.urgency, s.code FROM request r JOIN source s ON s.id = r.source WHERE 'R' || r.id = '${id}'`)[0];
    assert.equal(stored[1], 'city-app', 'the token\'s source, committed before the answer');
    const [alone] = await call('serviceRequest', id);
    assert.equal(alone.status, 'open');
    assert.equal(alone.service_code, '020305');
    assert.ok(alone.requested_datetime instanceof Date && !Number.isNaN(alone.requested_datetime.getTime()));
    const byNumber = await call('serviceRequests', [id]);
    assert.equal(byNumber.length, 1);
    const open = await call('serviceRequests', { status: 'open', service_code: '020305' });
    assert.ok(open.some((request) => request.service_request_id === id));
    assert.deepEqual((await call('serviceRequests', { status: 'closed' })).filter((r) => r.service_request_id === id), []);
  });

  test('the same in XML', async () => {
    const xml = new Open311({ endpoint: base, format: 'xml', apiKey: key });
    const list = await new Promise((resolve, reject) => xml._get('requests', (error, text) => (error ? reject(new Error(text)) : resolve(text))));
    assert.ok(list.includes(`<service_request_id>${id}</service_request_id>`));
  });
});

describe('every XML answer fits the schema', () => {
  test('of what is read', async () => {
    for (const file of ['discovery.xml', 'services.xml', 'services/020305.xml', 'requests.xml', 'servicerequestupdates.xml']) isValid(await get(file));
  });

  test('of what is posted, of one request and of a token', async () => {
    const odd = await post('requests.xml', { ...LIGHT, api_key: key, description: '<b>&amp;"\'\n第二行 ]]> 😀' }, { 'idempotency-key': 'odd' });
    isValid(odd, 201);
    const again = await post('requests.xml', { ...LIGHT, api_key: key, description: '<b>&amp;"\'\n第二行 ]]> 😀' }, { 'idempotency-key': 'odd' });
    isValid(again, 200);
    assert.equal(again.text, odd.text, 'the same key and form: the same request');
    assert.equal((await post('requests.json', { ...LIGHT, api_key: key }, { 'idempotency-key': 'odd' })).status, 409);
    const id = /<service_request_id>(.*?)</.exec(odd.text)[1];
    const one = await get(`requests/${id}.xml`);
    isValid(one);
    assert.ok(one.text.includes('&lt;b&gt;&amp;amp;&quot;\'\n第二行 ]]&gt; 😀'), one.text);
    const own = system.sql(`SELECT external_id FROM request WHERE 'R' || id = '${id}'`)[0][0];
    const token = await get(`tokens/${own}.xml`);
    isValid(token);
    assert.ok(token.text.includes(`<service_request_id>${id}<`) && token.text.includes(`<token>${own}<`));
  });

  test('of each error, with the standard\'s codes', async () => {
    const cases = [
      [404, get('services/999999.xml')],
      [404, get('services/1.xml')],
      [404, get('requests/R20200101000000001.xml')],
      [404, get('requests/nothing.xml')],
      [404, get('tokens/nothing.xml')],
      [404, get('requests.xml?service_code=999999')],
      [400, get('requests.xml?status=lost')],
      [400, get('requests.xml?start_date=yesterday')],
      [400, get('requests.xml?start_date=2026-01-01T00:00:00Z&end_date=2026-08-01T00:00:00Z')],
      [400, get('requests.xml?service_request_id=1,2')],
      [400, get('requests.xml?page_size=1001')],
      [403, get('requests.xml?api_key=nobody')],
      [403, post('requests.xml', LIGHT)],
      [403, post('requests.xml', { ...LIGHT, api_key: 'nobody' })],
      [403, post('requests.xml', { ...LIGHT, api_key: system.accounts.tokens.readonly })],
      [400, post('requests.xml', { api_key: key, lat: '41', long: '123' })],
      [404, post('requests.xml', { ...LIGHT, api_key: key, service_code: '999999' })],
      [400, post('requests.xml', { api_key: key, service_code: '020305', description: 'nowhere' })],
      [400, post('requests.xml', { ...LIGHT, api_key: key, lat: 'north' })],
      [400, post('requests.xml', { ...LIGHT, api_key: key, lat: '91' })],
      [400, post('requests.xml', { ...LIGHT, api_key: key, description: '长'.repeat(4001) })],
      [400, post('requests.xml', { ...LIGHT, api_key: key, 'attribute[urgency]': 'hot' })],
      [400, post('requests.xml', { ...LIGHT, api_key: key, 'attribute[occurred_at]': '2999-01-01T00:00:00Z' })],
      [403, post('servicerequestupdates.xml', { service_request_id: 'R1', description: 'x' })],
      [400, post('servicerequestupdates.xml', { api_key: key, description: 'x' })],
      [404, post('servicerequestupdates.xml', { api_key: key, service_request_id: 'R20200101000000001', description: 'x' })],
    ];
    for (const [status, asked] of cases) isValid(await asked, status);
    assert.deepEqual((await get('services/999999.json', { 'accept-language': 'en' })).body, [{ code: 404, description: 'There is no such service_code' }]);
  });
});

describe('who sees what', () => {
  test('without a key: no confidential request, no long number, no other channel', async () => {
    const secret = (await post('requests.json', { ...LIGHT, api_key: key, 'attribute[confidential]': 'true' })).body[0].service_request_id;
    await system.token('hotline').post('/api/v1/requests', { source: 'hotline-12345', external_id: 'o-1', title: '路灯不亮', matter: '020305' });
    const seen = await get('requests.json');
    assert.ok(seen.body.length > 0);
    assert.ok(!seen.text.includes('13800005678') && seen.text.includes('138********'));
    assert.ok(!seen.body.some((request) => request.service_request_id === secret));
    assert.equal((await get(`requests/${secret}.json`)).status, 404);
    const hotline = system.sql("SELECT 'R' || id FROM request WHERE external_id = 'o-1'")[0][0];
    assert.equal((await get(`requests/${hotline}.json`)).status, 404);
    assert.equal((await get(`requests/${hotline}.json?api_key=${key}`)).status, 404, 'another source\'s');
    const own = await get(`requests/${secret}.json?api_key=${key}&extensions=true`);
    assert.equal(own.body[0].service_request_id, secret);
    assert.match(own.body[0].extended_attributes.external_id, /^o311-/);
  });

  test('pages, and what changed since', async () => {
    const all = (await get('requests.json')).body.map((r) => r.service_request_id);
    const paged = [];
    for (let page = 1; ; page++) {
      const some = (await get(`requests.json?page=${page}&page_size=2`)).body;
      assert.ok(some.length <= 2);
      if (!some.length) break;
      paged.push(...some.map((r) => r.service_request_id));
    }
    assert.deepEqual(paged, all);
    const { updated_datetime: last } = (await get('requests.json')).body[0];
    assert.ok((await get(`requests.json?updated_after=${encodeURIComponent(last)}`)).body.length > 0);
    assert.equal((await get('requests.json?updated_before=2020-01-01T00:00:00Z')).body.length, 0);
    assert.equal((await get('requests.json?jurisdiction_id=&start_date=&colour=red')).status, 200, 'empty is absent, and what is not known is not looked at');
  });
});

test('a request goes from the form to closed, and its sender follows and adds to it', async () => {
  const id = (await post('requests.json', { ...LIGHT, api_key: key, address_string: '云汀区政府门前' })).body[0].service_request_id;
  const ticket = await eventually('it has a ticket', () => system.sql(`SELECT 'T' || ticket FROM ticket_request WHERE 'R' || request = '${id}'`)[0]?.[0]);
  const lead = (await operator.get(`/api/v1/tickets/${ticket}`)).body.owner;
  const department = await system.accountOfUnit(lead.code ?? lead);
  const update = { api_key: key, service_request_id: id, description: '入夜后整条街都不亮', update_id: 'u-1', status: 'open' };
  const added = await post('servicerequestupdates.xml', update);
  isValid(added);
  assert.equal((await post('servicerequestupdates.xml', update)).text, added.text, 'the same update_id acts once');
  const act = async (who, command, body = {}) => {
    const answer = await who.post(`/api/v1/tickets/${ticket}/${command}`, body);
    assert.equal(answer.status, 200, `${command}: ${answer.text}`);
  };
  await act(department, 'sign');
  await act(department, 'contact', { note: '已电话联系' });
  await act(department, 'finish', { answer: '路灯已更换, 现已正常照明。' });
  const unchecked = (await get(`requests/${id}.json?api_key=${key}`)).body[0];
  assert.ok(!unchecked.status_notes.includes('更换'), 'an answer is told once it was checked');
  const shown = (await operator.get(`/api/v1/tickets/${ticket}`)).body;
  await act(await system.accountOfUnit(shown.owner.code ?? shown.owner), 'pass');
  await act(operator, 'solved', { satisfied: true });
  const closed = await eventually('it is closed', async () => {
    const [request] = (await get(`requests/${id}.json`)).body;
    return request.status === 'closed' && request;
  });
  assert.equal(closed.status_notes, '路灯已更换, 现已正常照明。');
  assert.equal(closed.expected_datetime, null);
  assert.ok((await get('requests.json?status=closed')).body.some((request) => request.service_request_id === id));

  const updates = (await get(`servicerequestupdates.json?service_request_id=${id}&api_key=${key}`)).body.reverse();
  assert.equal(updates[0].description, '已受理登记');
  assert.equal(updates.at(-1).status, 'closed');
  assert.ok(updates.some((u) => u.description === '已补充: 入夜后整条街都不亮'));
  const open = await get(`servicerequestupdates.json?service_request_id=${id}`);
  assert.ok(!open.text.includes('入夜后') && open.text.includes('路灯已更换'), 'without a key the sender\'s words are not told, the answer is');
  isValid(await get(`servicerequestupdates.xml?service_request_id=${id}`));
  const late = await post('servicerequestupdates.json', { ...update, update_id: 'u-2' });
  assert.equal(late.status, 409, 'a closed one takes no supplement');
  assert.equal(late.body[0].code, 409);
});
