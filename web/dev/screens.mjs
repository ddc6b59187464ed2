// Takes the pictures in docs/screens from a running system (make screens), each as the person sees it whose screen it is.
//
//   node web/dev/screens.mjs [--url http://127.0.0.1:12345] [--accounts var/accounts.json] [--out docs/screens] [--only centre]

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const { values: args } = parseArgs({
  options: {
    url: { type: 'string' },
    accounts: { type: 'string', default: path.join(root, 'var/accounts.json') },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: path.join(root, 'docs/screens') },
  },
});
const book = JSON.parse(fs.readFileSync(args.accounts, 'utf8'));
const url = args.url ?? book.url;
const { unit: centre } = book.accounts.operator;

const centreRow = `.queue-row[data-unit="${centre}"]`;
const busiestStreet = '.queue-section.streets .queue-row';

/** The ticket with the most to show: one a department handles, where it has a place. */
const reading = (where) =>
  fetch(`${url}/api/v1${where}`, { headers: { Authorization: `Bearer ${book.tokens.readonly}` } }).then((r) => r.json());
const handled = (await reading('/tickets?state=HANDLING&limit=50')).tickets ?? [];
const shown = handled.find(({ owner, next_action }) => owner?.code.length > 4 && next_action?.code === 'finish') ?? handled[0];
const { units } = await reading('/queues');
const busiest = (kind) => units.filter((unit) => unit.kind === kind).sort((a, b) => b.depth - a.depth)[0]?.unit;
const deskOf = (code) => Object.keys(book.accounts).find((name) => book.accounts[name].unit === code && name !== 'operator');
const street = `street-${busiest('street')}`;
const department = `department-${busiest('department')}`;

// The phone: who works there signs in at its own door; the worker in whose grid most is to be done, and a community with something to check.
const workerOf = (kind) => deskOf(units.filter((unit) => unit.kind === kind && deskOf(unit.unit)).sort((a, b) => b.depth - a.depth)[0]?.unit);
const PHONE = { width: 360, height: 740, scale: 2, place: (await reading('/map?limit=1')).tickets?.[0] };
const atPhone = (where, seen) => async (page) => {
  await page.goto(url + where);
  await page.waitForSelector(seen);
};

// An administrator's pages, each with something to see; what is made for it is taken away again.
const ADMIN = { width: 1366, height: 768 };
const brings = async (page, change) => {
  const kind = await page.getAttribute('[data-file]', 'data-file');
  const text = await page.evaluate((at) => fetch(at).then((answer) => answer.text()), `/api/v1/admin/${kind}/export`);
  await page.setInputFiles('[data-test=file]', { name: `${kind}.csv`, mimeType: 'text/csv', buffer: Buffer.from(change(text)) });
  await page.waitForSelector('[data-test=outcome]');
};
const previews = async (page) => {
  await page.click('[data-test=preview]');
  await page.waitForSelector('[data-move]');
};
const busiestDepartment = busiest('department');
const ENDPOINTS = [
  ['water-oa', 'https://oa.water.example/paidan/events', { unit: 'water' }],
  ['hotline-answers', 'https://12345.example/answers', { source: 'hotline-12345' }],
];

const openFirst = async (page) => {
  await page.click('.ticket-list .ticket-item button');
  await page.waitForSelector('.ticket-body [data-test=route]');
};

