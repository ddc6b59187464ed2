// Every live screen equals the database, and stays so: the stream is cut and restored, the console is killed, Redis is emptied, nginx is
// restarted, each while requests come in and units act. Afterwards what each screen shows is compared with what PostgreSQL holds, number
// by number and ticket by ticket, without a reload.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { start } from './harness.mjs';
import { cutter } from './lib/cutter.mjs';
import { browse } from './lib/screen.mjs';
import { eventually } from './lib/wait.mjs';

const SECTIONLESS = ['center', 'district', 'pool']; // what lies below them is shown beside them
const MOST_ON_WALL = 7;
let system, browser, door, screens, city;

/* ---- the city: who acts, and on what */

async function open() {
  const lead = system.departmentOf('020305');
  const community = Object.values(system.accounts.accounts).find((account) => account.role === 'community').unit;
  const grid = system.units.find((unit) => unit.kind === 'grid' && unit.parent === community).code;
  const made = await (await system.account('admin-security')).post('/api/v1/admin/users', { user: 'truth-worker', role: 'grid_worker', unit: grid });
  assert.equal(made.status, 201, made.text);
  city = {
    lead, community, grid, street: system.parentOf(community), worker: { user: 'truth-worker', password: made.body.password },
    hotline: system.token('hotline'), operator: await system.account('operator'), department: await system.account(`department-${lead}`),
    matters: { grid: system.matterStartingAt('grid'), community: system.matterStartingAt('community'), street: system.matterStartingAt('street') },
    ids: new Map(system.sql('SELECT code, id FROM unit').map(([code, id]) => [code, Number(id)])), states: system.words('state'), changes: 0, pushed: 0, degraded: false,
  };
}

async function push(more = {}) {
  const answer = await city.hotline.post('/api/v1/requests', { source: 'hotline-12345', external_id: `truth-${++city.pushed}`, title: `路灯不亮 ${city.pushed}`, ...more }, {}, 3_000);
  return answer.status === 201;
}

async function act(who, unit, state, command, body) {
  const queue = await who.get(`/api/v1/queues/${unit}?state=${state}&limit=1`, {}, 3_000);
  const number = queue.body?.tickets?.[0]?.number;
  return number !== undefined && (await who.post(`/api/v1/tickets/${number}/${command}`, body, {}, 3_000)).status === 200;
}

/** What goes on in a city; each is one change, or none when the system cannot take it just now. */
const CHANGES = [
  () => push(),
  () => push({ matter: '020305', location: { grid: city.grid } }),
  () => push({ matter: city.matters.grid, location: { grid: city.grid } }),
  () => act(city.department, city.lead, 'OFFERED', 'sign', {}),
  () => push({ matter: city.matters.community, location: { grid: city.grid } }),
  async () => (await city.operator.post(`/api/v1/tickets/${city.watched}/note`, { note: `看过 ${city.changes}` }, {}, 3_000)).status === 200,
  () => push({ matter: city.matters.street, location: { grid: city.grid } }),
  () => act(city.operator, 'center', 'TRIAGE', 'dispatch', { unit: city.lead }),
];

async function change() {
  const done = await CHANGES[city.changes++ % CHANGES.length]().catch(() => false);
  if (!done) await new Promise((resolve) => setTimeout(resolve, 20));
  return done;
}

/** The fault in the middle of changes: some before, some during, some after. */
async function underChanges(fault) {
  let done = 0;
  let over = false;
  const going = (async () => {
    for (let tries = 0; tries < 2_000 && (!over || done < 16); tries++) if (await change()) done++;
  })();
  try {
    await eventually('changes come', () => done >= 4);
    await fault();
  } finally {
    over = true;
    await going;
  }
}

/* ---- the truth, from PostgreSQL */

const parents = (code) => {
  const found = [];
  for (let unit = code; unit && !found.includes(unit); unit = system.parentOf(unit)) found.push(unit);
  return found;
};
const isUnder = (code, top) => parents(code).includes(top);

