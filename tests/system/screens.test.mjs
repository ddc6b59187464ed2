// The screens in Debian's Chromium against the real running system: fifty dispatched at once, a session that ends while one types, the
// keyboard alone, axe-core; and what the page relies on of the API. Whole stories are in stories.test.mjs, /admin in admin.test.mjs.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';

import { shapes } from '../../web/dev/api.mjs';
import { start } from './harness.mjs';
import { pick } from './lib/screen.mjs';
import { Stage } from './lib/story.mjs';

let system, stage;

describe('the screens', { timeout: 600_000 }, () => {
  before(async () => {
    system = await start('screens');
    stage = await Stage.open(system);
  });
  after(async () => {
    await stage?.close();
    await system?.stop();
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

  test('fifty are dispatched at once, and a number always equals its list', async () => {
    for (let i = 0; i < 50; i++) await stage.push();
    const operator = await stage.signIn('operator', '/centre', '.first h3');
    const { page } = operator;
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
    const real = (await stage.readonly.get(`/api/v1/queues/${unit}`)).body.unit.depth;
    assert.equal(await count(), real);
    await operator.leaves();
  });

  test('the session ends while something is typed: nothing is lost, and it is sent', async () => {
    const number = await stage.push();
    const operator = await stage.signInBefore('operator', number);
    const { page, here } = operator;
    await operator.begins('note', { note: '已请社区先看现场' });
    await here.context.clearCookies();
    await page.click('.action-form [type=submit]');
    await page.waitForSelector('.el-dialog #login-password');
    await page.fill('.el-dialog #login-password', stage.accounts.operator.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.action-bar .done');
    assert.deepEqual((await stage.happened(number, 'noted')).map(({ note }) => note), ['已请社区先看现场']);
    await operator.leaves();
  });

  test('the session is ended elsewhere while something is typed: it is asked for at once, over what was typed', async () => {
    const number = await stage.push();
    const operator = await stage.signInBefore('operator', number);
    const { page } = operator;
    await operator.begins('note', { note: '还没有写完' });
    system.sql("DELETE FROM session WHERE hash = (SELECT s.hash FROM session s JOIN account a ON a.id = s.account WHERE a.login = 'operator' ORDER BY s.created_at DESC LIMIT 1)");
    await page.waitForSelector('.el-dialog #login-password');
    await page.fill('.el-dialog #login-password', stage.accounts.operator.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.el-dialog', { state: 'hidden' });
    await page.waitForSelector('.live-state.live');
    assert.equal(await page.inputValue('#act-note'), '还没有写完');
    await page.fill('#act-note', '还没有写完，现在写完了');
    await operator.sends();
    assert.deepEqual((await stage.happened(number, 'noted')).map(({ note }) => note), ['还没有写完，现在写完了']);
    await operator.leaves();
  });

  test('an act that can be undone is undone from where it was done', async () => {
    const number = await stage.push();
    const operator = await stage.signInBefore('operator', number);
    await operator.acts('dispatch', { unit: system.departmentOf('020305') });
    await operator.sees('OFFERED');
    await operator.page.click('.action-bar .done button');
    await operator.page.waitForSelector('.action-form [type=submit]:enabled');
    await operator.fills('reason', '派错了单位');
    await operator.sends();
    await operator.sees('TRIAGE');
    await stage.stands(number, 'TRIAGE');
    await operator.leaves();
  });

  test('a red card sounds, once; nothing else does, and nothing while it is mute', async () => {
    const operator = await stage.signIn('operator', '/centre', '.feed');
    const { page } = operator;
    await page.evaluate(() => {
      window.tones = 0;
      const real = AudioContext.prototype.createOscillator;
      AudioContext.prototype.createOscillator = function () {
        window.tones += 0.5; // a bell is two tones of one oscillator, started once
        const tone = real.call(this);
        const begin = tone.start;
        tone.start = (...when) => ((window.tones += 0.5), begin.apply(tone, when));
        return tone;
      };
    });
    const events = [];
    const card = (code) => events.unshift({ seq: String(1e9 + events.length), version: '1', at: new Date().toISOString(), event: 'rung', zh: '黄牌', en: 'card', actor: null, rung: { code, zh: '牌', en: 'card' }, unit: null, ticket: 'T20261121010000001' });
    await page.route('**/api/v1/feed?*', (route) => route.fulfill({ json: { events } }));
    const told = async (...codes) => {
      codes.forEach(card);
      await stage.push();
      await page.waitForFunction((n) => document.querySelectorAll('.feed li').length === n, events.length);
      return page.evaluate(() => window.tones);
    };
    await page.click('.matrix h2'); // a browser is silent until the page was touched
    assert.equal(await told('urge', 'warning', 'yellow_card'), 0);
    assert.equal(await told('red_card'), 1);
    await page.click('.feed .sound');
    assert.equal(await page.getAttribute('.feed .sound', 'aria-pressed'), 'false');
    assert.equal(await told('red_card'), 1);
    await operator.leaves();
  });

  test('the keyboard alone is enough: the centre, its list, a ticket', async () => {
    await stage.push();
    const operator = await stage.signIn('operator', '/centre', '.matrix [data-cell]');
    const { page } = operator;
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
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press('g');
    await page.keyboard.press('q');
    await page.waitForSelector('.queue-row');
    await page.keyboard.press('?');
    await page.waitForSelector('.el-dialog kbd');
    await operator.leaves();
  });

  test('the keyboard alone is enough: a desk, from signing to a return, without a mouse', async () => {
    const unit = system.anotherDepartment(system.departmentOf('020305')); // whose list the fifty are not in
    const numbers = [];
    for (let i = 0; i < 3; i++) numbers.push(await stage.offeredTo(unit));
    const desk = await stage.signIn(`department-${unit}`, '/desk?tab=sign', `.ticket-item[data-ticket="${numbers[2]}"]`);
    const { page } = desk;
    const opened = () => new URL(page.url()).searchParams.get('ticket');
    const current = () => page.evaluate(() => document.activeElement?.closest('[data-ticket]')?.dataset.ticket ?? null);
    const moved = (from) => page.waitForFunction((before) => (document.activeElement?.closest('[data-ticket]')?.dataset.ticket ?? before) !== before, from);

    await desk.presses('j');
    await moved(null);
    const first = await current();
    await desk.presses('j');
    await moved(first);
    await desk.presses('k', 'Enter');
    await desk.sees('OFFERED');
    assert.equal(opened(), first);
    await desk.presses('a');
    await desk.sees('HANDLING');
    await page.waitForSelector('.action-bar .done');

    await desk.seesGone(first); // what is signed leaves the list a moment after its answer
    await page.evaluate(() => document.activeElement?.blur());
    await desk.presses('j');
    await page.waitForFunction(() => document.activeElement?.closest('[data-ticket]') != null);
    await desk.presses('Enter');
    await desk.sees('OFFERED');
    const second = opened();
    assert.notEqual(second, first);
    await desk.presses('r');
    await page.waitForFunction(() => document.activeElement?.id === 'act-reason');
    await desk.presses('ArrowDown', 'Tab');
    await page.keyboard.type('职责清单第3条');
    await desk.presses('Control+Enter');
    await desk.sees('TRIAGE');
    await page.waitForSelector('.action-bar .done');
    assert.equal((await stage.happened(second, 'returned')).length, 1);

    await page.evaluate(() => document.activeElement?.blur());
    await desk.presses('/');
    await page.keyboard.type('井盖');
    await desk.presses('Enter');
    await page.waitForURL('**/desk?**q=**');
    await page.waitForSelector('.ticket-list .ticket-item');
    await page.evaluate(() => document.activeElement?.blur());
    await desk.presses('j');
    await page.waitForFunction(() => document.activeElement?.closest('[data-ticket]') != null);
    await desk.presses('x');
    await desk.shows('[data-test=marked]', '1');
    await desk.presses('?');
    await page.waitForSelector('.el-dialog kbd');
    await desk.leaves();
  });

  test('an act may follow another at once, from where the first one left the ticket, before the page has read it again', async () => {
    const unit = system.anotherDepartment(system.departmentOf('020305'));
    const number = await stage.offeredTo(unit);
    const desk = await stage.signInBefore(`department-${unit}`, number);
    const readings = [];
    await desk.page.route(`**/api/v1/tickets/${number}`, (route) => readings.push(route)); // no reading is answered from here on
    await desk.acts('sign');
    await desk.sees('HANDLING');
    await desk.acts('contact', { note: '已电话联系' });
    assert.ok(readings.length > 0, 'the page wanted to read it');
    assert.equal((await stage.happened(number, 'contacted')).length, 1);
    await desk.page.unrouteAll({ behavior: 'ignoreErrors' });
    await desk.leaves();
  });

  test('an act whose answer was lost, sent again from a form opened anew, happened once', async () => {
    const unit = system.anotherDepartment(system.departmentOf('020305'));
    const number = await stage.handledBy(unit);
    const desk = await stage.signInBefore(`department-${unit}`, number);
    const url = `**/api/v1/tickets/${number}/contact`;
    await desk.page.route(url, async (route) => {
      await route.fetch();
      await route.abort();
    });
    assert.match(await desk.isRefused('contact', { note: '已电话联系' }), /./);
    await desk.page.waitForSelector('.history :text("已电话联系")'); // the page has read the ticket since
    await desk.page.unroute(url);
    await desk.presses('Escape');
    await desk.acts('contact');
    assert.equal((await stage.happened(number, 'contacted')).length, 1);
    await desk.leaves();
  });

  test('an act that names a part of the ticket waits until the parts are read', async () => {
    const number = await stage.handledBy('s1');
    const street = await stage.signInBefore('street-s1', number);
    const readings = [];
    const url = `**/api/v1/tickets/${number}`;
    await street.page.route(url, (route) => readings.push(route));
    await street.acts('add_assist', { units: [system.departmentOf('020305')] });
    await street.page.click('.action-bar .done .el-button');
    await street.page.waitForSelector('.action-form [type=submit]:disabled');
    await street.page.unroute(url);
    for (const route of readings) await route.continue().catch(() => null); // given up by the page meanwhile
    await street.page.waitForSelector('.action-form [type=submit]:enabled');
    await street.fills('reason', '不再需要');
    await street.sends();
    assert.equal((await stage.ticket(number)).assignments.find(({ kind }) => kind.code === 'assist').state.code, 'released');
    await street.leaves();
  });

  test('axe-core finds nothing', async () => {
    const number = await stage.push();
    for (const look of [{ lang: 'zh', theme: 'light' }, { lang: 'en', theme: 'dark' }]) {
      const operator = await stage.signIn('operator', '/centre', '.matrix [data-cell]', look);
      await operator.page.waitForSelector('.district-map canvas');
      await operator.axe(`centre ${look.lang}`);
      await operator.page.click('.counters .lamp');
      await operator.page.waitForSelector('.list-panel header');
      await operator.axe(`list ${look.lang}`);
      await operator.goes(`/ticket/${number}`, '[data-test=route]');
      await operator.axe(`ticket ${look.lang}`);
      await operator.begins('dispatch');
      await operator.axe(`form ${look.lang}`);
      await operator.leaves();
      const street = await stage.signIn('street-s1', '/desk?tab=mine', '.tabs', look);
      await street.axe(`desk ${look.lang}`);
      await street.leaves();
    }
  });
});