const SCREENS = [
  { name: 'centre', path: '/centre', width: 1440, height: 900, wait: '.district-map path, .district-map canvas' },
  {
    name: 'centre-list-dark',
    path: '/centre',
    width: 1440,
    height: 900,
    theme: 'dark',
    wait: '.matrix [data-test=red]',
    async act(page) {
      await page.click('.counters .lamp');
      await page.waitForSelector('.list-panel .ticket-item');
    },
  },
  { name: 'centre-en', path: '/centre', width: 1366, height: 768, lang: 'en', wait: '.district-map canvas' },
  { name: 'ticket', path: `/ticket/${shown?.number}`, width: 1440, height: 900, who: deskOf(shown?.owner?.code), wait: '[data-test=route]' },
  { name: 'ticket-form-en', path: `/ticket/${shown?.number}`, width: 1366, height: 768, lang: 'en', theme: 'dark', who: deskOf(shown?.owner?.code), wait: '[data-test=route]',
    async act(page) {
      await page.click('.action-bar .el-button');
      await page.waitForSelector('.action-form .field');
    } },
  { name: 'desk-department', path: '/desk?tab=handle', width: 1440, height: 900, who: department, wait: '.ticket-list .ticket-item', act: openFirst },
  { name: 'desk-street-dark', path: '/desk?tab=mine', width: 1366, height: 768, theme: 'dark', who: street, wait: '.ticket-list .ticket-item',
    async act(page) {
      await openFirst(page);
      for (const box of (await page.$$('.mark-box input')).slice(0, 3)) await box.click();
    } },
  { name: 'queues', width: 1440, height: 900 },
  {
    name: 'queues-ticket',
    width: 1440,
    height: 900,
    async act(page) {
      await page.click(centreRow);
      await page.click('.ticket-item button');
      await page.waitForSelector('[data-test=route]');
    },
  },
  {
    name: 'queues-unit-dark',
    width: 1440,
    height: 900,
    theme: 'dark',
    async act(page) {
      await page.click(`${busiestStreet} .fold`);
      await page.click(busiestStreet);
      await page.waitForSelector('.unit-panel .ticket-item, .unit-panel .empty');
    },
  },
  { name: 'queues-en', width: 1440, height: 900, lang: 'en' },
  { name: 'queues-wide-dark', width: 1920, height: 1080, theme: 'dark' },
  { name: 'queues-phone', width: 390, height: 844, scale: 2 },
  { ...PHONE, name: 'phone-worker', path: '/m/login', who: workerOf('grid'), wait: '.tiles [data-matter]:not(.other)' },
  { ...PHONE, name: 'phone-report', path: '/m/login', who: workerOf('grid'), wait: '.tiles [data-matter]:not(.other)',
    async act(page) {
      await page.click('.tiles [data-matter]');
      await page.waitForSelector('[data-test=matter]');
      await page.setInputFiles('#report-photo', path.join(root, 'docs/screens/wall.png'));
      await page.waitForSelector('.photos img');
    } },
  { ...PHONE, name: 'phone-tasks-dark', path: '/m/login', theme: 'dark', who: workerOf('community'), wait: '.tiles', act: atPhone('/m/tasks', '.task') },
  { ...PHONE, name: 'phone-task-en', path: '/m/login', lang: 'en', who: workerOf('community'), wait: '.tiles',
    async act(page) {
      await atPhone('/m/tasks', '.task')(page);
      await page.click('.task');
      await page.waitForSelector('.task-view');
    } },
  { ...PHONE, name: 'phone-resident', path: '/m/', who: null, wait: '[data-test=report]' },
  { ...PHONE, name: 'phone-progress', path: '/m/', who: null, wait: '[data-test=report]',
    async act(page) {
      await page.click('[data-test=report]');
      await page.fill('#report-text', '路灯不亮，晚上很黑');
      await page.fill('#report-phone', '19900004321');
      await page.click('[data-test=send]');
      await page.waitForSelector('[data-test=follow]');
      await page.click('[data-test=follow]');
      await page.waitForSelector('[data-test=found]');
    } },
  { ...PHONE, name: 'phone-offline-dark-en', path: '/m/', who: null, lang: 'en', theme: 'dark', wait: '[data-test=report]',
    async act(page) {
      await page.click('[data-test=report]');
      await page.fill('#report-text', 'The street lamp is out');
      await page.fill('#report-phone', '19900004321');
      await page.context().setOffline(true);
      await page.waitForSelector('[data-test=offline]');
      await page.click('[data-test=send]');
      await page.waitForSelector('.entry');
    } },
  { name: 'figures', path: '/figures', width: 1440, height: 1100, wait: '.trend-chart svg' },
  { name: 'figures-explain-en-dark', path: '/figures?period=week', width: 1366, height: 900, lang: 'en', theme: 'dark', who: street, wait: '.trend-chart svg',
    async act(page) {
      await page.click('[data-rate=solved]');
      await page.waitForSelector('.explain [data-ticket]');
    } },
  { ...ADMIN, name: 'admin-people', path: '/admin/accounts', who: 'admin-security', wait: '[data-user]' },
  { ...ADMIN, name: 'admin-units-dark', path: '/admin/units', who: 'admin-system', theme: 'dark', wait: '.district-map canvas' },
  { ...ADMIN, name: 'admin-rules', path: '/admin/rules', who: 'admin-system', wait: '[data-file] .admin-table, [data-file] .empty-state',
    async act(page) {
      await page.click('[data-test=add]');
      for (const [column, text] of [['name', '暖气一律归住建'], ['priority', '10'], ['keywords', '暖气'], ['target', busiestDepartment]])
        await page.fill(`.row-form [name="${column}"]`, text);
      await page.click('.el-dialog [type=submit]');
      await page.click('[data-test=check]');
      await page.waitForSelector('[data-test=outcome]');
      await previews(page);
    } },
  { ...ADMIN, name: 'admin-calendars', path: '/admin/calendars', who: 'admin-system', wait: '[data-row]',
    async act(page) {
      await brings(page, (text) => text.replaceAll('13:00-17:00', '13:00-16:30').replaceAll('13:30-17:30', '13:30-17:00'));
      await previews(page);
    } },
  { ...ADMIN, name: 'admin-endpoints', path: '/admin/endpoints', who: 'admin-system', wait: '.admin-head',
    async act(page) {
      const call = (method, path, body) => page.evaluate(async ([m, p, b]) => {
        const { csrf } = await (await fetch('/api/v1/session')).json();
        await fetch(`/api/v1/admin/endpoints${p}`, { method: m, headers: { 'X-CSRF-Token': csrf, ...(b && { 'Content-Type': 'application/json' }) }, body: b && JSON.stringify(b) });
      }, [method, path, body]);
      for (const [name, at, whose] of ENDPOINTS) await call('POST', '', { name, url: at, ...whose });
      await page.reload();
      await page.waitForSelector('[data-endpoint]');
      return async () => {
        for (const [name] of ENDPOINTS) await call('DELETE', `/${name}`);
      };
    } },
  { ...ADMIN, name: 'admin-audit', path: '/admin/audit', who: 'admin-audit', wait: '.chain.good' },
  { ...ADMIN, name: 'admin-running-en-dark', path: '/admin/running', who: 'admin-system', lang: 'en', theme: 'dark', wait: '.facts dd' },
  { name: 'wall', path: `/wall#token=${book.tokens.readonly}`, width: 1920, height: 1080, who: null, wait: '.wall-units [data-unit]' },
  { name: 'wall-en', path: `/wall#token=${book.tokens.readonly}`, width: 1920, height: 1080, who: null, lang: 'en', wait: '.wall-units [data-unit]' },
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});
fs.mkdirSync(args.out, { recursive: true });
for (const screen of SCREENS) {
  const { name, width, height, path: at = '/queues', who = 'operator', wait = '.queue-row' } = screen;
  const { scale = 1, lang = 'zh', theme = 'light', act } = screen;
  if (!name.startsWith(args.only)) continue;
  const account = book.accounts[who] ?? book.accounts.operator;
  const located = screen.place ? { geolocation: { longitude: screen.place.lon, latitude: screen.place.lat, accuracy: 9 }, permissions: ['geolocation'] } : {};
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale, locale: lang === 'zh' ? 'zh-CN' : 'en-GB', timezoneId: 'Asia/Shanghai', ...located });
  const page = await context.newPage();
  await page.addInitScript(
    ([l, t]) => {
      localStorage.setItem('paidan.lang', l);
      localStorage.setItem('paidan.theme', t);
    },
    [lang, theme],
  );
  await page.goto(url + at);
  if (who !== null) {
    await page.fill('#login-user', account.user);
    await page.fill('#login-password', account.password);
    await page.keyboard.press('Enter');
  }
  await page.waitForSelector(wait, { timeout: 15_000 });
  const tidy = await act?.(page);
  await page.waitForTimeout(800);
  await page.screenshot({ path: path.join(args.out, `${name}.png`) });
  if (typeof tidy === 'function') await tidy();
  console.log(`${name}.png`);
  await context.close();
}
await browser.close();
