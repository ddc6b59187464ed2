// The phone's page (/m) in Debian's Chromium, as small as a phone, against the real running system: three taps for the common report; one
// written without a network and sent later with the time it was made at, once; a task signed, finished and checked; a resident's report
// and its progress by number and digits; what was typed outlives the session; keyboard alone; axe-core; how much a first visit fetches.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

import { bearer, nobody, signIn } from './lib/client.mjs';
import { Demo } from './lib/demo.mjs';
import { start } from './harness.mjs';
import { axe, browse, leave } from './lib/screen.mjs';
import { eventually } from './lib/wait.mjs';

let system, browser, operator, hotline, worker, grid, point;
const run = Date.now();
let pushed = 0;

// One that PAIDAN_URL and PAIDAN_ACCOUNTS name, or one of our own.
async function runningSystem() {
  const url = process.env.PAIDAN_URL;
  if (!url) return start('phone');
  const found = new Demo(fileURLToPath(new URL('../..', import.meta.url)));
  const book = JSON.parse(fs.readFileSync(process.env.PAIDAN_ACCOUNTS, 'utf8'));
  const account = (name) => signIn(url, book.accounts[name].user, book.accounts[name].password);
  return Object.assign(found, { url, accounts: book, account, token: (name) => bearer(url, book.tokens[name]), nobody: () => nobody(url) });
}

async function makeWorker() {
  const user = `worker-${run}`;
  const made = await (await system.account('admin-security')).post('/api/v1/admin/users', { user, role: 'grid_worker', unit: grid });
  assert.equal(made.status, 201, made.text);
  return { user, password: made.body.password, unit: grid, role: 'grid_worker' };
}

const LOOK = { width: 360, height: 740 };
async function phone({ who = null, where = '/m/', seen = '#view', lang = 'zh', theme = 'light', at = point, slow = false } = {}) {
  const context = await browser.newContext({
    viewport: { width: LOOK.width, height: LOOK.height }, hasTouch: true, isMobile: true,
    ...(at ? { geolocation: { longitude: at[0], latitude: at[1], accuracy: 12 }, permissions: ['geolocation'] } : {}),
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (401|404|409|422|429|50[234])|ERR_/.test(message.text())) complaints.push(message.text());
  });
  await page.addInitScript(([l, t]) => {
    localStorage.setItem('paidan.lang', l);
    localStorage.setItem('paidan.theme', t);
  }, [lang, theme]);
  // a phone that takes its time to read what it keeps
  if (slow) await page.addInitScript(() => Object.defineProperty(IDBTransaction.prototype, 'oncomplete', {
    set(done) { this.addEventListener('complete', (event) => setTimeout(() => done.call(this, event), 300)); },
  }));
  await page.goto(system.url + (who === null ? where : '/m/login'));
  if (who !== null) {
    await page.fill('#login-user', who.user);
    await page.fill('#login-password', who.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.tiles');
    if (where !== '/m/') await page.goto(system.url + where);
  }
  await page.waitForSelector(seen);
  return { page, context, complaints };
}

// Somebody who acts for the unit: its own account, or one of the nearest unit above that has people.
function nameFor(code) {
  for (let unit = code; unit; unit = system.parentOf(unit)) {
    const found = Object.entries(system.accounts.accounts).find(([, a]) => a.unit === unit && !a.role.startsWith('admin'));
    if (found) return found[0];
  }
  throw new Error(`nobody acts for ${code}`);
}

const request = async (number) => (await operator.get(`/api/v1/requests/${number}`)).body;
const ticketOf = (number) => eventually('its ticket', async () => (await request(number)).ticket?.number);
const ticket = async (number) => (await operator.get(`/api/v1/tickets/${number}`)).body;
const inState = (number, state) => eventually(`${number} in ${state}`, async () => ((await ticket(number)).state === state ? true : null));
const sent = (page, state = 'sent') => page.waitForSelector(`.entry[data-state=${state}]`);
const numberOn = async (page) => /R\d{17}/.exec(await page.textContent('[data-test=number]'))[0];

