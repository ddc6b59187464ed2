// The console's screens in Debian's Chromium against the real running system: one whole ticket's life through the screens of the
// people it passes, in Chinese and in English; a return and its adjudication; fifty dispatched at once; a number and its list; a
// session that ends while something is typed; keyboard alone; axe-core.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

import { shapes } from '../../web/dev/api.mjs';
import { bearer, nobody } from './lib/client.mjs';
import { Demo } from './lib/demo.mjs';
import { start } from './harness.mjs';
import { axe, browse, leave, pick, screen } from './lib/screen.mjs';
import { eventually } from './lib/wait.mjs';

let system, browser, hotline, readonly, accounts;
let pushed = 0;

// One that PAIDAN_URL and PAIDAN_ACCOUNTS name, or one of our own.
async function runningSystem() {
  const url = process.env.PAIDAN_URL;
  if (!url) return start('screens');
  const found = new Demo(fileURLToPath(new URL('../..', import.meta.url)));
  const book = JSON.parse(fs.readFileSync(process.env.PAIDAN_ACCOUNTS, 'utf8'));
  return Object.assign(found, { url, accounts: book, token: (name) => bearer(url, book.tokens[name]), nobody: () => nobody(url) });
}

const run = Date.now();
async function push(more = {}) {
  const title = `井盖松动 ${++pushed}`;
  const body = { source: 'hotline-12345', external_id: `screens-${run}-${pushed}`, title, description: '车辆经过时响。', requester: { phone: '19900001234' }, ...more };
  const answer = await hotline.post('/api/v1/requests', body);
  assert.equal(answer.status, 201, answer.text);
  const number = await eventually('its ticket', async () => (await readonly.get(`/api/v1/requests/${answer.body.number}`)).body.ticket?.number);
  return { title, number };
}

const ticket = async (number) => (await readonly.get(`/api/v1/tickets/${number}`)).body;
const inState = (number, state) => eventually(`${number} in ${state}`, async () => ((await ticket(number)).state === state ? true : null));
const accountOf = (unit) => Object.values(accounts).find((a) => a.unit === unit && !a.role.startsWith('admin'));
const open = (who, where, seen, look) => screen(browser, system.url, who, where, seen, look);

const act = (page, command) => page.click(`.action-bar [data-command=${command}]`);
async function actAnywhere(page, command) {
  if (!(await page.isVisible(`.action-bar [data-command=${command}]`))) await page.click('.action-bar .others summary');
  await act(page, command);
  await page.waitForSelector('.action-form .field');
}
const send = (page) => page.click('.action-form [type=submit]');
const said = (page) => page.waitForSelector('.action-bar .done');

