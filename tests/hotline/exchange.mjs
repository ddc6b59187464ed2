// A day of exchange with a hotline that has every trouble a network can give: N requests pushed with time-outs, repeats, reordering and
// messages before their requests; a receiver that fails half the time in every way; endpoints that never answer; polling beside it.
// Then both sides are compared, and nothing may differ. Retries wait by the system's clock, which is moved on, never slept through.
import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { eventually } from '../system/lib/wait.mjs';
import { Random } from '../../tools/play/random.mjs';
import { Poller } from './poller.mjs';
import { receiver } from './receiver.mjs';
import { Sender } from './sender.mjs';
import { planOf, Staff } from './staff.mjs';

const SOURCE = 'hotline-12345';
// many at a time, since on this machine a hanging one costs real time; schedule and number of tries are the ordinary ones
const NOTIFICATION = 'timeout = 500ms\nper_endpoint = 48\n';
const STEP_MS = 45_000, QUIET_S = 3600, FAULTS_SHOWN = 20;

export function configure(system) {
  fs.mkdirSync(path.join(system.var, 'override'), { recursive: true });
  fs.writeFileSync(path.join(system.var, 'override/notification.conf'), NOTIFICATION);
  const again = system.ctl('up');
  if (again.code !== 0) throw new Error(again.out + again.err);
}

function requestsOf(system, n, random) {
  const matters = system.matters.filter((matter) => matter.start === 'department' && matter.urgency === 'normal' && !matter.assist && matter.sensitive === 'no');
  const chosen = [...new Map(matters.map((matter) => [matter.lead, matter.code])).values()].slice(0, 3);
  return Array.from({ length: n }, (_, i) => {
    const id = `H-${String(i).padStart(6, '0')}`, plan = planOf(i), messages = [];
    if (random.chance(25)) messages.push({ id: `${id}-补`, about: id, kind: 'supplement', note: '在学校门口' });
    if (random.chance(15)) messages.push({ id: `${id}-催`, about: id, kind: 'urge', note: '请尽快' });
    if (plan === 'rate') messages.push({ id: `${id}-评`, about: id, kind: 'rating', solved: true, satisfied: true });
    return { id, number_in: i, plan, messages, matter: random.pick(chosen), title: `路灯不亮 ${i}`, lon: 123.76, lat: 41.33 };
  });
}

/* ---- while it runs --------------------------------------------------------------------------------------------------------------------- */

// Without holding the receiver up meanwhile, which lives in this process.
async function ask(system, query) {
  const { stdout } = await promisify(execFile)(path.join(system.root, 'compose/local/ctl'), ['psql', '-At', '-F', '\x1f', '-c', query], { env: { ...process.env, ...system.env } });
  return stdout.trim().split('\n').map((line) => line.split('\x1f'));
}

const nowOf = (system) => Date.now() + system.clockOffset();

