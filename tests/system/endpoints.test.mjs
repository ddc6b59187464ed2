// Webhook endpoints as whoever integrates meets them: an address proves itself, is told what it asked for, changes its secret and its
// address, is paused, tried out, removed; one that hangs holds up nobody. Every webhook is verified by npm's standardwebhooks.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';
import { webhookReceiver } from './lib/webhooks.mjs';

const SOURCE = 'hotline-12345';
const CONFIG = 'retry_first = 50ms\nretry_max = 200ms\ntimeout = 1500ms\nattempts_max = 100\nwaiting_max = 20\n';
let system, hotline, admin, lead, pushed = 0;
const open = [];

before(async () => {
  system = await start('endpoints');
  const folder = path.join(system.var, 'override');
  fs.mkdirSync(folder, { recursive: true });
  fs.chmodSync(folder, 0o755);
  fs.writeFileSync(path.join(folder, 'notification.conf'), CONFIG, { mode: 0o644 });
  const up = system.ctl('up');
  assert.equal(up.code, 0, up.out + up.err);
  hotline = system.token('hotline');
  admin = await system.account('admin-system');
  lead = system.departmentOf('020305');
});
after(async () => {
  await Promise.all(open.map((receiver) => receiver.close()));
  await system?.stop();
});

const receiver = async () => { const made = await webhookReceiver(); open.push(made); return made; };
const at = (name) => system.endpoint(admin, name);
const url = (name, act = '') => `/api/v1/admin/endpoints/${name}${act}`;
const push = async (more = {}) => {
  const answer = await hotline.post('/api/v1/requests', { source: SOURCE, external_id: `e-${++pushed}`, matter: '020305', title: '路灯不亮', location: { lon: 123.76, lat: 41.33 }, ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.number;
};
const attempts = async (name) => (await admin.get(url(name, '/attempts'), { 'accept-language': 'en' })).body.attempts;
const of = (receiver, number) => receiver.events.filter((event) => event.data.request === number);
const arrived = (receiver, number) => eventually(`${number} arrives`, () => of(receiver, number)[0]);
// The library checks the time against this machine's clock.
const verify = (secret, { headers, body }) => new Webhook(secret).verify(body, headers);

describe('an address', () => {
  let there, secret;

  before(async () => { there = await receiver(); });

  test('in a network that nobody approved is refused by its figures, and by its name at the connect', async () => {
    const refused = await admin.post('/api/v1/admin/endpoints', { name: 'near', url: there.url, source: SOURCE }, { 'accept-language': 'en' });
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.body.errors[0].pointer, '/url');
    assert.match(refused.body.errors[0].detail, /approved by the security administrator/);
    const byName = { name: 'near', url: there.url.replace('127.0.0.1', 'localhost'), source: SOURCE };
    assert.equal((await admin.post('/api/v1/admin/endpoints', byName)).status, 201);
    const told = await admin.post(url('near', '/verify'));
    assert.equal(told.body.outcome, 'address', told.text);
    assert.equal(told.body.status, null);
    assert.match(told.body.reason, /内网/);
    await push();
    assert.equal(there.raw.length, 0, 'nobody ever called');
    assert.equal((await at('near')).verified, false);
    assert.equal((await admin.delete(url('near'))).status, 204);
  });

  test('gets nothing but the challenge until it repeats it', async () => {
    await system.approveLoopback(await system.account('admin-security'));
    there.echo = (challenge) => JSON.stringify({ data: { challenge } }); // an echo of all that came is no answer
    const made = await admin.post('/api/v1/admin/endpoints', { name: 'shy', url: there.url, source: SOURCE });
    assert.equal(made.status, 201, made.text);
    there.secret = secret = made.body.secret;
    const asked = await system.paidanAside(['endpoint', 'verify', 'shy', '--lang', 'en']);
    assert.equal(asked.code, 1, asked.out);
    assert.match(asked.out, /does not repeat the challenge/);
    assert.equal((await admin.post(url('shy', '/test'))).status, 409);
    await push();
    await eventually('challenged again by itself', () => there.challenges >= 3);
    assert.ok(there.raw.every(({ body }) => JSON.parse(body).type === 'paidan.endpoint.challenge'));
    verify(secret, there.raw.at(-1));
    assert.equal((await at('shy')).waiting, 0, 'nothing is kept for who never was there');
    there.echo = (challenge) => `${challenge}\n`;
    assert.equal((await admin.post(url('shy', '/verify'))).body.outcome, 'delivered');
    await eventually('proved', async () => (await at('shy')).verified_at);
    const event = await arrived(there, await push());
    assert.equal(event.specversion, '1.0');
  });

  test('that is changed proves itself anew; what comes meanwhile waits, in order', async () => {
    const next = await receiver();
    await eventually('nothing is under way', async () => (await at('shy')).waiting === 0);
    next.secret = secret;
    next.echo = () => 'no';
    assert.equal((await admin.post(url('shy'), { url: next.url })).status, 204);
    assert.equal((await at('shy')).verified, false);
    const before = there.raw.length;
    const number = await push();
    await eventually('it waits', async () => (await at('shy')).waiting >= 2);
    assert.equal(there.raw.length, before, 'the old address hears nothing more');
    assert.deepEqual(next.events, []);
    next.echo = (challenge) => JSON.stringify({ challenge });
    await eventually('all of it arrives', () => of(next, number).length >= 2);
    assert.deepEqual(of(next, number).map((event) => event.data.version), of(next, number).map((event, i) => i + 1));
    await eventually('nothing waits', async () => (await at('shy')).waiting === 0);
    assert.equal((await admin.delete(url('shy'))).status, 204);
  });
});

test('as many networks as are looked at may be approved, and one more is refused', async () => {
  const security = await system.account('admin-security');
  system.sql("INSERT INTO approved_network SELECT '10.' || i || '.0.0/16' FROM generate_series(0, 254) i");
  const one = (cidr) => security.post('/api/v1/admin/networks', { cidr }, { 'accept-language': 'en' });
  const full = await one('172.16.0.0/16');
  assert.equal(full.status, 409, full.text);
  assert.match(full.body.detail, /256 networks are approved/);
  assert.equal((await one('10.7.0.0/16')).status, 201, 'what is approved stays so');
  assert.equal((await security.delete('/api/v1/admin/networks?cidr=10.7.0.0/16')).status, 204);
  assert.equal((await one('172.16.0.0/16')).status, 201);
  system.sql("DELETE FROM approved_network WHERE cidr LIKE '10.%' OR cidr LIKE '172.%'");
});

describe('a subscription', () => {
  test('names a unit, beginnings of matters, types of events; whoever was told of a ticket hears of its end', async () => {
    const [lights, others, unit] = [await receiver(), await receiver(), await receiver()];
    lights.secret = await system.addEndpoint(admin, { name: 'lights', url: lights.url, source: SOURCE, matters: ['0203'] });
    others.secret = await system.addEndpoint(admin, { name: 'others', url: others.url, source: SOURCE, matters: ['01', '020304'], events: ['received', 'dispatched'] });
    unit.secret = await system.addEndpoint(admin, { name: 'unit', url: unit.url, unit: lead, events: ['dispatched'] });
    const other = system.matters.find((matter) => matter.code.startsWith('01')).code;
    const [light, elsewhere, unsaid] = [await push(), await push({ matter: other }), await push({ matter: undefined })];
    await arrived(lights, light);
    await arrived(others, elsewhere);
    const { ticket } = (await arrived(lights, light)).data;
    await eventually('the unit hears', () => unit.events.find((event) => event.data.ticket === ticket));
    for (const [who, numbers] of [[lights, [elsewhere, unsaid]], [others, [light, unsaid]]])
      for (const number of numbers) assert.deepEqual(of(who, number), []);
    assert.ok(unit.events.every((event) => event.data.event === 'dispatched'));
    assert.ok(others.events.every((event) => ['received', 'dispatched'].includes(event.data.event)));
    for (const [matters, status, pointer] of [[['2', 7], 400, '/matters/1'], [['2', '99'], 422, '/matters/0'], [['99'], 422, '/matters/0']]) {
      const wrong = await admin.post(url('lights'), { matters });
      assert.deepEqual([wrong.status, ...wrong.body.errors.map((error) => error.pointer)], [status, pointer]);
    }
    assert.equal((await admin.post(url('lights'), { matters: [other] })).status, 204);
    const known = of(lights, light).length;
    const department = await system.account(`department-${lead}`);
    assert.equal((await department.post(`/api/v1/tickets/${ticket}/sign`, {})).status, 200);
    await eventually('it hears of the ticket it knows', () => of(lights, light).length > known);
    for (const name of ['lights', 'others', 'unit']) assert.equal((await admin.delete(url(name))).status, 204);
    assert.deepEqual([lights, others, unit].flatMap((who) => who.refused), []);
  });
});

describe('an endpoint', () => {
  let there;

  before(async () => {
    there = await receiver();
    there.secret = await system.addEndpoint(admin, { name: 'water', url: there.url, source: SOURCE, events: ['received'] });
  });

  test('is tried out: a signed test event now, and what it said', async () => {
    there.raw.length = 0;
    const told = await admin.post(url('water', '/test'));
    assert.equal(told.status, 200, told.text);
    assert.deepEqual([told.body.kind, told.body.outcome, told.body.status, told.body.address], ['test', 'delivered', 204, '127.0.0.1']);
    assert.equal(there.raw[0].headers['webhook-id'], told.body.webhook_id);
    assert.equal(verify(there.secret, there.raw[0]).type, 'paidan.endpoint.test');
    there.answer = () => 500;
    const failed = await system.paidanAside(['endpoint', 'test', 'water', '--lang', 'en']);
    assert.equal(failed.code, 1);
    assert.match(failed.out, /another status than 2xx  HTTP 500/);
    there.answer = () => null;
    assert.equal((await admin.post(url('water', '/test'))).body.outcome, 'timeout');
    there.answer = () => 204;
    assert.equal((await admin.post(url('nowhere', '/test'))).status, 404);
    assert.equal((await system.token('hotline').post(url('water', '/test'))).status, 403);
  });

  test('has a log of what was tried, newest first', async () => {
    const number = await push();
    await arrived(there, number);
    const log = await eventually('the delivery is in it', async () => { const all = await attempts('water'); return all[0].kind === 'event' && all; });
    assert.deepEqual([log[0].event, log[0].outcome, log[0].status], ['received', 'delivered', 204]);
    assert.equal(log[0].webhook_id, of(there, number)[0].id);
    assert.equal(log[0].ticket, of(there, number)[0].data.ticket);
    assert.deepEqual(log.slice(1, 5).map((attempt) => [attempt.kind, attempt.outcome]), [['test', 'timeout'], ['test', 'status'], ['test', 'delivered'], ['challenge', 'delivered']]);
    assert.match((await system.paidanAside(['endpoint', 'attempts', 'water', '--lang', 'zh'])).out, /对方在时限内没有答完/);
  });

  test('changes its secret: both sign for a while, then the new one alone', async () => {
    const old = there.secret;
    const done = await system.paidanAside(['endpoint', 'rotate', 'water', '--overlap', '2', '--json']);
    assert.equal(done.code, 0, done.err);
    const { secret, old_secret_until: until } = JSON.parse(done.out);
    assert.notEqual(secret, old);
    assert.equal((await at('water')).old_secret_until, until);
    const send = async () => { there.raw.length = 0; assert.equal((await admin.post(url('water', '/test'))).body.outcome, 'delivered'); return there.raw[0]; };
    const both = await eventually('both sign', async () => { const sent = await send(); return sent.headers['webhook-signature'].includes(' ') && sent; });
    verify(old, both);
    verify(secret, both);
    const number = await push();
    await arrived(there, number); // who still has the old one
    there.secret = secret;
    await arrived(there, await push());
    assert.equal((await admin.post(url('water', '/secret'), { overlap_hours: 2 })).status, 409, 'two at most');
    assert.equal((await admin.post(url('water', '/secret'), { overlap_hours: 169 })).status, 422);
    const last = await admin.post(url('water', '/secret'), { overlap_hours: 0 });
    assert.equal(last.status, 200, last.text);
    assert.equal(last.body.old_secret_until, null);
    there.secret = last.body.secret;
    const alone = await eventually('the new one alone', async () => { const sent = await send(); return !sent.headers['webhook-signature'].includes(' ') && sent; });
    verify(last.body.secret, alone);
    for (const gone of [old, secret]) assert.throws(() => verify(gone, alone));
  });

  test('is paused: its events wait in order, up to the limit; what is beyond it is a dead letter', async () => {
    assert.equal((await system.paidanAside(['endpoint', 'pause', 'water'])).code, 0);
    await eventually('nothing is under way', async () => (await at('water')).waiting === 0);
    const before = there.raw.length, numbers = [];
    for (let i = 0; i < 22; i++) numbers.push(await push());
    const full = await eventually('twenty wait', async () => { const now = await at('water'); return now.waiting === 20 && now; });
    assert.ok(full.waiting_since);
    const letters = async () => (await admin.get('/api/v1/admin/deadletters')).body.deadletters.filter((letter) => letter.endpoint === 'water');
    const dead = await eventually('two are dead letters', async () => { const all = await letters(); return all.length === 2 && all; });
    assert.deepEqual(dead.map((letter) => letter.request), numbers.slice(20));
    assert.match(dead[0].error, /queue of the endpoint is full/);
    assert.equal(there.raw.length, before);
    assert.equal((await system.paidanAside(['endpoint', 'resume', 'water'])).code, 0);
    await eventually('all twenty arrive', () => numbers.slice(0, 20).every((number) => of(there, number)[0]));
    assert.equal((await admin.post(url('water', '/replay'))).body.replayed, 2);
    await arrived(there, numbers[21]);
    assert.deepEqual(there.refused.filter((why) => why !== 'wrong signature'), []);
  });

  test('is removed: what waited is discarded, with its reason in the audit', async () => {
    await eventually('nothing waits', async () => (await at('water')).waiting === 0);
    there.answer = () => 503;
    const number = await push();
    const waiting = await eventually('it waits', async () => (await at('water')).waiting);
    assert.equal((await admin.delete(url('water'))).status, 204);
    const [[left], [discarded]] = [system.sql('SELECT count(*) FROM delivery WHERE state = 1 AND endpoint NOT IN (SELECT id FROM endpoint)'),
      system.sql("SELECT count(*) FROM delivery WHERE state = 4 AND error = 'the endpoint was removed' AND request = " + number.slice(1))];
    assert.deepEqual([left, discarded], [['0'], ['1']]);
    const rows = (await (await system.account('admin-audit')).get('/api/v1/audit?action=endpoint_remove')).body.rows;
    assert.deepEqual(rows[0].detail, { name: 'water', discarded: waiting, reason: 'the endpoint was removed' });
  });
});

describe('endpoints that hang', () => {
  const sockets = new Set();
  // Accepts and never answers; answers a byte now and then; never ends its handshake. Each still repeats the challenge, over HTTP.
  const hanging = (answer) => new Promise((resolve) => {
    const server = net.createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes;
        const challenge = /"challenge":"([0-9a-f]+)"/.exec(text)?.[1];
        if (challenge) socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${challenge.length}\r\n\r\n${challenge}`);
        else answer(socket);
      });
    }).listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}/`));
    open.push({ close: () => new Promise((done) => { server.close(done); for (const socket of sockets) socket.destroy(); }) });
  });
  const drip = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX: ');
    const timer = setInterval(() => socket.destroyed ? clearInterval(timer) : socket.write('H'), 100);
  };

  test('hold up nobody: whoever listens has everything while they hold all their slots', async () => {
    const good = await receiver();
    for (const [name, answer] of [['silent', () => {}], ['dripping', drip], ['shaking', () => {}]]) {
      await system.addEndpoint(admin, { name, url: await hanging(answer), source: SOURCE });
    }
    good.secret = await system.addEndpoint(admin, { name: 'good', url: good.url, source: SOURCE, events: ['received'] });
    const shaking = (await at('shaking')).url;
    const numbers = [];
    for (let i = 0; i < 40; i++) {
      numbers.push(await push({ matter: undefined }));
      if (i % 10 === 9) for (const number of numbers) await arrived(good, number); // fewer than may wait for it
    }
    assert.equal(new Set(good.events.map((event) => event.data.request)).size, 40);
    for (const name of ['silent', 'dripping', 'shaking'])
      await eventually(`${name} is known to hang`, async () => (await attempts(name)).some((attempt) => attempt.outcome === 'timeout'), 20);
    assert.deepEqual((await attempts('good')).filter((attempt) => attempt.outcome !== 'delivered'), []);
    const tls = await admin.post(url('shaking'), { url: shaking.replace('http:', 'https:') }); // its handshake never ends
    assert.equal(tls.status, 204);
    assert.notEqual((await admin.post(url('shaking', '/verify'))).body.outcome, 'delivered');
    await arrived(good, await push({ matter: undefined }));
  });
});

