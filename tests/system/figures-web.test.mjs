// The page of figures in Debian's Chromium against the real running system: its numbers are the API's, each rate opens its formula and
// its tickets, groups and steps, the file, the printed page; axe-core and the keyboard.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { axe, browse, leave, screen } from './lib/screen.mjs';
import { eventually } from './lib/wait.mjs';

let system, browser, operator, signed;
const MATTER = '020305';

async function push(id) {
  const body = { source: 'hotline-12345', external_id: id, matter: MATTER, title: '路灯不亮', location: { lon: 123.76, lat: 41.33 } };
  const answer = await system.token('hotline').post('/api/v1/requests', body);
  assert.equal(answer.status, 201, answer.text);
  return eventually('its ticket', async () => {
    const ticket = (await operator.get(`/api/v1/requests/${answer.body.number}`)).body.ticket?.number;
    return ticket && (await operator.get(`/api/v1/tickets/${ticket}`)).body.state === 'OFFERED' ? ticket : null;
  });
}

describe('the page of figures', { timeout: 120_000 }, () => {
  before(async () => {
    system = await start('figures-web');
    operator = await system.account('operator');
    browser = await browse();
    signed = await push('figures-web-1');
    await push('figures-web-2');
    const department = await system.account(`department-${system.departmentOf(MATTER)}`);
    assert.equal((await department.post(`/api/v1/tickets/${signed}/sign`, {})).status, 200);
  });
  after(async () => {
    await browser?.close();
    await system?.stop();
  });

  test('counters, a rate with its formula and tickets, groups, the file, the printed page', async () => {
    const here = await screen(browser, system.url, system.accounts.accounts.operator, '/figures?period=week', '.trend-chart svg');
    const { page } = here;
    const real = (await operator.get('/api/v1/figures')).body;
    assert.equal(await page.textContent('dd[data-test=received]'), '2');
    assert.ok((await page.textContent('.identity')).includes('0 + 2 = 0 + 0 + 2'));
    const rate = real.rates.find(({ code }) => code === 'sign_on_time');

    await page.focus('[data-rate=sign_on_time]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.explain [data-ticket]');
    assert.equal(await page.textContent('[data-test=formula]'), rate.formula.zh);
    assert.equal(await page.textContent('[data-test=numbers]'), `${rate.numerator} / ${rate.denominator}`);
    assert.deepEqual(await page.$$eval('.explain [data-ticket]', (rows) => rows.map((row) => row.dataset.ticket)), [signed]);
    await axe(page, 'explained');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.explain', { state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.dataset.rate), 'sign_on_time', 'the focus is back');

    await page.goto(`${system.url}/figures?period=day&by=matter&matter=${MATTER}`);
    await page.waitForSelector('.ranking tbody tr');
    assert.match(await page.textContent('.ranking tbody tr'), /2/);
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-test=export]')]);
    assert.match(fs.readFileSync(await file.path(), 'utf8'), new RegExp(`^\ufeff代码,名称,[^]*^${MATTER},`, 'm'));
    assert.equal((await system.account('operator').then((who) => who.get('/api/v1/figures?by=matter'))).status, 200);

    await page.emulateMedia({ media: 'print' });
    assert.ok(!(await page.isVisible('.filters')) && (await page.isVisible('.ranking table')));
    assert.ok(await page.evaluate(() => document.querySelector('.figures').scrollHeight <= document.querySelector('.figures').clientHeight + 1), 'nothing is cut off on paper');
    await leave(here);
  });

  test('a street, in English and dark, sees its own; axe-core finds nothing', async () => {
    const street = system.accounts.accounts['street-s1'];
    const here = await screen(browser, system.url, street, '/figures', '.trend-chart svg', { lang: 'en', theme: 'dark' });
    const { page } = here;
    await page.waitForSelector('.scope b');
    assert.equal(await page.textContent('.scope b'), (await (await system.account('street-s1')).get('/api/v1/figures')).body.unit.name.en);
    await axe(page, 'figures en');
    await leave(here);
  });
});
