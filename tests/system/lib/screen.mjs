// A browser before the running system: signing in as somebody, looking for accessibility mistakes, leaving without a complaint.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const require = createRequire(path.join(root, 'web/package.json'));

// Each call of the API and each answer is up to so many ms under way, as on a slow line: a test that counts on a quick page is found
// before a busy machine finds it (SLOW_LINE_MS=1500 make system ONLY=stories).
const SLOW_LINE_MS = Number(process.env.SLOW_LINE_MS ?? 0);

export async function browse() {
  const { chromium } = require('playwright-core');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  if (SLOW_LINE_MS > 0) {
    const quick = browser.newContext.bind(browser);
    browser.newContext = async (look) => slowed(await quick(look));
  }
  return browser;
}

async function slowed(context) {
  const underway = () => new Promise((resolve) => setTimeout(resolve, Math.random() * SLOW_LINE_MS));
  await context.route('**/api/**', async (route) => {
    try {
      await underway();
      if (/event-stream/.test(route.request().headers().accept)) return await route.fallback();
      const response = await route.fetch({ maxRedirects: 0 });
      await underway();
      await route.fulfill({ response });
    } catch {
      await route.abort().catch(() => {}); // the page has been left meanwhile, or the server was not there
    }
  });
  return context;
}

// Signs in by the form, at `where`, and waits for `seen`; without an account nobody signs in.
export async function screen(browser, url, account, where, seen, { lang = 'zh', theme = 'light', width = 1366, height = 768 } = {}) {
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // a refusal the page shows, and a server without similar tickets, are no mistakes of the page
    if (message.type() === 'error' && !/status of (401|404|405|409|422|50[234])|ERR_/.test(message.text())) complaints.push(message.text());
  });
  await page.addInitScript(([l, t]) => {
    localStorage.setItem('paidan.lang', l);
    localStorage.setItem('paidan.theme', t);
  }, [lang, theme]);
  await page.goto(url + where);
  if (account !== null) {
    await page.fill('#login-user', account.user);
    await page.fill('#login-password', account.password);
    await page.keyboard.press('Enter');
  }
  await page.waitForSelector(seen);
  return { page, context, complaints };
}

export async function leave({ context, complaints }) {
  assert.deepEqual(complaints, []);
  await context.close();
}

// What axe-core finds; evaluated outside the page's content policy.
export async function axe(page, what) {
  await page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate(() => window.axe.run('html', { resultTypes: ['violations'] }));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`), [], what);
}

// Chooses in one of the page's searching lists, by the keyboard.
export async function pick(page, id, text) {
  await page.focus(`#${id}`);
  await page.keyboard.type(text);
  await page.waitForFunction((wanted) => [...document.querySelectorAll('.el-select-dropdown__item')]
    .some((item) => item.offsetParent !== null && item.textContent.includes(wanted)), text);
  await page.keyboard.press('Enter');
}
