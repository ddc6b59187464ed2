// The bus's door for departments' systems, under CURVE: the clients of docs/examples as they are published (Python, Node), keys given
// and withdrawn by the security administrator, and what the door must refuse. Nothing waits for a time, only for what happens.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { decodeMulti, encode } from '@msgpack/msgpack';
import * as zmq from 'zeromq';

import { freePort, start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const pack = (fields) => Buffer.concat([Buffer.from([0x80 | fields.length]), ...fields.flatMap(([tag, value]) => [encode(tag), encode(value)])]);
const SUBSCRIBE = 13, EVENTS = 14, ACT = 15, OUTCOME = 16, COMMAND = 3, REQUEST_PUSH = 11;
const [TYPE, ID] = [2, 3];

let system, security, hotline, operator, lead, other, folder, door;
const programs = new Set();
let pushed = 0;

before(async () => {
  const port = await freePort();
  system = await start('bus', { PAIDAN_BUS_PORT: String(port) });
  security = await system.account('admin-security');
  hotline = system.token('hotline');
  operator = await system.account('operator');
  lead = system.departmentOf('020305');
  other = system.anotherDepartment(lead);
  folder = path.join(system.folder, 'clients');
  fs.mkdirSync(folder);
  // the clients as a reader of the documentation has them: one file, the libraries beside it
  fs.copyFileSync(path.join(here, '../../docs/examples/bus_client.mjs'), path.join(folder, 'bus_client.mjs'));
  fs.copyFileSync(path.join(here, '../../docs/examples/bus_client.py'), path.join(folder, 'bus_client.py'));
  fs.symlinkSync(path.join(here, 'node_modules'), path.join(folder, 'node_modules'));
  door = await eventually('the door listens', async () => {
    const { body } = await security.get('/api/v1/admin/bus-keys');
    return body.listening && body;
  });
  assert.equal(door.address, `tcp://127.0.0.1:${port}`);
  assert.equal(door.server_key.length, 40);
});
after(async () => {
  for (const program of programs) program.kill('SIGKILL');
  await system?.stop();
});

/* ---- helpers ---- */

async function push(matter = '020305') {
  const answer = await hotline.post('/api/v1/requests', {
    source: 'hotline-12345', external_id: `bus-${++pushed}`, matter, title: '路灯不亮', location: { lon: 123.76, lat: 41.33 } });
  assert.equal(answer.status, 201, answer.text);
  return eventually('its ticket', async () => {
    const { body } = await operator.get(`/api/v1/requests/${answer.body.number}`);
    return body.ticket?.number ?? body.ticket;
  });
}

async function makeToken(name, role, whose) {
  const answer = await security.post('/api/v1/admin/tokens', { name, role, ...whose });
  assert.equal(answer.status, 201, answer.text);
}

async function register(name, token, publicKey) {
  const answer = await security.post('/api/v1/admin/bus-keys', { name, token, public_key: publicKey });
  assert.equal(answer.status, 201, answer.text);
}

function client(language, keyFile, ...args) {
  const env = { ...process.env, PAIDAN_BUS: door.address, PAIDAN_BUS_SERVER: door.server_key, PAIDAN_BUS_KEY: keyFile };
  const [program, file] = { python: ['/usr/bin/python3', 'bus_client.py'], node: [process.execPath, 'bus_client.mjs'] }[language];
  const child = spawn(program, [file, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  programs.add(child);
  const said = { lines: [], err: '' };
  readline.createInterface({ input: child.stdout }).on('line', (line) => said.lines.push(line));
  child.stderr.on('data', (data) => { said.err += data; });
  said.ended = new Promise((resolve) => child.on('close', (code) => { programs.delete(child); resolve(code); }));
  said.stop = () => { child.kill('SIGTERM'); return said.ended; };
  return said;
}

async function run(language, keyFile, ...args) {
  const said = client(language, keyFile, ...args);
  return { code: await said.ended, ...said };
}

// A peer that may send anything: for what the published clients never do.
class Peer {
  constructor(keys) {
    this.keys = keys;
    this.socket = new zmq.Dealer({ curveServerKey: door.server_key, curveSecretKey: keys.secretKey, curvePublicKey: keys.publicKey, linger: 0, receiveTimeout: 8000, sendTimeout: 8000 });
    this.socket.connect(door.address);
    this.number = 0;
  }

  async ask(type, fields) {
    const number = ++this.number;
    await this.socket.send(Buffer.concat([pack([[1, 1], [TYPE, type], [ID, number]]), pack(fields)]));
    for (;;) {
      const [frame] = await this.socket.receive();
      const [head, body] = decodeMulti(frame);
      if (head[ID] === number || head[ID] === undefined) return [head[TYPE], body];
    }
  }

  close() {
    this.socket.close();
  }
}

async function peer(name, role, whose) {
  const keys = zmq.curveKeyPair();
  await makeToken(name, role, whose);
  await register(name, name, keys.publicKey);
  return new Peer(keys);
}

/* ---- the published clients ---- */

for (const language of ['python', 'node']) {
  describe(`the ${language} client`, () => {
    const name = `${language}-system`;
    let keyFile, ticket, following;

    test('makes its keys; the administrator registers the public one for the department', async () => {
      keyFile = path.join(folder, `${language}.key`);
      const made = await run(language, keyFile, 'keys', keyFile);
      assert.equal(made.code, 0, made.err);
      assert.equal(fs.statSync(keyFile).mode & 0o777, 0o600);
      await makeToken(name, 'department', { unit: lead });
      const done = system.paidan(['bus-key', 'add', name, name, made.lines[0]], 'admin-security');
      assert.equal(done.code, 0, done.err);
      assert.equal(done.out.trim(), `${door.address} ${door.server_key}`);
      const list = system.paidan(['bus-key', 'list'], 'admin-security');
      assert.match(list.out, new RegExp(name));
    });

    test('is told of its unit\'s events from the first one on, and goes on where it stopped', async () => {
      ticket = await push();
      following = client(language, keyFile, 'follow');
      const dispatched = await eventually('the dispatch is told', () =>
        following.lines.map((line) => JSON.parse(line)).find((e) => e.ticket === ticket && e.type === 'dispatched'), 20);
      assert.equal(dispatched.unit, lead);
      assert.equal(dispatched.state, 'OFFERED');
      assert.ok(dispatched.due > dispatched.at);
      await eventually('it keeps its place', () => Number(fs.readFileSync(`${keyFile}.seq`, 'utf8')) >= dispatched.seq);
      await following.stop();
    });

    test('acts: signs, once also when repeated, and is refused what is not legal or not known, with the reason', async () => {
      const signed = await run(language, keyFile, 'act', ticket, 'sign', 'key=sign-1');
      assert.equal(signed.code, 0, signed.lines.join() + signed.err);
      const outcome = JSON.parse(signed.lines[0]);
      assert.equal(outcome.ticket, ticket);
      const again = await run(language, keyFile, 'act', ticket, 'sign', 'key=sign-1');
      const repeated = JSON.parse(again.lines[0]);
      assert.deepEqual([repeated.status, repeated.repeated, repeated.seq], [200, true, outcome.seq]);
      const twice = JSON.parse((await run(language, keyFile, 'act', ticket, 'sign')).lines[0]);
      assert.deepEqual([twice.status, twice.verdict], [403, 'NOT_YOURS'], 'nothing is left to sign');
      const bare = await run(language, keyFile, 'act', ticket, 'finish');
      assert.equal(bare.code, 1);
      const wrong = JSON.parse(bare.lines[0]);
      assert.equal(wrong.status, 422);
      assert.match(wrong.detail, /answer/);
    });

    test('catches up with what happened while it was away, each event once and in order', async () => {
      following = client(language, keyFile, 'follow');
      await eventually('the signing is told', () => following.lines.some((line) => line.includes(ticket) && line.includes('"signed"')), 20);
      const events = following.lines.map((line) => JSON.parse(line));
      assert.ok(events.every((e, i) => i === 0 || e.seq > events[i - 1].seq), 'by seq, each once');
      assert.ok(!events.some((e) => e.ticket === ticket && e.type === 'dispatched'), 'not again what it had');
      const fresh = await push();
      await eventually('and then what happens now', () => following.lines.some((line) => line.includes(fresh)), 20);
      await following.stop();
    });
  });
}

/* ---- what is refused ---- */

describe('the door', () => {
  test('lets no unknown key in', async () => {
    const stranger = new Peer(zmq.curveKeyPair());
    // refused before it sent: nothing is there any more to send to; else its message is never answered
    stranger.socket.receiveTimeout = stranger.socket.sendTimeout = 700;
    await assert.rejects(stranger.ask(SUBSCRIBE, []), { code: 'EAGAIN' });
    await eventually('the refusal is counted', () => /BUS_KEY|bus_key_unknown/.test(fs.readFileSync(path.join(system.var, 'log/console/current'), 'utf8')));
    stranger.close();
  });

  test('refuses messages of a type that the role may not send, each with its reason, audited', async () => {
    const ticket = await push();
    const source = await peer('bus-source', 'integration', { sources: ['hotline-12345'] });
    const [type, body] = await source.ask(SUBSCRIBE, []);
    assert.deepEqual([type, body[1]], [OUTCOME, 403]);
    source.close();
    const reader = await peer('bus-reader', 'readonly', {});
    assert.equal((await reader.ask(ACT, [[1, ticket], [2, 7]]))[1][1], 403, 'a reader gives no command');
    assert.equal((await reader.ask(SUBSCRIBE, []))[0], EVENTS);
    reader.close();
    const department = await peer('bus-department', 'department', { unit: lead });
    assert.equal((await department.ask(ACT, [[1, ticket], [2, 6], [5, other]]))[1][1], 403, 'a department does not dispatch');
    assert.equal((await department.ask(COMMAND, [[1, 1], [2, 7]]))[1][1], 403, 'what services tell each other stays inside');
    assert.equal((await department.ask(REQUEST_PUSH, [[2, 'hotline-12345']]))[1][1], 403);
    department.close();
    const audit = system.sql("SELECT action FROM audit WHERE outcome = 'role'").flat();
    for (const action of ['subscribe', 'sign', 'dispatch', 'bus_message']) assert.ok(audit.includes(action), `${action} is in the audit log: ${audit}`);
  });

  test('shows a unit nothing of others: not their events, not their tickets', async () => {
    const ticket = await push();
    const direct = system.matters.find((m) => m.start === 'department' && m.lead && m.lead !== lead);
    const elsewhere = await peer('bus-elsewhere', 'department', { unit: direct.lead });
    const [, outcome] = await elsewhere.ask(ACT, [[1, ticket], [2, 7]]);
    assert.equal(outcome[1], 404);
    assert.equal(outcome[4], undefined, 'no state of what it may not see');
    const owner = await peer('bus-owner', 'department', { unit: lead });
    const [, mine] = await owner.ask(SUBSCRIBE, []);
    assert.ok(mine[4].length > 0);
    const subscribed = elsewhere.ask(SUBSCRIBE, []); // answered when the first event of its own comes
    const theirs = await push(direct.code);
    const [type, page] = await subscribed;
    assert.equal(type, EVENTS);
    assert.deepEqual([...new Set(page[4].map((event) => event[2]))], [theirs]);
    elsewhere.close();
    owner.close();
  });

  test('says what is wrong with a message, field by field, and stays open for the next', async () => {
    const sender = await peer('bus-sender', 'department', { unit: lead });
    const ticket = await push();
    const status = async (type, fields) => { const [, body] = await sender.ask(type, fields); return [body[1], body[9]]; };
    assert.deepEqual(await status(ACT, [[1, 'T1'], [2, 7]]), [422, '/ticket']);
    assert.deepEqual(await status(ACT, [[1, ticket]]), [422, '/name']);
    assert.deepEqual(await status(ACT, [[1, ticket], [2, 7], [13, 3]]), [400, '/score']);
    assert.deepEqual(await status(ACT, [[1, ticket], [2, 13], [6, 'no-such-unit']]), [422, '/units']);
    assert.equal((await status(ACT, [[1, 5]]))[0], 400, 'a number where text belongs');
    assert.equal((await status(99, []))[0], 400);
    assert.deepEqual(await status(ACT, [[1, ticket], [2, 17], [3, 'k'], [9, '已联系']]), [200, undefined]);
    assert.equal((await status(ACT, [[1, ticket], [2, 17], [3, 'k'], [9, '别的内容']]))[0], 409, 'the key of another act');
    sender.close();
  });

  test('silences a withdrawn key at once, also on an open connection, and a disabled token\'s within seconds', async () => {
    const leaver = await peer('bus-leaver', 'department', { unit: lead });
    assert.equal((await leaver.ask(SUBSCRIBE, []))[0], EVENTS);
    assert.equal((await security.delete('/api/v1/admin/bus-keys/bus-leaver')).status, 204);
    assert.equal((await leaver.ask(SUBSCRIBE, []))[1][1], 401);
    leaver.close();
    assert.equal((await security.delete('/api/v1/admin/bus-keys/bus-leaver')).status, 404);
    const disabled = await peer('bus-disabled', 'department', { unit: lead });
    assert.equal((await disabled.ask(SUBSCRIBE, []))[0], EVENTS);
    assert.equal((await security.delete('/api/v1/admin/tokens/bus-disabled')).status, 204);
    await eventually('it is refused', async () => (await disabled.ask(SUBSCRIBE, []))[1][1] === 401, 5);
    disabled.close();
  });

  test('takes only sound keys, for tokens there are, from the security administrator', async () => {
    const { publicKey } = zmq.curveKeyPair();
    const wrong = await security.post('/api/v1/admin/bus-keys', { name: 'x', token: 'no-such-token', public_key: 'short' });
    assert.deepEqual([wrong.status, wrong.body.errors[0].pointer], [422, '/public_key']);
    const nobody = await security.post('/api/v1/admin/bus-keys', { name: 'x', token: 'no-such-token', public_key: publicKey });
    assert.deepEqual([nobody.status, nobody.body.errors[0].pointer], [422, '/token']);
    assert.equal((await operator.post('/api/v1/admin/bus-keys', { name: 'x', token: 'x', public_key: publicKey })).status, 403);
    assert.equal(fs.statSync(path.join(system.var, 'secret/bus.key')).mode & 0o077, 0);
  });
});