describe('time passes', () => {
  test('and the old secret ends when it was said to', async () => {
    const there = await receiver();
    there.secret = await system.addEndpoint(admin, { name: 'clock', url: there.url, source: SOURCE, events: ['received'] });
    const old = there.secret;
    const { secret, old_secret_until: until } = (await admin.post(url('clock', '/secret'), { overlap_hours: 1 })).body;
    const signatures = async () => { there.raw.length = 0; await admin.post(url('clock', '/test')); return there.raw[0]?.headers; };
    // By the sender's clock, which is moved here.
    const isSigned = (headers, by) => headers['webhook-signature'].split(' ').includes(new Webhook(by).sign(headers['webhook-id'], new Date(headers['webhook-timestamp'] * 1000), there.raw[0].body));
    const both = await eventually('both sign', async () => { const headers = await signatures(); return headers?.['webhook-signature'].includes(' ') && headers; });
    assert.ok(isSigned(both, old) && isSigned(both, secret));
    system.advanceClock(Date.parse(until) - Date.now() - system.clockOffset() - 60_000);
    const still = await signatures();
    assert.ok(isSigned(still, old) && isSigned(still, secret), 'a minute before its end it still signs');
    system.advanceClock(61_000);
    const alone = await signatures();
    assert.equal(isSigned(alone, old), false);
    assert.ok(isSigned(alone, secret));
    assert.equal((await at('clock')).old_secret_until, null);
    there.secret = secret;
    await arrived(there, await push({ matter: undefined }));
    const next = await admin.post(url('clock', '/secret'), { overlap_hours: 1 });
    assert.equal(next.status, 200, 'and may be followed by a further change');
  });
});
