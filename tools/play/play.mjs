// Plays a day through the real HTTP door in compressed time: requests come as they came, simulated staff act on them by the real API, and
// the movable clock runs from 24 hours ago to now, so that clocks, lights, cards and closings are those of a day. Time only
// moves forward; a system whose clock stands at now has had its day and is left alone. Cut off in the middle, it goes on.
// usage: node tools/play/play.mjs [--data FILE.csv]    PAIDAN_VAR, PAIDAN_URL say which copy; PAIDAN_PLAY_SECONDS=70: how long it takes
//        node tools/play/play.mjs --begin              before anything is loaded: sets the clock of a fresh copy back to the day's start
import fs from 'node:fs';

import { Client, counts, failed, together } from './api.mjs';
import { DAY_MS, readDay } from './day.mjs';
import { District } from './district.mjs';
import { House, Progress } from './house.mjs';
import { Random } from './random.mjs';
import { Staff } from './staff.mjs';

const SECONDS = Number(process.env.PAIDAN_PLAY_SECONDS || 70);
const STEPS = 288; // of five minutes
const TOGETHER = 8; // requests under way at once
const BATCH_MAX = 200;
const SOURCES = { 'hotline-12345': 'hotline' };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* ---- who acts ---- */

// One token for each unit that has people, valid for this day only: a session would end with the hours that pass.
async function hire(house, district, random) {
  const account = house.book.accounts['admin-security'];
  const admin = await Client.signIn(house.url, account.user, account.password);
  const run = random.toString(36);
  const expires_at = new Date(Date.now() + DAY_MS).toISOString();
  const clients = new Map();
  const names = [];
  let supervisor = null;
  const jobs = [...district.staffed.values(), ...district.people.filter((p) => p.role === 'supervisor')].map((person) => async () => {
    const name = `play-${run}-${person.user}`;
    const answer = await admin.post('/api/v1/admin/tokens', { name, role: person.role, unit: person.unit, expires_at });
    if (answer.status !== 201 && answer.status !== 200) throw new Error(`no token for ${person.user}: ${answer.status} ${answer.text.slice(0, 200)}`);
    names.push(name);
    const client = Client.token(house.url, answer.body.token);
    if (person.role === 'supervisor') supervisor = client;
    else clients.set(person.unit, client);
  });
  await together(jobs, 4);
  await admin.delete('/api/v1/session');
  return { clients, supervisor, names };
}

// The day is over, and so is what they may do.
async function dismiss(house, names) {
  const account = house.book.accounts['admin-security'];
  const admin = await Client.signIn(house.url, account.user, account.password);
  await together(names.map((name) => () => admin.delete(`/api/v1/admin/tokens/${name}`)), 4);
  await admin.delete('/api/v1/session');
}

/* ---- what comes in ---- */

class Door {
  constructor(house, staff) {
    this.staff = staff;
    this.clients = new Map();
    this.house = house;
    this.accepted = 0;
    this.repeated = 0;
    this.unseen = []; // accepted, their tickets not yet known
  }

  client(source) {
    const name = SOURCES[source] ?? source;
    if (!this.clients.has(name)) this.clients.set(name, Client.token(this.house.url, this.house.book.tokens[name]));
    return this.clients.get(name);
  }

  note(status, number, what) {
    if (status === 201) this.accepted++;
    else if (status === 200) this.repeated++;
    else failed(`push: ${status} ${what}`);
    if (number) this.unseen.push(number);
  }

  async one(body) {
    const answer = await this.client(body.source).post('/api/v1/requests', body);
    this.note(answer.status, answer.body?.number, answer.text.slice(0, 160));
  }

  async batch(source, bodies) {
    const answer = await this.client(source).post('/api/v1/requests/batch', bodies.map((b) => JSON.stringify(b)).join('\n'), { 'content-type': 'application/x-ndjson' });
    if (answer.status !== 200) return failed(`batch: ${answer.status} ${answer.text.slice(0, 160)}`);
    for (const line of answer.text.trim().split('\n').map((text) => JSON.parse(text))) this.note(line.status, line.number, JSON.stringify(line).slice(0, 160));
  }

  // What is due: several of one source together, as integrations do; single ones singly.
  jobs(due) {
    const bySource = new Map();
    for (const { body } of due) bySource.set(body.source, [...(bySource.get(body.source) ?? []), body]);
    const jobs = [];
    for (const [source, bodies] of bySource) {
      if (bodies.length < 3) jobs.push(...bodies.map((body) => () => this.one(body)));
      else for (let i = 0; i < bodies.length; i += BATCH_MAX) jobs.push(() => this.batch(source, bodies.slice(i, i + BATCH_MAX)));
    }
    return jobs;
  }

