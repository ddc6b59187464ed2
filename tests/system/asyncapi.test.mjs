// /api/asyncapi.json: valid by the ecosystem's own parser; every message of proto/ and every type of event is in it; and what is really
// sent, by every way there is, fits it and holds nothing that it does not describe.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Parser } from '@asyncapi/parser';
import { decodeMulti, encode } from '@msgpack/msgpack';
import * as zmq from 'zeromq';

import { Schemas } from './contract/schemas.mjs';
import { freePort, start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';
import { webhookReceiver } from './lib/webhooks.mjs';

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const pack = (fields) => Buffer.concat([Buffer.from([0x80 | fields.length]), ...fields.flatMap(([tag, value]) => [encode(tag), encode(value)])]);
const SUBSCRIBE = 13, EVENTS = 14, ACT = 15, OUTCOME = 16, REQUEST_PUSH = 11, REQUEST_ACCEPTED = 12;
const NOTE = 17, SOURCE = 'hotline-12345';

let system, hotline, operator, admin, lead, text, json, schemas, hook;
let pushed = 0;

before(async () => {
  system = await start('asyncapi', { PAIDAN_BUS_PORT: String(await freePort()) });
  hotline = system.token('hotline');
  operator = await system.account('operator');
  admin = await system.account('admin-system');
  lead = system.departmentOf('020305');
  text = (await system.nobody().get('/api/asyncapi.json')).text;
  json = JSON.parse(text);
  schemas = new Schemas(json, require('ajv').default, require('ajv-formats').default);
  await system.approveLoopback(await system.account('admin-security'));
  hook = await webhookReceiver();
});
after(async () => {
  await hook?.close();
  await system?.stop();
});

/* ---- helpers ---- */

// What JSON can say: bytes as the document has them.
const plain = (value) => value instanceof Uint8Array ? Buffer.from(value).toString('base64')
  : Array.isArray(value) ? value.map(plain)
    : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)])) : value;
const frame = (bytes) => [...decodeMulti(bytes)].map(plain);
const fits = (name, value) => {
  const message = json.components.messages[name];
  assert.ok(message, `${name} is described`);
  const fault = schemas.unfit(message.payload, value);
  assert.equal(fault, null, `${name} ${fault}`);
};
const nameOf = (number) => Object.keys(json.components.messages).find((name) => json.components.messages[name]['x-number'] === number);

async function push(more = {}) {
  const answer = await hotline.post('/api/v1/requests', { source: SOURCE, external_id: `async-${++pushed}`, matter: '020305', title: '路灯不亮', location: { lon: 123.76, lat: 41.33 }, ...more });
  assert.equal(answer.status, 201, answer.text);
  return eventually('its ticket', async () => (await operator.get(`/api/v1/requests/${answer.body.number}`)).body.ticket?.number);
}

// A peer that asks and holds both sides of it against the document.
async function asked(socket, type, fields) {
  const question = Buffer.concat([pack([[1, 1], [2, type], [3, 7]]), pack(fields)]);
  fits(nameOf(type), frame(question));
  await socket.send(question);
  const answer = frame((await socket.receive()).at(-1));
  const name = nameOf(answer[0][2]);
  fits(name, answer);
  return answer;
}

// Server-sent events as they come: { event, id, data }, until one is enough.
async function watched(answer, enough) {
  const decoder = new TextDecoder(), seen = [];
  let rest = '';
  for await (const chunk of answer.body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks.filter((one) => one.includes('event:'))) {
      const fields = Object.fromEntries(block.split('\n').map((line) => /^(\w+): ?(.*)$/s.exec(line)).filter(Boolean).map(([, name, value]) => [name, value]));
      seen.push(fields);
      fits(fields.event, JSON.parse(fields.data));
      const headers = json.components.messages[fields.event].headers.properties;
      assert.equal(headers.event.const, fields.event);
      if (fields.id) assert.match(fields.id, new RegExp(schemas.resolve(headers.id).pattern));
    }
    if (enough(seen.map((fields) => fields.event))) return seen;
  }
  return seen;
}

/* ---- the document ---- */

test('the document is valid AsyncAPI 3 by npm\'s @asyncapi/parser', async () => {
  const { document, diagnostics } = await new Parser().parse(text);
  assert.deepEqual(diagnostics.filter((told) => told.severity <= 1).map((told) => `${told.path.join('/')}: ${told.message}`), []);
  assert.equal(document.version(), '3.0.0');
  assert.ok(document.operations().all().length > 10);
});

test('docs/asyncapi.json is what is served', () => {
  assert.deepEqual(JSON.parse(read('docs/asyncapi.json')), json);
});