/** Each open ticket with what a screen tells of it, in the order of queues; and what is counted otherwise. */
function truth() {
  const at = Date.now() + system.clockOffset();
  const rows = system.sql(`SELECT 'T' || t.id, u.code, t.state, t.supervised,
    t.due > 0 AND t.due <= ${at}, t.yellow > 0 AND t.yellow <= ${at} AND NOT (t.due > 0 AND t.due <= ${at}),
    CASE WHEN t.due > ${at} THEN (t.due - ${at}) / 60000 ELSE 100000 END, array_to_string(ARRAY(SELECT v.code FROM assignment a JOIN unit v ON v.id = a.unit WHERE a.ticket = t.id), ' ')
    FROM ticket t JOIN unit u ON u.id = t.owner WHERE t.open ORDER BY t.due, t.id`);
  const tickets = rows.map(([number, unit, state, supervised, red, yellow, left, took]) => ({
    number, unit, state: city.states[state], supervised: supervised === 't', red: red === 't', yellow: yellow === 't', left: Number(left), units: took.split(' ') }));
  const count = (where) => tickets.filter(where).length;
  const numbers = (where) => [count(where), count((t) => where(t) && t.red), count((t) => where(t) && t.yellow), ...[30, 60, 120].map((minutes) => count((t) => where(t) && t.left < minutes))];
  const street = system.units.filter((unit) => isUnder(unit.code, city.street)).map((unit) => unit.code);
  const [all, head, took, state, owner, events] = system.sql(`SELECT s.next_ticket - 1, s.next_seq - 1,
    (SELECT count(DISTINCT a.ticket) FROM assignment a JOIN unit u ON u.id = a.unit WHERE u.code = ANY ('{${street}}')),
    t.state, u.name_zh, (SELECT count(*) FROM event e WHERE e.ticket = t.id)
    FROM shard s, ticket t LEFT JOIN unit u ON u.id = t.owner WHERE s.id = 1 AND t.id = ${city.watched.slice(1)}`)[0];
  return { tickets, count, numbers, list: (where) => tickets.filter(where).map((t) => t.number), all: Number(all), head, took: Number(took), watched: { state: city.states[state], owner, events: Number(events) } };
}

/* ---- what a screen shows */

const n = `(selector, at = document) => { const found = at.querySelector(selector); return found === null ? null : Number(found.textContent.replace(/\\D/g, '') || NaN); }`;
const read = (page, body) => page.evaluate(`(() => { const n = ${n}; const list = (selector) => [...document.querySelectorAll(selector)]; ${body} })()`);
const listed = `list('.ticket-list [data-ticket]').sort((a, b) => a.getAttribute('aria-posinset') - b.getAttribute('aria-posinset')).map((row) => row.dataset.ticket)`;
/** Of a list that is longer than the screen its first rows are there. */
const startOf = (shown, whole) => whole.slice(0, Math.max(shown.length, Math.min(whole.length, 8)));