  // The tickets of what was accepted; a request the router has not taken yet is asked for again in the next step.
  async learn(now) {
    const numbers = this.unseen;
    this.unseen = [];
    const centre = this.staff.clients.get('center');
    await together(
      numbers.map((number) => async () => {
        const request = await centre.get(`/api/v1/requests/${number}`);
        const ticket = request.body?.ticket?.number ?? request.body?.ticket;
        if (!ticket) return void this.unseen.push(number);
        const answer = await centre.get(`/api/v1/tickets/${ticket}`);
        if (answer.status === 200) this.staff.see(answer.body, now);
        else failed(`ticket: ${answer.status}`);
      }),
      TOGETHER,
    );
  }
}

/* ---- the day ---- */

async function play(house, day, staff, door) {
  const progress = new Progress('Playing the day');
  const began = Date.now();
  let next = 0;
  for (let step = 1; step <= STEPS; step++) {
    house.clock.offset *= 1 - 1 / (STEPS - step + 1);
    const now = house.clock.now();
    const from = next;
    while (next < day.length && day[next].at <= now) next++;
    if (step === STEPS) next = day.length;
    await together(door.jobs(day.slice(from, next)), TOGETHER);
    await door.learn(now);
    await together(staff.plans.takeDue(now).map((plan) => () => staff.act(plan, now)), TOGETHER);
    if (step % 48 === 0) await staff.supervise(now, 2);
    progress.show(step / STEPS, `${clockText(now)}  received ${door.accepted + door.repeated}, closed ${staff.done.solved ?? 0}${counts.failed ? `, errors ${counts.failed}` : ''}`);
    await sleep(began + (SECONDS * 1000 * step) / STEPS - Date.now());
  }
  house.clock.offset = 0;
  for (let i = 0; door.unseen.length && i < 50; i++, await sleep(100)) await door.learn(house.clock.now());
  const acts = Object.values(staff.done).reduce((a, b) => a + b, 0);
  progress.end(`${door.accepted} requests accepted${door.repeated ? `, ${door.repeated} repeated` : ''}, ${acts} steps by staff`);
}

const clockText = (ms) => new Date(ms + 8 * 3600_000).toISOString().slice(5, 16).replace('T', ' ');

async function summary(house) {
  const answer = await Client.token(house.url, house.book.tokens.readonly).get('/api/v1/queues');
  const t = answer.body?.totals;
  if (!t) return failed(`summary: ${answer.status}`);
  const lights = (answer.body.units ?? []).reduce((sum, u) => ({ yellow: sum.yellow + u.yellow, red: sum.red + u.red }), { yellow: 0, red: 0 });
  console.log(`  received ${t.received} = closed ${t.closed} + in progress ${t.in_progress} (yellow ${lights.yellow}, red ${lights.red}); supervised ${t.supervised}`);
}

function sayErrors() {
  if (!counts.failed) return;
  console.log(`  ${counts.failed} of ${counts.calls} calls went wrong:`);
  for (const [what, count] of [...counts.samples].sort((a, b) => b[1] - a[1]).slice(0, 8)) console.log(`    ${count} x ${what}`);
}

// What is loaded and who loads it must not be newer than the day: time never falls.
function begin(house) {
  if (house.clock.exists && !fs.existsSync(house.accountsFile) && house.clock.offset === 0) house.clock.offset = -DAY_MS;
}

async function main() {
  const house = new House();
  const named = process.argv.indexOf('--data');
  const data = named > 0 ? process.argv[named + 1] : '';
  if (process.argv.includes('--begin')) return begin(house);
  if (data && !fs.existsSync(data)) throw new Error(`There is no file ${data}.`);
  if (!house.clock.exists) return console.log('  No day is played: this copy has no movable clock.');
  if (house.clock.offset >= 0) return console.log("  No day is played: the copy's clock stands at now (another day needs a fresh var/).");
  const end = Date.now() + SECONDS * 1000;
  const day = readDay(data, end);
  const district = new District();
  const { clients, supervisor, names } = await hire(house, district, Date.now());
  const staff = new Staff({ district, random: new Random(20261121), clients, supervisor, end });
  const door = new Door(house, staff);
  await play(house, day, staff, door);
  await dismiss(house, names);
  await summary(house);
  sayErrors();
}

main().catch((error) => {
  console.error(`\nThe day could not be played to its end. ${error.stack ?? error.message}`);
  process.exit(1);
});