test('every message of proto/, every type of event, every answer is in it', () => {
  const numbers = read('proto/messages.lock').split('\n').map((line) => /^message (\d+) (\w+)/.exec(line)).filter(Boolean);
  assert.ok(numbers.length >= 16);
  for (const [, number, name] of numbers) assert.equal(json.components.messages[name]?.['x-number'], Number(number), name);
  const inChannels = new Set(Object.values(json.channels).flatMap((channel) => Object.keys(channel.messages)));
  assert.deepEqual(Object.keys(json.components.messages).filter((name) => !inChannels.has(name)), [], 'each goes through some channel');
  const operations = Object.values(json.operations);
  const told = new Set(operations.flatMap((one) => [...one.messages ?? Object.keys(schemas.resolve(one.channel).messages).map((name) => ({ $ref: `/${name}` })), ...one.reply?.messages ?? []]).map((ref) => ref.$ref.split('/').at(-1)));
  assert.deepEqual([...inChannels].filter((name) => !told.has(name)), [], 'each is sent, received, or answers something');
});

test('every type of event has its webhook, in Chinese and English', async () => {
  const openapi = (await system.nobody().get('/api/openapi.json')).body;
  for (const type of openapi.components.schemas.EventType.enum) {
    const message = json.components.messages[`paidan.ticket.${type}`];
    assert.ok(message?.summary && message.description, type);
    assert.ok(json.channels.webhooks.messages[`paidan.ticket.${type}`]);
  }
});