const SCREENS = {
  centre: {
    account: 'operator', where: () => `/centre?unit=${city.lead}&below=1`, seen: '.list-panel .ticket-item',
    shows: (page) => read(page, `return {
      live: list('.live-state.live').length === 1, degraded: list('.live-state .degraded').length === 1 && list('.banner[role=status]').length === 1,
      totals: [n('.counters [data-test=received]'), n('.counters [data-test=in-progress]')],
      units: Object.fromEntries(list('.matrix [data-unit]').map((row) => [row.dataset.unit, ['depth', 'red', 'yellow', '30', '60', '120'].map((key) => n('[data-test="' + key + '"]', row))])),
      first: Object.fromEntries(list('[data-first]').map((one) => [one.dataset.first, Number(one.textContent.replace(/\\D/g, ''))])),
      count: n('[data-test=list-count]'), list: ${listed} }`),
    holds: (t, shown) => {
      const mine = (ticket) => isUnder(ticket.unit, city.lead);
      const first = ['TRIAGE', 'DISPUTED', 'RECEIVED', 'INCOMPLETE'].map((state) => [state, t.count((x) => x.unit === 'center' && x.state === state)]).filter(([, count]) => count > 0);
      return { live: true, degraded: city.degraded, totals: [t.all, t.tickets.length], units: unitsOf(t, Object.keys(shown.units)), first: Object.fromEntries(first), count: t.count(mine), list: startOf(shown.list, t.list(mine)) };
    },
  },
  queues: {
    account: () => `street-${city.street}`, where: () => '/queues', seen: '.queue-row',
    shows: (page) => read(page, `return { live: list('.live-state.live').length === 1, totals: [n('.counters [data-test=received]'), n('.counters [data-test=in-progress]')],
      units: Object.fromEntries(list('.queue-row.unit').map((row) => [row.dataset.unit, n('[data-test=depth] b', row)])) }`),
    holds: (t, shown) => ({ live: true, totals: [t.took, t.count((x) => x.units.some((unit) => isUnder(unit, city.street)))],
      units: Object.fromEntries(Object.entries(unitsOf(t, Object.keys(shown.units))).map(([unit, [depth]]) => [unit, depth])) }),
  },
  street: desk(() => `street-${city.street}`, 'mine', () => city.street),
  community: desk(() => `community-${city.community}`, 'sign', () => city.community),
  department: desk(() => `department-${city.lead}`, 'handle', () => city.lead),
  wall: {
    where: () => `/wall#token=${system.accounts.tokens.readonly}`, seen: '.counters',
    shows: (page) => read(page, `return { live: list('.wall.live').length === 1, degraded: list('.degraded').length === 1, totals: ['received', 'closed', 'progress', 'supervised', 'red', 'yellow'].map((key) => n('[data-test=' + key + ']')),
      first: ['TRIAGE', 'DISPUTED', 'CHECK', 'CALLBACK'].map((state) => n('[data-test=' + state + ']')),
      units: Object.fromEntries(list('.wall-units [data-unit]').map((row) => [row.dataset.unit, n('[data-test=depth]', row)])) }`),
    holds: (t, shown) => {
      const depths = unitsOf(t, Object.keys(shown.units));
      const sections = (kinds) => system.units.filter((unit) => kinds.includes(unit.kind) && unitsOf(t, [unit.code])[unit.code][0] > 0).length;
      assert.equal(Object.keys(shown.units).length, Math.min(MOST_ON_WALL, sections(['street'])) + Math.min(MOST_ON_WALL, sections(['department'])), 'every unit that has tickets');
      return { live: true, degraded: city.degraded, totals: [t.all, t.all - t.tickets.length, t.tickets.length, t.count((x) => x.supervised), t.count((x) => x.red), t.count((x) => x.yellow)],
        first: ['TRIAGE', 'DISPUTED', 'CHECK', 'CALLBACK'].map((state) => t.count((x) => x.unit === 'center' && x.state === state)),
        units: Object.fromEntries(Object.entries(depths).map(([unit, [depth]]) => [unit, depth])) };
    },
  },
  ticket: {
    account: 'operator', where: () => `/ticket/${city.watched}`, seen: '.ticket-body [data-test=state]',
    shows: (page) => read(page, `return { state: document.querySelector('[data-test=state]').dataset.state, owner: document.querySelector('[data-test=owner]').textContent.trim(), events: list('.history > li').length }`),
    holds: (t) => t.watched,
  },
  phone: {
    account: () => city.worker, where: () => '/m/tasks', seen: '[data-group]',
    shows: (page) => read(page, `return { fresh: list('.m-hint[role=status]').length === 0, list: list('.task[data-ticket]').map((row) => row.dataset.ticket).sort() }`),
    holds: (t) => ({ fresh: true, list: t.list((x) => x.unit === city.grid).sort() }),
  },
  running: {
    account: 'admin-system', where: () => '/admin/running', seen: '.facts',
    shows: (page) => read(page, `const facts = Object.fromEntries(list('.facts > div').map((one) => [one.querySelector('dt').textContent, one.querySelector('dd').textContent.replace(/,/g, '')])); return { open: facts['在办工单'], head: facts['事件序号'], bad: list('.facts .bad dt').map((one) => one.textContent) }`),
    holds: (t) => ({ open: String(t.tickets.length), head: t.head, bad: city.degraded ? ['实时缓存正常', '降级运行'] : [] }),
  },
};

function desk(account, tab, unit) {
  const TABS = { sign: (t) => t.state === 'OFFERED', handle: (t) => t.state === 'HANDLING', soon: (t) => t.left < 120, red: (t) => t.red, check: (t) => t.state === 'CHECK', mine: () => true };
  return {
    account, where: () => `/desk?tab=${tab}`, seen: '.tabs [data-tab] b',
    shows: (page) => read(page, `return { live: list('.live-state.live').length === 1, tabs: Object.fromEntries(list('.tabs [data-tab]').filter((one) => one.querySelector('b')).map((one) => [one.dataset.tab, n('b', one)])), list: ${listed} }`),
    holds: (t, shown) => ({ live: true, tabs: Object.fromEntries(Object.entries(TABS).map(([name, has]) => [name, t.count((x) => x.unit === unit() && has(x))])),
      list: startOf(shown.list, t.list((x) => x.unit === unit() && TABS[tab](x))) }),
  };
}

/** Each unit with all below it. */
function unitsOf(t, codes) {
  const kind = (code) => system.units.find((unit) => unit.code === code)?.kind;
  return Object.fromEntries(codes.map((code) => [code, t.numbers((x) => (SECTIONLESS.includes(kind(code)) ? x.unit === code : isUnder(x.unit, code)))]));
}

