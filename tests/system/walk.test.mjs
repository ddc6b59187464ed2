// Every screen by the keyboard alone and by axe-core, light and dark: what can be pressed is reached by Tab, each stop is seen, nothing
// holds the focus, and ? names the keys of the very screen. /admin is walked in admin.test.mjs. In Chromium against the running system.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { Stage } from './lib/story.mjs';
import { walk } from './lib/walk.mjs';

let system, stage, number;

const SCREENS = [
  ['operator', '/centre', '.matrix [data-cell]', ['/', 'j', 'k', 's', 'Esc']],
  ['operator', '/queues', '.queue-row', ['j', 'k', '/', 'Esc']],
  ['operator', 'ticket', '.ticket-body [data-test=route]', ['a', 'r', 'Esc']],
  ['operator', '/figures', '.trend-chart svg', ['Esc']],
  ['street-s1', '/desk?tab=mine', '.tabs', ['j', 'k', 'a', 'r', 'x', '/']],
  ['street-s1', '/figures', '.rates [data-rate]', ['Esc']],
];
const PHONE = [
  ['/m/', '[data-test=report]'],
  ['/m/report', '#report-text'],
  ['/m/progress', 'input'],
  ['/m/sent', '#view'],
  ['/m/login', '#login-user'],
];

describe('every screen by the keyboard', { timeout: 300_000 }, () => {
  before(async () => {
    system = await start('walk');
    stage = await Stage.open(system);
    number = await stage.push();
    await stage.stands(number, 'TRIAGE');
  });
  after(async () => {
    await stage?.close();
    await system?.stop();
  });

  for (const [i, [name, where, seen, keys]] of SCREENS.entries()) {
    test(`${where} for ${name}`, async () => {
      const person = await stage.signIn(name, where === 'ticket' ? `/ticket/${number}` : where, seen, i % 2 === 1 ? { lang: 'en' } : {});
      const { page } = person;
      await walk(page, where);
      await person.axe(`${where} light`);
      await page.evaluate(() => document.activeElement?.blur());
      await person.presses('t');
      await page.waitForSelector('html.dark');
      await person.axe(`${where} dark`);
      await person.presses('?');
      await page.waitForSelector('.el-dialog kbd');
      const named = await page.$$eval('.el-dialog kbd', (all) => all.map((e) => e.textContent));
      assert.deepEqual(keys.filter((key) => !named.includes(key)), [], `${where}: keys the help does not name`);
      await person.presses('Escape');
      await page.waitForSelector('.el-dialog', { state: 'hidden' });
      await person.leaves();
    });
  }

  test('the phone, for a resident', async () => {
    const visitor = await stage.comes('/m/', '[data-test=report]', { width: 360, height: 740 });
    for (const [where, seen] of PHONE) {
      await visitor.goes(where, seen);
      await walk(visitor.page, where);
      await visitor.axe(where);
    }
    await visitor.leaves();
  });

  test('the wall, and the way to it', async () => {
    const visitor = await stage.comes('/wall', '#wall-token', { width: 1920, height: 1080 });
    await walk(visitor.page, 'the wall without a token');
    await visitor.axe('the wall without a token');
    await visitor.goes(`/wall#token=${system.accounts.tokens.readonly}`, '.counters, #wall-token');
    await visitor.page.reload();
    await visitor.page.waitForSelector('.wall .counters');
    await walk(visitor.page, 'the wall');
    await visitor.axe('the wall');
    await visitor.leaves();
  });

  test('signing in', async () => {
    const visitor = await stage.comes('/login', '#login-user');
    await walk(visitor.page, 'login');
    await visitor.axe('login');
    await visitor.leaves();
  });
});