test('the golden bytes of every message fit it, with every field that there is', () => {
  const files = fs.readdirSync(path.join(root, 'tests/golden')).filter((name) => name.startsWith('message_'));
  assert.ok(files.length >= 16);
  for (const file of files) {
    const hex = read(`tests/golden/${file}`).split('\n').map((line) => line.replace(/#.*/, '')).join('').replace(/\s/g, '');
    const name = file.slice('message_'.length, -'.hex'.length);
    const [envelope, body] = frame(Buffer.from(hex, 'hex'));
    fits(name, [envelope, body]);
    const described = Object.keys(json.components.schemas[`bus_${name}`].properties);
    assert.deepEqual(described.filter((tag) => !(tag in body)), [], `${name} shows every field`);
  }
});

test('the examples of docs know every field and word of it', () => {
  const javascript = read('docs/examples/bus_client.mjs'), python = read('docs/examples/bus_client.py');
  const names = (schema) => Object.values(json.components.schemas[`bus_${schema}`].properties).map((field) => field.title).join(' ');
  const words = (set) => Object.values(json.components.schemas[`word_${set}`]['x-words']).map((word) => word.text).join(' ');
  for (const example of [javascript, python].map((one) => one.replace(/\s+/g, ' ')))
    for (const list of [names('act'), names('outcome'), names('happened'), words('event_type'), words('state')])
      assert.ok(example.includes(list), `an example lacks: ${list}`);
});

/* ---- what is really sent ---- */

describe('over the bus', () => {
  let door, socket;
  before(async () => {
    const security = await system.account('admin-security');
    const keys = zmq.curveKeyPair();
    await security.post('/api/v1/admin/tokens', { name: 'async', role: 'department', unit: lead });
    door = (await security.post('/api/v1/admin/bus-keys', { name: 'async', token: 'async', public_key: keys.publicKey })).body;
    socket = new zmq.Dealer({ curveServerKey: door.server_key, curveSecretKey: keys.secretKey, curvePublicKey: keys.publicKey, linger: 0, receiveTimeout: 20_000 });
    socket.connect(door.address);
  });
  after(() => socket?.close());

  test('subscribing, events, commands and their outcomes, done and refused', async () => {
    const ticket = await push();
    const told = await asked(socket, SUBSCRIBE, [[1, 0]]);
    assert.equal(told[0][2], EVENTS);
    assert.ok(told[1][4].length >= 1);
    const done = await asked(socket, ACT, [[1, ticket], [2, NOTE], [3, 'async-1'], [9, '已到现场']]);
    assert.deepEqual([done[0][2], done[1][1]], [OUTCOME, 200]);
    const refused = await asked(socket, ACT, [[1, ticket], [2, NOTE], [5, 'no-such-unit'], [9, '已到现场']]);
    assert.ok([400, 422].includes(refused[1][1]), JSON.stringify(refused));
    assert.ok(refused[1][9] && refused[1][10]);
  });

  test('a push of this machine', async () => {
    const pushes = new zmq.Dealer({ linger: 0, receiveTimeout: 20_000 });
    pushes.connect(`ipc://${fs.realpathSync(path.join(system.var, 'run'))}/bus/intake`);
    try {
      const fields = [[1, system.accounts.tokens.hotline], [2, SOURCE], [3, 'async-bus'], [6, '路灯不亮']];
      const answer = await asked(pushes, REQUEST_PUSH, fields);
      assert.deepEqual([answer[0][2], answer[1][1]], [REQUEST_ACCEPTED, 201]);
    } finally {
      pushes.close();
    }
  });

  test('what the router tells the services', async () => {
    const news = new zmq.Subscriber({ linger: 0, receiveTimeout: 20_000 });
    news.connect(`ipc://${fs.realpathSync(path.join(system.var, 'run'))}/bus/events`);
    news.subscribe();
    try {
      const seen = new Set();
      await push();
      while (!seen.has('changes') || !seen.has('beat')) {
        const message = frame((await news.receive()).at(-1));
        seen.add(nameOf(message[0][2]));
        fits(nameOf(message[0][2]), message);
        if (!seen.has('changes')) await push();
      }
    } finally {
      news.close();
    }
  });
});

describe('by webhook', () => {
  test('the challenge, a test, and a ticket\'s life to a source and to a unit; the very bodies that are fetched', async () => {
    const units = await webhookReceiver();
    try {
      hook.secret = await system.addEndpoint(admin, { name: 'async-source', url: hook.url, source: SOURCE });
      units.secret = await system.addEndpoint(admin, { name: 'async-unit', url: units.url, unit: lead });
      assert.equal((await admin.post('/api/v1/admin/endpoints/async-source/test')).body.outcome, 'delivered');
      const ticket = await push();
      const department = await system.account(`department-${lead}`);
      for (const [who, command, body] of [[department, 'sign', {}], [department, 'contact', { note: '已电话联系' }], [department, 'ask_extension', { until: new Date(Date.now() + 90 * 86_400_000 + system.clockOffset()).toISOString(), reason: '等待配件' }],
        [operator, 'refuse_extension', { reason: '理由不足' }], [operator, 'urge', { note: '请尽快' }], [department, 'finish', { answer: '路灯已更换。', result: 'solved' }]]) {
        const answer = await who.post(`/api/v1/tickets/${ticket}/${command}`, body);
        assert.equal(answer.status, 200, `${command}: ${answer.text}`);
      }
      for (const there of [hook, units]) await eventually('the end is told', () => there.events.some((event) => event.data.ticket === ticket && event.data.event === 'finished'), 20);
      const sent = [...hook.raw, ...units.raw].map(({ headers, body }) => ({ headers, body: JSON.parse(body) }));
      for (const { headers, body } of sent) {
        fits(body.type, body);
        const signed = json.components.messageTraits.signed.headers;
        for (const name of signed.required) assert.match(headers[name], new RegExp(signed.properties[name].pattern ?? '.'), name);
        if (body.data.request) assert.equal(json.components.messages[body.type]['x-sources'], true, `${body.type} goes to sources`);
      }
      const types = new Set(sent.map(({ body }) => body.type));
      for (const type of ['paidan.endpoint.challenge', 'paidan.endpoint.test', 'paidan.ticket.dispatched', 'paidan.ticket.finished']) assert.ok(types.has(type), type);
      assert.ok(types.size >= 8, [...types].join());
      const { events } = (await hotline.get('/api/v1/events?limit=500')).body;
      const same = sent.find(({ body }) => body.type === 'paidan.ticket.dispatched' && body.data.request).body;
      assert.deepEqual(events.find((event) => event.id === same.id), same);
      for (const event of events) fits(event.type, event);
    } finally {
      await units.close();
    }
  });
});

describe('as server-sent events', () => {
  test('the stream: a snapshot, then deltas', async () => {
    const stop = new AbortController();
    const answer = await fetch(`${system.url}/api/v1/stream`, { headers: operator.headers('GET'), signal: stop.signal });
    let enough = false;
    const pushing = (async () => { while (!enough) await push(); })();
    try {
      const seen = await watched(answer, (events) => events.includes('delta') || events.filter((event) => event === 'snapshot').length > 3);
      assert.equal(seen[0].event, 'snapshot');
    } finally {
      enough = true;
      stop.abort();
      await pushing;
    }
  });

  test('and says so when Redis is away', async () => {
    const stop = new AbortController();
    const answer = await fetch(`${system.url}/api/v1/stream`, { headers: operator.headers('GET'), signal: stop.signal });
    const watching = watched(answer, (events) => events.includes('degraded'));
    const pid = Number(/process_id:(\d+)/.exec(system.redis('info', 'server'))[1]);
    process.kill(pid, 'SIGSTOP');
    try {
      assert.ok((await watching).some(({ event }) => event === 'degraded'));
    } finally {
      process.kill(pid, 'SIGCONT');
      stop.abort();
    }
  });

  test('a preview, as it is counted', async () => {
    const policies = (await admin.get('/api/v1/admin/policies/export')).text;
    const changed = policies.replace(/^(standard,limit,sign,normal,)\d+(\w\w)/m, '$19$2');
    assert.notEqual(changed, policies);
    const answer = await fetch(`${system.url}/api/v1/policies/preview?format=events`, { method: 'POST', headers: { ...admin.headers('POST'), 'content-type': 'text/csv' }, body: changed });
    assert.equal(answer.status, 200);
    const events = (await watched(answer, (seen) => seen.includes('summary'))).map((one) => one.event);
    for (const event of ['progress', 'moves', 'summary']) assert.ok(events.includes(event), events.join());
  });
});