/** Each person signs in once, whatever screens they have open. */
const contexts = new Map();
async function signedIn(person, phone) {
  const context = await browser.newContext({ viewport: phone ? { width: 360, height: 740 } : { width: 1366, height: 768 } });
  context.setDefaultTimeout(45_000);
  if (person === undefined) return context;
  const page = await context.newPage();
  await page.goto(`${door.url}${phone ? '/m' : ''}/login`);
  await page.fill('#login-user', person.user);
  await page.fill('#login-password', person.password);
  await page.keyboard.press('Enter');
  await page.waitForSelector(phone ? '.tiles' : '.app-frame');
  await page.close();
  return context;
}

async function opened(name) {
  const { account, where, seen } = SCREENS[name];
  const who = typeof account === 'function' ? account() : account;
  const person = typeof who === 'string' ? system.accounts.accounts[who] : who;
  const key = person?.user ?? name;
  if (!contexts.has(key)) contexts.set(key, signedIn(person, name === 'phone'));
  const page = await (await contexts.get(key)).newPage();
  await page.goto(door.url + where());
  await page.waitForSelector(seen);
  await page.evaluate(() => (window.neverReloaded = true));
  return page;
}

/** Until each screen equals the database; says which does not, and how. */
async function allEqual(when) {
  let last = {};
  await eventually(`every screen equals the database ${when}`, async () => {
    const t = truth();
    const unequal = {};
    for (const [name, page] of Object.entries(screens)) {
      const shown = await SCREENS[name].shows(page);
      try {
        assert.deepEqual(shown, SCREENS[name].holds(t, shown));
      } catch (error) {
        unequal[name] = error.message;
      }
    }
    last = unequal;
    return Object.keys(unequal).length === 0;
  }, 45).catch((error) => assert.fail(`${error.message}\n${Object.entries(last).map(([name, how]) => `${name}: ${how}`).join('\n')}`));
  for (const [name, page] of Object.entries(screens)) assert.equal(await page.evaluate(() => window.neverReloaded), true, `${name} was reloaded`);
}

describe('the truth on every screen', { timeout: 180_000 }, () => {
  before(async () => {
    system = await start('truth');
    door = await cutter(Number(new URL(system.url).port));
    [browser] = await Promise.all([browse(), open()]);
    for (let i = 0; i < CHANGES.length; i++) if (i !== 5) await eventually('a change', () => CHANGES[i]());
    city.watched = await eventually('a ticket to watch', async () => (await city.operator.get(`/api/v1/queues/${city.lead}?limit=1`)).body.tickets[0]?.number);
    const names = Object.keys(SCREENS);
    const pages = await Promise.all(names.map(opened));
    screens = Object.fromEntries(names.map((name, i) => [name, pages[i]]));
  });
  after(async () => {
    await browser?.close();
    door?.close();
    await system?.stop();
  });

  test('before anything happens', () => allEqual('at the start'));

  test('the stream is cut, and restored', async () => {
    await underChanges(async () => {
      door.slam();
      await screens.wall.waitForSelector('.wall.reconnecting');
      await screens.centre.waitForSelector('.banner[role=alert]');
      for (let i = 0; i < 6; i++) await change();
      door.open();
    });
    await allEqual('after the stream was cut');
  });

  test('the console is killed', async () => {
    await underChanges(async () => {
      const dead = system.kill('console');
      await eventually('the console runs again', () => system.isReady('console') && system.pid('console') !== dead, 40);
    });
    await allEqual('after the console was killed');
  });

  test('Redis is emptied', async () => {
    await underChanges(async () => system.redis('FLUSHALL'));
    await allEqual('after Redis was emptied');
  });

  test('Redis hangs: the screens say degraded, and are right; then they say so no more', async () => {
    const redis = system.pid('redis');
    try {
      await underChanges(async () => process.kill(redis, 'SIGSTOP'));
      city.degraded = true;
      await allEqual('while Redis hangs');
    } finally {
      process.kill(redis, 'SIGCONT');
      city.degraded = false;
    }
    await underChanges(() => {});
    await allEqual('after Redis hung');
  });

  test('nginx is restarted', async () => {
    await underChanges(() => promisify(execFile)(path.join(system.root, 'compose/local/ctl'), ['restart', 'nginx'], { env: { ...process.env, ...system.env } }));
    await allEqual('after nginx was restarted');
  });
});