async function push(more = {}) {
  const body = { source: 'hotline-12345', external_id: `phone-${run}-${++pushed}`, title: `楼道堆物 ${pushed}`, requester: { phone: '19900001234' },
    location: { grid }, matter: system.matterStartingAt('grid'), ...more };
  const answer = await hotline.post('/api/v1/requests', body);
  assert.equal(answer.status, 201, answer.text);
  return ticketOf(answer.body.number);
}

describe('the phone', { timeout: 300_000 }, () => {
  before(async () => {
    system = await runningSystem();
    [operator, hotline] = [await system.account('operator'), system.token('hotline')];
    [grid, point] = system.pointInDedicatedGrid();
    worker = await makeWorker();
    browser = await browse();
  });
  after(async () => {
    await browser?.close();
    await system?.stop?.();
  });

  test('a first visit fetches at most 80 kB, without Element Plus, router or map', async () => {
    const page = await (await fetch(`${system.url}/m/`)).text();
    const files = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((m) => m[1]);
    let bytes = 0;
    for (const file of files) bytes += zlib.gzipSync(Buffer.from(await (await fetch(system.url + file)).arrayBuffer())).length;
    console.log(`# ${files.length} files, ${(bytes / 1000).toFixed(0)} kB gzip`);
    assert.ok(bytes <= 80_000, `${bytes} bytes`);
    assert.doesNotMatch(files.join(' '), /router|leaflet|element/);
    const manifest = await (await fetch(`${system.url}/m/app.webmanifest`)).json();
    for (const { src } of manifest.icons) assert.equal((await fetch(system.url + src)).status, 200, src);
    assert.equal((await fetch(`${system.url}/m`)).url, `${system.url}/m/`);
  });

  for (const lang of ['zh', 'en']) {
    test(`three taps: what, a photo, send (${lang})`, async () => {
      const here = await phone({ who: worker, lang });
      const { page } = here;
      await page.waitForSelector('.tiles [data-matter]:not(.other)');
      const matter = await page.getAttribute('.tiles [data-matter]', 'data-matter');
      await page.tap('.tiles [data-matter]');
      await page.waitForFunction(() => document.querySelector('[data-test=matter]') !== null);
      await page.setInputFiles('#report-photo', fileURLToPath(new URL('../../web/dist/m/icon-192.png', import.meta.url)));
      await page.waitForSelector('.photos img');
      await page.waitForSelector('.place.placed');
      await page.tap('[data-test=send]');
      await sent(page);
      const told = await request(await numberOn(page));
      assert.equal(told.matter.code, matter);
      assert.ok(Math.abs(told.location.lon - point[0]) < 1e-5 && told.location.unit.code === grid, JSON.stringify(told.location));
      assert.equal(told.channel.code, 'grid');
      assert.equal(told.attachments.length, 1);
      const kept = await operator.get(told.attachments[0].thumbnail_url);
      assert.equal(kept.status, 200, 'the photo is there');
      await leave(here);
    });
  }

  test('without a network: kept, shown as waiting, also after a restart; sent once, with the time it was made at', async () => {
    const here = await phone({ who: worker });
    const { page, context } = here;
    await page.waitForSelector('.tiles [data-matter]');
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null || navigator.serviceWorker.ready.then(() => true));
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload(); // now by the service worker
    await page.waitForSelector('.tiles [data-matter]:not(.other)');
    await context.setOffline(true);
    await page.waitForSelector('[data-test=offline]');
    await page.tap('.tiles .other');
    await page.fill('#report-text', '消防通道被占，写于无网络时');
    const made = Date.now();
    await page.tap('[data-test=send]');
    await sent(page, 'waiting');
    assert.match(await page.textContent('[data-test=waiting]'), /待发送（1）/);
    await page.goto(`${system.url}/m/`); // the page itself opens without a network
    await page.waitForSelector('[data-test=waiting]');
    assert.match(await page.textContent('[data-test=waiting]'), /待发送（1）/);
    await page.waitForTimeout(1_500); // so that sending later is later
    const later = Date.now();
    await context.setOffline(false);
    await page.tap('[data-tab=sent]');
    await sent(page);
    const told = await request(await numberOn(page));
    const occurred = Date.parse(told.occurred_at);
    assert.ok(Math.abs(occurred - made) < 1_400 && occurred < later, `${told.occurred_at}, made ${new Date(made).toISOString()}`);
    assert.match(told.description, /写于无网络时/);
    // the answer was lost, so it is sent again: the same number
    const id = await page.getAttribute('[data-entry]', 'data-entry');
    await page.evaluate((entry) => new Promise((resolve) => {
      const open = indexedDB.open('paidan-m');
      open.onsuccess = () => {
        const store = open.result.transaction('outbox', 'readwrite').objectStore('outbox');
        store.get(entry).onsuccess = (e) => {
          const kept = e.target.result;
          store.put({ ...kept, state: 'waiting', number: undefined, sentAt: undefined, next: 0 }).onsuccess = resolve;
        };
      };
    }), id);
    await page.reload();
    await sent(page);
    assert.equal(await numberOn(page), told.number);
    await leave(here);
  });

  test('handled on the spot: reported, signed and finished in one go; then checked by somebody else, on the phone', async () => {
    const here = await phone({ who: worker });
    const { page } = here;
    await page.waitForSelector('.tiles [data-matter]');
    await page.tap('.m-button:has-text("查找事项")');
    const code = system.matterStartingAt('grid');
    await page.fill('#find-matter', system.matters.find((m) => m.code === code).name_zh ?? system.matters.find((m) => m.code === code).name);
    await page.tap(`[data-choice="${code}"]`);
    await page.waitForSelector('.place.placed');
    await page.fill('#report-text', '堆放纸箱');
    await page.check('#report-handled');
    await page.tap('[data-test=send]');
    assert.match(await page.textContent('#mistake'), /怎么处理/, 'what is missing is named');
    await page.fill('#report-answer', '已请住户搬走，通道畅通。');
    let early = 0; // asked before it has a ticket: nobody sees it yet
    await here.context.route(/\/api\/v1\/requests\/R/, (route) => (early++ ? route.continue() : route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{"status":404}' })));
    await page.tap('[data-test=send]');
    await sent(page);
    assert.ok(early > 1);
    assert.match(await page.textContent('.entry'), /办结/);
    const number = await ticketOf(await numberOn(page));
    await inState(number, 'CHECK');
    await leave(here);

    const { owner } = await ticket(number);
    const there = await phone({ who: system.accounts.accounts[nameFor(owner.code)], where: '/m/tasks', seen: `[data-ticket=${number}]` });
    assert.equal(await there.page.textContent('[data-group="tasks.check"] h2 span'), String(await there.page.locator('[data-group="tasks.check"] .task').count()));
    await there.page.tap(`[data-ticket=${number}]`);
    await there.page.waitForSelector('[data-command=fail]');
    await there.page.tap('[data-command=fail]');
    await there.page.tap('[data-test=act-send]');
    assert.match(await there.page.textContent('#act-mistake'), /请填写/);
    await there.page.tap('.pair .m-button:not(.main)');
    await there.context.setOffline(true);
    await there.page.tap('[data-command=pass]');
    await there.page.setInputFiles('#act-photo', fileURLToPath(new URL('../../web/dist/m/icon-192.png', import.meta.url)));
    await there.page.waitForSelector('.photos img');
    await there.page.fill('#act-text', '现场已看，通道畅通');
    await there.page.tap('[data-test=act-send]');
    await there.page.waitForSelector('[data-test=waits]');
    assert.equal((await ticket(number)).state, 'CHECK');
    await there.context.setOffline(false);
    await inState(number, 'CALLBACK');
    const { events } = (await operator.get(`/api/v1/tickets/${number}/history`)).body;
    assert.equal(events.find((e) => e.event === 'check_passed').note, '现场已看，通道畅通');
    assert.equal((await ticket(number)).attachments.length, 1, 'with what was seen');
    await leave(there);
  });

  test('a task comes to the phone by itself, is signed and finished there, also on a slow phone', async () => {
    const here = await phone({ who: worker, where: '/m/tasks', slow: true });
    const { page } = here;
    const number = await push();
    await page.waitForSelector(`[data-group="tasks.sign"] [data-ticket=${number}]`);
    await page.tap(`[data-ticket=${number}]`);
    await page.waitForSelector('[data-command=sign]');
    await page.tap('[data-command=sign]');
    await page.waitForSelector('[data-command=finish]');
    await page.tap('[data-command=finish]');
    await page.fill('#act-text', '已清理。');
    await page.waitForTimeout(500); // nothing that comes later takes it away
    assert.equal(await page.inputValue('#act-text'), '已清理。');
    await page.tap('[data-test=act-send]');
    await inState(number, 'CHECK');
    await leave(here);
  });

  test('the session ends while something is written: it stays, and is sent after signing in', async () => {
    const here = await phone({ who: worker });
    const { page, context } = here;
    await page.waitForSelector('.tiles [data-matter]');
    await page.tap('.tiles .other');
    await page.fill('#report-text', '写到一半');
    await page.waitForTimeout(400);
    await page.reload();
    await page.waitForSelector('[data-test=restored]');
    assert.equal(await page.inputValue('#report-text'), '写到一半');
    await context.clearCookies();
    await page.tap('[data-test=send]');
    await sent(page, 'waiting');
    await page.reload();
    await page.waitForSelector('[data-test=again]');
    await page.tap('[data-test=again] .m-button');
    await page.fill('#login-password', worker.password);
    await page.keyboard.press('Enter');
    await sent(page);
    assert.equal((await request(await numberOn(page))).description, '写到一半');
    await leave(here);
  });

  for (const lang of ['zh', 'en']) {
    test(`a resident: report, number, progress by number and digits; wrong digits are refused (${lang})`, async () => {
      const here = await phone({ lang });
      const { page } = here;
      await page.tap('[data-test=report]');
      await page.fill('#report-text', '路灯不亮，晚上很黑');
      await page.waitForSelector('.place.placed');
      await page.tap('[data-test=send]');
      assert.match(await page.textContent('#mistake'), lang === 'zh' ? /电话/ : /phone/);
      await page.fill('#report-phone', '199 0000 4321');
      await page.tap('[data-test=send]');
      await sent(page);
      const number = await numberOn(page);
      const told = await request(number);
      assert.equal(told.source.code, 'resident-page');
      await page.tap('[data-test=follow]');
      await page.waitForSelector('[data-test=found]');
      assert.match(await page.textContent('[data-test=plain]'), lang === 'zh' ? /已/ : /request|given/);

      const other = await phone({ lang, where: '/m/progress', seen: '#progress-number' });
      await other.page.fill('#progress-number', number.toLowerCase());
      await other.page.fill('#progress-digits', '0000');
      await other.page.tap('[data-test=ask]');
      await other.page.waitForFunction(() => document.querySelector('#progress-problem').textContent !== '');
      assert.match(await other.page.textContent('#progress-problem'), lang === 'zh' ? /不对/ : /not right/);
      await other.page.fill('#progress-digits', '4321');
      await other.page.tap('[data-test=ask]');
      await other.page.waitForSelector('[data-test=found]');

      if (lang === 'en') return Promise.all([leave(here), leave(other)]); // the rest is the same
      const number_ = await ticketOf(number);
      if ((await ticket(number_)).state === 'TRIAGE') {
        const unit = system.departmentOf('020305');
        assert.equal((await operator.post(`/api/v1/tickets/${number_}/dispatch`, { unit, matter: '020305' })).status, 200);
      }
      const lead = await system.account(nameFor((await ticket(number_)).owner.code));
      for (const [command, body] of [['sign', {}], ['finish', { answer: '路灯已更换。' }]]) assert.equal((await lead.post(`/api/v1/tickets/${number_}/${command}`, body)).status, 200, command);
      assert.equal((await (await system.account(nameFor((await ticket(number_)).owner.code))).post(`/api/v1/tickets/${number_}/pass`, {})).status, 200);
      await page.reload();
      await page.waitForSelector('[data-test=answer]');
      assert.match(await page.textContent('[data-test=answer]'), /路灯已更换/);
      await page.tap('[data-test=solved]');
      await page.tap('[data-test=satisfied]');
      await page.waitForSelector('[data-test=thanks]');
      await inState(number_, 'CLOSED');
      await leave(here);
      await leave(other);
    });
  }

  test('a place is chosen on the map, and by the keyboard alone a report is written and sent', async () => {
    const here = await phone({ at: null });
    const { page } = here;
    const on = (selector) => page.waitForFunction((s) => document.activeElement?.matches(s), selector);
    const tabTo = async (selector) => {
      for (let i = 0; i < 40; i++) {
        if (await page.evaluate((s) => document.activeElement?.matches(s) ?? false, selector)) return;
        await page.keyboard.press('Tab');
      }
      assert.fail(`the keyboard does not reach ${selector}`);
    };
    await tabTo('[data-test=report]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.report');
    await tabTo('[data-test=open-map]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.place-map canvas');
    await on('.place-map .map');
    await page.keyboard.press('ArrowRight');
    await tabTo('[data-test=use-place]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.place.placed');
    await tabTo('#report-text');
    await page.keyboard.type('井盖松动');
    await tabTo('#report-phone');
    await page.keyboard.type('19900005678');
    await tabTo('[data-test=send]');
    await page.keyboard.press('Enter');
    await sent(page);
    const told = await request(await numberOn(page));
    assert.ok(told.location.lon > 0 && told.location.lat > 0);
    await leave(here);
  });

  test('axe-core finds nothing, and every target is large enough for a thumb', async () => {
    const number = await push();
    const small = () => [...document.querySelectorAll('button, a[href], input:not([type=file]), select, textarea, label.take, summary')]
      .filter((e) => e.offsetParent !== null && !e.closest('.leaflet-container') && !e.matches('.skip, [type=checkbox]'))
      .filter((e) => e.getBoundingClientRect().height < 43.5 || e.getBoundingClientRect().width < 43.5).map((e) => e.outerHTML.slice(0, 120));
    for (const look of [{ lang: 'zh', theme: 'light' }, { lang: 'en', theme: 'dark' }]) {
      const visit = async (page, where, seen, what) => {
        await page.goto(system.url + where);
        await page.waitForSelector(seen);
        await axe(page, `${what} ${look.lang}`);
        assert.deepEqual(await page.evaluate(small), [], what);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} is no wider than the phone`);
      };
      const resident = await phone(look);
      const both = look.lang === 'zh';
      for (const [where, seen] of [['/m/', '[data-test=report]'], ['/m/report', '.place.placed'], ['/m/progress', '#progress-number'], ['/m/sent', '.m-empty'], ['/m/login', '#login-user']].slice(0, both ? 5 : 2))
        await visit(resident.page, where, seen, where);
      await leave(resident);
      const own = await phone({ ...look, who: worker });
      for (const [where, seen] of [['/m/', '.tiles [data-matter]:not(.other)'], ['/m/report', '.place.placed'], ['/m/tasks', '.task'], [`/m/task/${number}`, '[data-command=sign]'], ['/m/sent', '#view']].slice(0, both ? 5 : 4))
        await visit(own.page, where, seen, where);
      if (!both) {
        await leave(own);
        continue;
      }
      await own.page.goto(`${system.url}/m/report`);
      await own.page.tap('[data-test=open-map]');
      await own.page.waitForSelector('.place-map canvas');
      await axe(own.page, `map ${look.lang}`);
      await leave(own);
    }
  });
});