describe('the screens', { timeout: 600_000 }, () => {
  before(async () => {
    system = await runningSystem();
    accounts = system.accounts.accounts;
    [hotline, readonly] = [system.token('hotline'), system.token('readonly')];
    browser = await browse();
  });
  after(async () => {
    await browser?.close();
    await system?.stop?.();
  });

  test('what the page relies on of the API still holds', async () => {
    const committed = JSON.parse(fs.readFileSync(new URL('../../web/src/api/openapi.json', import.meta.url), 'utf8'));
    const running = shapes((await system.nobody().get('/api/openapi.json')).body);
    const missing = [];
    const contains = (has, wants, at) => {
      if (Array.isArray(wants)) for (const one of wants) (Array.isArray(has) && has.some((h) => JSON.stringify(h) === JSON.stringify(one))) || missing.push(`${at} lost ${JSON.stringify(one)}`);
      else if (wants !== null && typeof wants === 'object') {
        for (const [key, value] of Object.entries(wants)) has?.[key] === undefined ? missing.push(`${at}/${key}`) : contains(has[key], value, `${at}/${key}`);
      } else if (has !== wants) missing.push(`${at}: ${has} instead of ${wants}`);
    };
    contains(running.paths, committed.paths, 'paths');
    contains(running.components, committed.components, 'components');
    assert.deepEqual(missing, [], 'after a change of the API: node web/dev/api.mjs URL, and see what no longer compiles');
  });

  test('what a first visit fetches is at most 250 kB, charts and map not among it', async () => {
    const page = await (await fetch(system.url)).text();
    const files = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((m) => m[1]);
    assert.ok(files.length >= 3, page);
    let bytes = 0;
    for (const file of files) bytes += zlib.gzipSync(Buffer.from(await (await fetch(system.url + file)).arrayBuffer())).length;
    console.log(`# ${files.length} files, ${(bytes / 1000).toFixed(0)} kB gzip`);
    assert.ok(bytes <= 250_000, `${bytes} bytes`);
    assert.doesNotMatch(files.join(' '), /DistrictMap|echarts/);
  });

  for (const lang of ['zh', 'en']) {
    test(`a whole life, from screen to screen (${lang})`, async () => {
      const { title, number } = await push({ location: { lon: 123.76, lat: 41.33 } });
      const department = system.departmentOf('020305');

      const centre = await open(accounts.operator, '/centre', '.first .ticket-item', { lang });
      await centre.page.click(`.first .ticket-item[data-ticket=${number}] button`);
      await centre.page.waitForSelector('[data-test=route]');
      assert.match(await centre.page.textContent('.request [data-test=person]'), /199\*+1234/);
      await act(centre.page, 'dispatch');
      await pick(centre.page, 'act-unit', department);
      await send(centre.page);
      await said(centre.page);
      await inState(number, 'OFFERED');

      const desk = await open(accounts[`department-${department}`], '/desk?tab=sign', `.ticket-item[data-ticket=${number}]`, { lang });
      await desk.page.click(`.ticket-item[data-ticket=${number}] > button`);
      await desk.page.waitForSelector('.ticket-body [data-test=route]');
      await desk.page.keyboard.press('a');
      await said(desk.page);
      await inState(number, 'HANDLING');
      await desk.page.waitForSelector('.action-bar [data-command=contact]');
      await act(desk.page, 'contact');
      await desk.page.fill('#act-note', '已电话联系');
      await send(desk.page);
      await desk.page.waitForSelector('.action-bar .buttons [data-command=finish]');
      await act(desk.page, 'finish');
      await send(desk.page);
      assert.match(await desk.page.textContent('.action-form .mistake'), lang === 'zh' ? /请填写/ : /Required/, 'a field that is missing is named');
      await desk.page.fill('#act-answer', '井盖已加固。');
      await send(desk.page);
      await said(desk.page);
      await inState(number, 'CHECK');
      await leave(desk);

      const checker = (await ticket(number)).owner.code;
      const check = await open(accountOf(checker), `/ticket/${number}`, '.action-bar [data-command=pass]', { lang });
      await actAnywhere(check.page, 'pass');
      await send(check.page);
      await said(check.page);
      await inState(number, 'CALLBACK');
      await leave(check);

      // the operator's page was open all the time, and knows
      await centre.page.waitForSelector('.action-bar [data-command=solved]');
      await actAnywhere(centre.page, 'solved');
      await centre.page.selectOption('#act-satisfied', { label: lang === 'zh' ? '满意' : 'Satisfied' });
      await send(centre.page);
      await inState(number, 'CLOSED');
      await centre.page.waitForFunction((word) => document.querySelector('[data-test=state]').textContent === word, lang === 'zh' ? '已结案' : 'Closed');
      assert.ok((await centre.page.$$('.history li')).length >= 7);
      assert.match(await centre.page.textContent('h2'), new RegExp(title));
      await leave(centre);
    });
  }

  test('returned twice, adjudicated: the centre sees it first', async () => {
    const matter = '020305';
    const [first, other] = [system.departmentOf(matter), system.anotherDepartment(system.departmentOf(matter))];
    const { number } = await push({ matter, location: { lon: 123.76, lat: 41.33 } });
    const giveBack = async (unit) => {
      const desk = await open(accounts[`department-${unit}`], `/ticket/${number}`, '.action-bar [data-command=return]');
      await desk.page.keyboard.press('r');
      await desk.page.waitForSelector('#act-reason');
      await desk.page.selectOption('#act-reason', 'not_our_duty');
      await desk.page.fill('#act-basis', '职责清单第3条');
      await send(desk.page);
      await said(desk.page);
      await leave(desk);
    };
    await inState(number, 'OFFERED');
    const began = (await ticket(number)).owner.code;
    await giveBack(began);
    await inState(number, 'TRIAGE');
    const centre = await open(accounts.operator, `/ticket/${number}`, '.action-bar [data-command=dispatch]');
    await act(centre.page, 'dispatch');
    await pick(centre.page, 'act-unit', other);
    await send(centre.page);
    await said(centre.page);
    await giveBack(other);
    await inState(number, 'DISPUTED');
    await centre.page.goto(`${system.url}/centre`);
    await centre.page.click(`.first .ticket-item[data-ticket=${number}] button`);
    await centre.page.waitForSelector('.action-bar [data-command=adjudicate]');
    await act(centre.page, 'adjudicate');
    await pick(centre.page, 'act-unit', first);
    await centre.page.fill('#act-reason', '按职责清单属该局');
    await send(centre.page);
    await said(centre.page);
    await inState(number, 'OFFERED');
    await leave(centre);
  });

  test('fifty are dispatched at once, and a number always equals its list', async () => {
    for (let i = 0; i < 50; i++) await push();
    const { page, ...rest } = await open(accounts.operator, '/centre', '.first h3');
    await page.waitForFunction(() => Number(document.querySelector('[data-first=TRIAGE]')?.textContent) >= 50);
    await page.click('.first h3 button:has([data-first=TRIAGE])');
    await page.waitForSelector('.list-panel .ticket-item');
    const count = async () => Number((await page.textContent('[data-test=list-count]')).replace(/\D/g, ''));
    const before = await count();
    await page.click('.list-panel .mark-box input');
    await page.click('.bulk .link');
    await page.click('.bulk .el-button');
    await pick(page, 'bulk-unit', system.departmentOf('020305'));
    await page.click('.bulk [type=submit]');
    await page.waitForSelector('[data-test=bulk-done]');
    const [, done, refused] = /完成 (\d+) 件，未成 (\d+) 件/.exec(await page.textContent('[data-test=bulk-done]')).map(Number);
    assert.ok(done >= 50 && refused === 0, `${done} done, ${refused} refused`);
    await page.waitForFunction((n) => Number(document.querySelector('[data-test=list-count]').textContent.replace(/\D/g, '')) === n, before - done);

    // the matrix's number, the list's heading and the list are one
    const unit = system.departmentOf('020305');
    await page.click(`.matrix [data-unit=${unit}] [data-test=depth]`);
    await page.waitForFunction((code) => {
      const cell = document.querySelector(`.matrix [data-unit=${code}] [data-test=depth]`)?.textContent.trim();
      const head = document.querySelector('[data-test=list-count]')?.textContent.replace(/\D/g, '');
      const list = document.querySelector('.list-panel [aria-setsize]')?.getAttribute('aria-setsize');
      return cell !== undefined && cell === head && cell === list;
    }, unit);
    const real = (await readonly.get(`/api/v1/queues/${unit}`)).body.unit.depth;
    assert.equal(await count(), real);
    await leave({ page, ...rest });
  });

  test('the session ends while something is typed: nothing is lost, and it is sent', async () => {
    const { number } = await push();
    const here = await open(accounts.operator, `/ticket/${number}`, '.action-bar [data-command=dispatch]');
    const { page, context } = here;
    await actAnywhere(page, 'note');
    await page.fill('#act-note', '已请社区先看现场');
    await context.clearCookies();
    await send(page);
    await page.waitForSelector('.el-dialog #login-password');
    await page.fill('.el-dialog #login-password', accounts.operator.password);
    await page.keyboard.press('Enter');
    await said(page);
    const { events } = (await readonly.get(`/api/v1/tickets/${number}/history`)).body;
    assert.deepEqual(events.filter((e) => e.event === 'noted').map((e) => e.note), ['已请社区先看现场']);
    await leave(here);
  });

  test('the keyboard alone is enough', async () => {
    await push();
    const here = await open(accounts.operator, '/centre', '.matrix [data-cell]');
    const { page } = here;
    const focus = () => page.evaluate(() => document.activeElement?.closest('[data-unit], [data-ticket]')?.dataset ?? {});
    await page.waitForSelector('.first [data-ticket]');
    await page.keyboard.press('j');
    await page.waitForFunction(() => document.activeElement?.dataset.cell === '0');
    const { unit } = await focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.closest('.list-panel') != null);
    assert.match(page.url(), new RegExp(`unit=${unit}`));
    await page.waitForSelector('.list-panel .ticket-item');
    await page.waitForFunction(() => document.activeElement?.closest('[data-ticket]') != null);
    const { ticket: first } = await focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/ticket/${first}`);
    await page.waitForSelector('[data-test=number]');
    await page.keyboard.press('Escape');
    await page.waitForURL('**/centre?**');
    await page.waitForSelector('.list-panel');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.list-panel', { state: 'detached' });
    await page.keyboard.press('/');
    await page.keyboard.type('井盖');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.list-panel .ticket-item');
    await page.keyboard.press('Escape');
    await page.waitForTimeout(0);
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press('g');
    await page.keyboard.press('q');
    await page.waitForSelector('.queue-row');
    await page.keyboard.press('?');
    await page.waitForSelector('.el-dialog kbd');
    await leave(here);
  });

  test('axe-core finds nothing', async () => {
    const { number } = await push();
    const street = accounts['street-s1'];
    for (const look of [{ lang: 'zh', theme: 'light' }, { lang: 'en', theme: 'dark' }]) {
      const centre = await open(accounts.operator, '/centre', '.matrix [data-cell]', look);
      await centre.page.waitForSelector('.district-map canvas');
      await axe(centre.page, `centre ${look.lang}`);
      await centre.page.click('.counters .lamp');
      await centre.page.waitForSelector('.list-panel header');
      await axe(centre.page, `list ${look.lang}`);
      await centre.page.goto(`${system.url}/ticket/${number}`);
      await centre.page.waitForSelector('[data-test=route]');
      await axe(centre.page, `ticket ${look.lang}`);
      await act(centre.page, 'dispatch');
      await centre.page.waitForSelector('#act-unit');
      await axe(centre.page, `form ${look.lang}`);
      await leave(centre);
      const desk = await open(street, '/desk?tab=mine', '.tabs', look);
      await axe(desk.page, `desk ${look.lang}`);
      await leave(desk);
    }
  });
});