// Moves the clock to the next try whenever nothing is due, until nothing waits.
async function quiet(system, say) {
  let told = 0;
  for (const end = Date.now() + QUIET_S * 1000; Date.now() < end; ) {
    const now = nowOf(system);
    // of a ticket the first one counts, the others wait for it
    const [[waiting, due, next]] = await ask(system, `SELECT coalesce(sum(n), 0), count(*) FILTER (WHERE next_at <= ${now}), coalesce(min(next_at), 0) FROM (
      SELECT DISTINCT ON (endpoint, ticket) next_at, count(*) OVER (PARTITION BY endpoint, ticket) AS n FROM delivery WHERE state = 1 ORDER BY endpoint, ticket, id) AS first`);
    if (waiting === '0') return;
    if (due === '0') system.advanceClock(Math.max(Number(next) - now, 0) + STEP_MS);
    if (Date.now() - told > 10_000) say(`${waiting} deliveries wait, ${due} are due`), (told = Date.now());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the deliveries never came to an end');
}

// Until every event was looked at, every request has its ticket and every message its end.
async function settled(system) {
  await eventually('everything is looked at', async () => {
    const [[unrouted, behind, waiting]] = await ask(system, `SELECT (SELECT count(*) FROM request r WHERE NOT EXISTS (SELECT FROM ticket_request t WHERE t.request = r.id)),
      (SELECT next_seq - 1 FROM shard) - coalesce((SELECT seq FROM cursor WHERE name = 'deliveries'), 0), (SELECT count(*) FROM followup WHERE state = 'waiting')`);
    return unrouted === '0' && behind === '0' && waiting === '0';
  }, 900);
}

/* ---- afterwards ------------------------------------------------------------------------------------------------------------------------ */

const dayOf = (time) => time.slice(0, 10);
const hashOf = (rows) => {
  const sum = crypto.createHash('sha256');
  for (const row of rows.map((each) => [Buffer.from(each.id), each.number]).sort((a, b) => Buffer.compare(a[0], b[0]))) sum.update(row[0]).update(`\t${row[1]}\n`);
  return sum.digest('hex');
};

// Both sides by count and hash, then row by row with the states the events told.
async function reconcile({ system, hotline, sender, poller, faults }) {
  const rows = [...sender.journal.values()], states = new Map();
  for (const { data } of poller.events) if (data.state) states.set(data.external_id, data.state);
  for (const row of rows) // merged and nothing since: how the leading ticket stands is to be asked
    if (states.get(row.id) === 'MERGED') states.set(row.id, (await hotline.get(`/api/v1/requests/${row.number}`)).body.ticket.state);
  let hours = 0;
  for (const date of new Set(rows.map((row) => dayOf(row.received_at)))) {
    const mine = rows.filter((row) => dayOf(row.received_at) === date);
    const { body } = await hotline.get(`/api/v1/reconciliation?source=${SOURCE}&date=${date}`);
    for (const hour of body.hours) {
      const of = mine.filter((row) => Number(row.received_at.slice(11, 13)) === hour.hour);
      hours += of.length > 0;
      if (hour.count !== of.length || hour.hash !== hashOf(of)) faults.push(`${date} ${hour.hour} h: ${hour.count} there, ${of.length} here, or other numbers`);
    }
    const file = path.join(system.folder, `${date}.csv`);
    fs.writeFileSync(file, 'external_id,number,received_at,state\n' + mine.map((row) => `${row.id},${row.number},${row.received_at},${states.get(row.id) ?? ''}\n`).join(''));
    fs.chmodSync(file, 0o644);
    const done = system.paidan(['reconcile', file, '--source', SOURCE, '--date', date, '--lang', 'en']);
    if (done.code !== 0) faults.push(`paidan reconcile: ${(done.out + done.err).slice(0, 600)}`);
  }
  return hours;
}

function once({ system, sender, n, faults }) {
  const expect = (what, found, wanted) => String(found) === String(wanted) || faults.push(`${what}: ${found} instead of ${wanted}`);
  const [[requests, ids, tickets, origins]] = system.sql(`SELECT count(*), count(DISTINCT external_id), (SELECT count(*) FROM ticket), (SELECT count(DISTINCT origin) FROM ticket_request) FROM request`);
  [['requests', requests], ['numbers of the hotline', ids], ['tickets', tickets], ['tickets with a request', origins]].forEach(([what, found]) => expect(what, found, n));
  for (const row of sender.journal.values()) if (!row.number || row.created > 1) faults.push(`${row.id}: answered as new ${row.created} times, number ${row.number}`);
  const [[messages, done]] = system.sql(`SELECT count(*), count(*) FILTER (WHERE state = 'done') FROM followup`);
  expect('messages', messages, sender.messages.size);
  const [[supplements]] = system.sql('SELECT count(*) FROM event WHERE type = 4');
  const [[urges]] = system.sql('SELECT count(*) FROM event WHERE type = 42 AND user_id <> 0');
  const [[acted]] = system.sql(`SELECT count(*) FROM followup WHERE state = 'done' AND kind = 'supplement'`);
  const [[urged]] = system.sql(`SELECT count(*) FROM followup WHERE state = 'done' AND kind = 'urge'`);
  expect('supplements on tickets', supplements, acted);
  expect('urgings on tickets', urges, urged);
  return { done: Number(done), refused: messages - done };
}

// What came by webhook is what was fetched, and what is missing is dead; each ticket's steps came in their order.
function compareEars({ heard, poller, faults }) {
  const fetched = new Map(poller.events.map((event) => [event.id, event]));
  for (const [id, { event }] of heard.byId) if (JSON.stringify(fetched.get(id)) !== JSON.stringify(event)) faults.push(`${id}: told another way than fetched`);
  for (const id of fetched.keys()) if (!heard.byId.has(id) && !heard.gone.has(id)) faults.push(`${id} was never told`);
  for (const id of heard.gone) if (!fetched.has(id)) faults.push(`${id} was answered 410 and is not in the log`);
  const last = new Map();
  for (const { id, subject, data } of heard.events) {
    const key = `${data.external_id} ${subject}`;
    if ((last.get(key) ?? 0) >= data.version) faults.push(`${id}: version ${data.version} of ${key} came after ${last.get(key)}`);
    last.set(key, data.version);
  }
}

async function deadLetters(operator) {
  const letters = [];
  for (let next = '/api/v1/admin/deadletters?limit=100'; next; ) {
    const answer = await operator.get(next);
    letters.push(...answer.body.deadletters);
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return letters;
}

// Exactly what was answered 410, and what went to the endpoints that never answered.
async function compareDead({ operator, heard, poller, events, faults }) {
  const wanted = new Set([...heard.gone].map((id) => `hotline ${id}`));
  for (const event of poller.events)
    for (const [name, type] of Object.entries(events)) if (event.data.event === type) wanted.add(`${name} ${event.id}`);
  const letters = await deadLetters(operator);
  const found = new Set(letters.map((letter) => `${letter.endpoint} ${letter.event_id}`));
  for (const each of wanted) if (!found.has(each)) faults.push(`no dead letter: ${each}`);
  for (const each of found) if (!wanted.has(each)) faults.push(`a dead letter nobody expected: ${each}`);
  if (found.size !== letters.length) faults.push('a dead letter stands there twice');
  return letters.length;
}

/* ---- the day --------------------------------------------------------------------------------------------------------------------------- */

export async function exchange({ system, n, seed, say, fails = 6 }) {
  const faults = [], random = new Random(seed), began = Date.now();
  const seconds = () => ((Date.now() - began) / 1000).toFixed(1);
  const [hotline, operator, admin] = [system.token('hotline'), await system.account('operator'), await system.account('admin-system')];
  const requests = requestsOf(system, n, random);
  const leads = new Set(requests.map((request) => system.departmentOf(request.matter)));
  const departments = new Map();
  for (const lead of leads) departments.set(lead, await system.account(`department-${lead}`));

  await system.approveLoopback(admin, await system.account('admin-security'));
  const heard = await receiver({ random: new Random(seed + 1), faults, now: () => nowOf(system), fails });
  heard.secret = await system.addEndpoint(admin, { name: 'hotline', url: heard.url, source: SOURCE });
  const events = { nobody: 'returned', hangs: 'extension_granted' };
  for (const [name, type] of Object.entries(events)) await system.addEndpoint(admin, { name, url: heard.never[name], source: SOURCE, events: [type] });
  const made = await admin.post('/api/v1/admin/endpoints', { name: 'untrusted', url: heard.never.untrusted, source: SOURCE });
  if (made.status !== 201) throw new Error(made.text);
  await heard.leave();

  try {
    let pushed = false, over = false;
    const sender = new Sender({ url: system.url, token: system.accounts.tokens.hotline, source: SOURCE, random: new Random(seed + 2), requests, faults });
    const poller = new Poller({ client: hotline, random: new Random(seed + 3), faults });
    const staff = new Staff({ system, operator, departments, faults });
    const following = poller.follow(() => over);
    const signing = staff.sign(() => pushed);
    await sender.run();
    say(`${seconds()} s: pushed ${n} requests and ${sender.messages.size} messages; ${JSON.stringify(sender.counts)}`);
    await eventually('every request has its ticket', async () => (await ask(system, 'SELECT count(*) FROM ticket'))[0][0] === String(n), 600);
    pushed = true;
    await signing;
    await eventually('every ticket was told', () => requests.every((request) => poller.tickets.has(request.id)), 900);
    const tickets = {};
    for (const request of requests) {
      const lead = system.departmentOf(request.matter), ticket = poller.tickets.get(request.id);
      const leading = request.plan === 'merge' && poller.tickets.get(requests[request.number_in - (request.number_in % 100) + 30]?.id);
      if (request.plan !== 'merge' || leading) (tickets[request.plan] ??= []).push([lead, ticket, leading]);
    }
    await staff.finish(tickets, new Date(nowOf(system) + 90 * 86400e3).toISOString());
    say(`${seconds()} s: ${staff.acts} acts of the units`);
    await settled(system);
    over = true;
    await quiet(system, say);
    await following;
    await poller.all();
    say(`${seconds()} s: ${heard.calls} webhooks, ${heard.failed} of them failed, ${heard.repeats} came again; ${JSON.stringify(heard.counts)}`);

    const hours = await reconcile({ system, hotline, sender, poller, faults });
    const messages = once({ system, sender, n, faults });
    compareEars({ heard, poller, faults });
    system.sessions.clear(); // the clock went on: the desk signs in anew
    const desk = await system.account('operator');
    const dead = await compareDead({ operator: desk, heard, poller, events, faults });

    system.sessions.clear();
    if ((await system.endpoint(await system.account('admin-system'), 'untrusted')).verified) faults.push('a certificate that nobody signed proved something');
    heard.failing = false; // the desk sends what was given up once more
    const { body } = await desk.post('/api/v1/admin/endpoints/hotline/replay');
    if (body.replayed !== heard.gone.size) faults.push(`replayed ${body.replayed} of ${heard.gone.size}`);
    await quiet(system, say);
    for (const event of poller.events) if (!heard.byId.has(event.id)) faults.push(`${event.id} did not come when it was replayed`);
    return {
      faults: faults.slice(0, FAULTS_SHOWN), fault_count: faults.length, requests: n, seconds: Number(seconds()), hours, messages: messages.done, refused: messages.refused,
      events: poller.events.length, forgotten_pages: poller.forgot, webhooks: heard.calls, failed: heard.failed, repeats: heard.repeats, dead, ...sender.counts,
    };
  } catch (error) {
    for (const fault of faults.slice(0, FAULTS_SHOWN)) say(`FAULT ${fault}`);
    throw error;
  } finally {
    await heard.close();
  }
}
