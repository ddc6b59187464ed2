// Takes the pictures in docs/screens from a running system, as an operator sees it.
//
//   node web/dev/screens.mjs [--url http://127.0.0.1:12345] [--accounts var/accounts.json] [--out docs/screens]

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
    out: { type: 'string', default: path.join(root, 'docs/screens') },
  },
});
const book = JSON.parse(fs.readFileSync(args.accounts, 'utf8'));
const url = args.url ?? book.url;
const { user, password, unit: centre } = book.accounts.operator;

const centreRow = `.queue-row[data-unit="${centre}"]`;
const busiestStreet = '.queue-section.streets .queue-row';

const SCREENS = [
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
for (const { name, width, height, scale = 1, lang = 'zh', theme = 'light', act } of SCREENS) {
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale });
  const page = await context.newPage();
  await page.addInitScript(
    ([l, t]) => {
      localStorage.setItem('paidan.lang', l);
      localStorage.setItem('paidan.theme', t);
    },
    [lang, theme],
  );
  await page.goto(url);
  await page.fill('#login-user', user);
  await page.fill('#login-password', password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.queue-row');
  await act?.(page);
  await page.waitForTimeout(800);
  await page.screenshot({ path: path.join(args.out, `${name}.png`) });
  console.log(`${name}.png`);
  await context.close();
}
await browser.close();
