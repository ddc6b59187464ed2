// People as they are at the end of a shift: pressing twice, going back, two tabs, somebody else at the same desk, a narrow window, a slow
// server. Nothing happens twice, nothing typed is lost, nobody sees another's screen. In Chromium against the running system.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { Stage } from './lib/story.mjs';

let system, stage, unit;
const notes = async (number) => (await stage.happened(number, 'noted')).map(({ note }) => note);

describe('the screens, handled clumsily', { timeout: 300_000 }, () => {
  before(async () => {
    system = await start('clumsy');
    stage = await Stage.open(system);
    unit = system.departmentOf('020305');
  });
  after(async () => {
    await stage?.close();
    await system?.stop();
  });

  test('pressed twice and again while the server is slow: it happens once', async () => {
    const number = await stage.handledBy(unit);
    const desk = await stage.signInBefore(`department-${unit}`, number);
    const { page } = desk;
    await desk.begins('note', { note: '已到现场' });
    let asked = 0;
    let letGo;
    const held = new Promise((resolve) => (letGo = resolve));
    await page.route('**/note', async (route) => (asked++, await held, route.continue()));
    await page.dblclick('.action-form [type=submit]');
    await page.focus('#act-note');
    await desk.presses('Control+Enter', 'Control+Enter');
    letGo();
    await page.waitForSelector('.action-bar .done');
    assert.equal(asked, 1);
    assert.deepEqual(await notes(number), ['已到现场']);
    await desk.leaves();
  });

  test('back and forward: what was typed is still there', async () => {
    const number = await stage.handledBy(unit);
    const desk = await stage.signIn(`department-${unit}`, '/desk?tab=handle', `.ticket-item[data-ticket="${number}"]`);
    const { page } = desk;
    await desk.goes(`/ticket/${number}`, '.ticket-body [data-test=state]');
    await desk.begins('note', { note: '还差一张照片' });
    await page.click('.screens a[href="/desk"]');
    await page.waitForSelector('.tabs');
    await page.goBack();
    await page.waitForSelector('.ticket-body [data-test=state]');
    await desk.begins('note');
    assert.equal(await page.inputValue('#act-note'), '还差一张照片');
    await desk.leaves();
  });

  test('two tabs before one ticket: the second is told what changed, keeps its text, and can go on', async () => {
    const number = await stage.offeredTo(unit);
    const first = await stage.signInBefore(`department-${unit}`, number);
    const second = await stage.signInBefore(`department-${unit}`, number);
    await second.begins('note', { note: '电话没有打通' });
    await first.acts('sign');
    await second.page.waitForSelector('[data-test=state][data-state=HANDLING]');
    for (let told = false; !told;) {
      await second.page.click('.action-form [type=submit]');
      await second.page.waitForSelector('.action-form .mistake, .action-bar .done');
      told = (await second.page.$('.action-bar .done')) !== null;
      if (!told) assert.equal(await second.page.inputValue('#act-note'), '电话没有打通');
    }
    assert.deepEqual(await notes(number), ['电话没有打通']);
    await second.leaves();
    await first.leaves();
  });

  test('one browser, two tabs: signing off closes both, and another person never sees the first one\'s screen', async () => {
    const one = await stage.signIn(`department-${unit}`, '/desk', '.tabs');
    const other = await one.here.context.newPage();
    await other.goto(`${system.url}/desk`);
    await other.waitForSelector('.tabs');
    await one.page.click('.tools button:last-of-type');
    await other.waitForSelector('#login-user');
    const { user, password } = stage.accounts.operator;
    await one.page.waitForSelector('#login-user');
    await one.page.fill('#login-user', user);
    await one.page.fill('#login-password', password);
    await one.presses('Enter');
    await one.page.waitForSelector('.matrix [data-cell]');
    await other.goto(`${system.url}/queues`);
    await other.waitForSelector('.queue-row');
    await one.page.click('.tools button:last-of-type');
    await one.page.waitForSelector('#login-user');
    await one.page.fill('#login-user', stage.accounts['street-s1'].user);
    await one.page.fill('#login-password', stage.accounts['street-s1'].password);
    await one.presses('Enter');
    await one.page.waitForSelector('.tabs');
    await other.waitForSelector('#login-user');
    await one.leaves();
  });

  test('a narrow window: nothing lies outside it', async () => {
    const number = await stage.push();
    const wide = [];
    const fits = async (person, where) => {
      const over = await person.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) wide.push(`${where}: ${over} px`);
    };
    const look = { width: 360, height: 740 };
    const operator = await stage.signIn('operator', '/centre', '.matrix [data-cell]', look);
    await fits(operator, '/centre');
    for (const [where, seen] of [[`/ticket/${number}`, '[data-test=route]'], ['/desk', '.tabs'], ['/figures', '.rates [data-rate]'], ['/queues', '.queue-row']]) {
      await operator.goes(where, seen);
      await fits(operator, where);
    }
    await operator.leaves();
    for (const [name, sections] of [['system', ['units', 'rules', 'calendars', 'endpoints', 'mappings', 'running']], ['security', ['accounts', 'tokens', 'keys']], ['audit', ['audit']]]) {
      const person = await stage.opensAdmin(name, sections[0], look);
      for (const section of sections) {
        await person.opensSection(section);
        await fits(person, section);
      }
      await person.leaves();
    }
    assert.deepEqual(wide, []);
  });
});
