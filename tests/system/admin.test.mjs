// /admin in Debian's Chromium against the real running system: three administrators apart, a calendar and rules with their previews,
// a unit that reviews its own work, dead letters, the audit log and its chain; by the keyboard, and by axe-core.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { Stage } from './lib/story.mjs';
import { walk } from './lib/walk.mjs';
import { eventually } from './lib/wait.mjs';
import { webhookReceiver } from './lib/webhooks.mjs';

let system, stage;
const SECTIONS = {
  'admin-system': ['units', 'matters', 'admission', 'places', 'rules', 'calendars', 'policies', 'scores', 'organisation', 'roster', 'sources', 'mappings', 'endpoints', 'deadletters', 'running'],
  'admin-security': ['accounts', 'posts', 'tokens', 'keys', 'networks', 'running'],
  'admin-audit': ['audit', 'running'],
};
const HEAD = '.admin-body h2';
const admin = (name, section) => stage.opensAdmin(name, section);

describe('/admin', { timeout: 400_000 }, () => {
  before(async () => {
    system = await start('admin');
    stage = await Stage.open(system);
  });
  after(async () => {
    await stage?.close();
    await system?.stop();
  });

  for (const [i, [name, own]] of Object.entries(SECTIONS).entries()) {
    test(`${name} sees its own sections and no other's; axe-core finds nothing, and [ ] and j k are enough to walk them`, async () => {
      const person = await stage.signIn(name, '/admin', HEAD, i === 1 ? { lang: 'en', theme: 'dark' } : {});
      const { page } = person;
      assert.deepEqual((await page.$$eval('[data-section]', (all) => all.map((e) => e.dataset.section))).sort(), [...own].sort());
      assert.equal(await page.$('.screens a[href="/queues"]'), null, 'administrators do not work on tickets');
      for (const [n, section] of (await page.$$eval('[data-section]', (all) => all.map((e) => e.dataset.section))).entries()) {
        if (n > 0) await person.presses(']');
        await page.waitForSelector(`[data-section=${section}][aria-current=page]`);
        await page.waitForFunction(() => document.querySelector('.admin-body h2') !== null && document.querySelector('.admin-body > [role=status], .admin-body .soft[role=status]') === null);
        await walk(page, section, 25);
        await person.axe(section);
        await page.evaluate(() => document.activeElement?.blur());
        await person.presses('t');
        await person.axe(`${section}, the other theme`);
        await person.presses('t');
      }
      await person.presses('?');
      await page.waitForSelector('.el-dialog kbd');
      assert.match(await page.textContent('.el-dialog .keys'), /\[\].*jk/s);
      await person.presses('Escape');
      await page.waitForSelector('.el-dialog', { state: 'hidden' });
      await person.presses('[');
      await page.waitForSelector(`[data-section=${own.at(-2)}][aria-current=page]`);
      const foreign = Object.values(SECTIONS).flat().find((section) => !own.includes(section));
      await person.goes(`/admin/${foreign}`, HEAD);
      assert.equal(await page.getAttribute('[data-section][aria-current=page]', 'data-section'), await page.getAttribute('[data-section]', 'data-section'));
      await person.leaves();
    });
  }

  test('a calendar: mistakes stand beside their rows, the preview says what would move, and only applying moves it', async () => {
    const number = await stage.handledBy(system.departmentOf('020305'));
    const due = async () => (await stage.ticket(number)).total_due;
    const before = await due();
    const person = await admin('system', 'calendars');
    const { page } = person;
    const text = (await (await system.account('admin-system')).get('/api/v1/admin/calendars/export')).text;
    const row = text.split('\r\n').findIndex((line) => line.startsWith('standard,hours')) + 1;

    await person.brings(text.replace(/^(standard,hours,.*)13:00-17:00/m, '$113:00-25:00'));
    assert.equal(await page.textContent('.fault'), await page.textContent(`tr.wrong[data-number="${row}"] + .fault`), 'beside its row');
    assert.ok(await page.isDisabled('[data-test=apply]'));

    await person.brings(text.replaceAll('13:00-17:00', '13:00-16:30').replaceAll('13:30-17:30', '13:30-17:00'));
    await page.click('[data-test=preview]');
    await page.waitForSelector('[data-move]');
    await person.shows('[data-move] th', number);
    await person.axe('calendar preview');
    assert.equal(await due(), before, 'a preview moves nothing');
    await person.applies();
    await eventually('it moves', async () => (await due()) !== before);
    await person.leaves();
  });

  test('a rule: what it would have sent elsewhere, then it is in force; a sentence tries it', async () => {
    const number = await stage.push({ title: '三號樓水管爆裂' });
    await stage.stands(number, 'TRIAGE');
    const person = await admin('system', 'rules');
    const { page } = person;
    await person.writesRow(null, { name: '爆管', keywords: '水管+爆裂', target: 'nowhere' });
    await page.waitForSelector('tr.wrong + .fault');
    await person.writesRow('爆管', { target: 'water' });
    await page.click('[data-test=preview]');
    await person.shows('[data-move] th', number);
    await person.applies();
    await page.fill('[data-test=try]', '二号楼水管爆裂');
    await person.presses('Enter');
    await page.waitForSelector('[data-test=tried]');
    await person.shows('[data-test=tried]', system.units.find(({ code }) => code === 'water').name_zh);
    await person.leaves();
  });

  test('a unit that reviews its own work: who finished is told no, then yes, by a colleague', async () => {
    const unit = system.anotherDepartment(system.departmentOf('020305'));
    const keeper = await admin('system', 'units');
    await keeper.writesRow(unit, { flags: 'review' });
    await keeper.applies();
    await keeper.leaves();

    const security = await admin('security', 'accounts');
    await security.page.click('[data-test=new]');
    await security.page.fill('[name=account-user]', 'second-pair');
    await security.page.selectOption('[name=account-role]', 'department');
    await security.picksUnit('account-unit', unit);
    await security.page.click('.admin-form [type=submit]');
    const password = await security.page.textContent('[data-test=once] code');
    await security.leaves();
    stage.accounts['second-pair'] = { user: 'second-pair', password, role: 'department', unit };

    const number = await stage.handledBy(unit);
    const desk = await stage.signInBefore(`department-${unit}`, number);
    await desk.acts('finish', { answer: '已处理', result: 'solved' });
    await desk.page.waitForSelector('.asked-for');
    const colleague = await stage.signInBefore('second-pair', number);
    await colleague.acts('refuse_finish', { reason: '缺照片' });
    await desk.may('finish');
    await desk.shows('.history', '缺照片');
    await desk.acts('finish', { answer: '已处理，附照片', result: 'solved' });
    await colleague.may('grant_finish');
    await colleague.acts('grant_finish');
    await colleague.sees('CHECK');
    await colleague.leaves();
    await desk.leaves();
  });

  test('webhooks: a network is approved, an address made, and what it will not take is sent again, sent elsewhere, discarded', async () => {
    const [deaf, good] = [await webhookReceiver(), await webhookReceiver()];
    try {
      const security = await admin('security', 'networks');
      await security.page.fill('[name=cidr]', '127.0.0.0/16');
      await security.presses('Enter');
      await security.shows('[data-network]', '127.0.0.0/16');
      await security.leaves();

      const person = await admin('system', 'endpoints');
      const { page } = person;
      for (const [name, receiver] of [['deaf', deaf], ['good', good]]) {
        await page.click('[data-test=new]');
        await page.fill('[name=endpoint-name]', name);
        await page.fill('[name=endpoint-url]', receiver.url);
        await page.fill('[name=endpoint-source]', 'hotline-12345');
        await page.click('.admin-form [type=submit]');
        await page.waitForSelector(`[data-endpoint=${name}]`);
        receiver.secret = await page.textContent('[data-test=once] code');
        await page.click('[data-test=put-away]');
      }
      const keeper = await system.account('admin-system');
      await eventually('both are proven', async () => (await keeper.get('/api/v1/admin/endpoints')).body.endpoints.filter(({ verified }) => verified).length === 2, 20);
      deaf.answer = () => 410; // gives up at once
      await stage.push();
      const letters = async () => (await keeper.get('/api/v1/admin/deadletters')).body.deadletters;
      await eventually('two dead letters', async () => (await letters()).length >= 2, 20);
      await eventually('the other takes its own two', () => good.events.length >= 2, 20);
      const [first, second] = await letters();

      await person.opensSection('deadletters');
      await person.shows(`[data-letter="${first.id}"]`, 'HTTP 410');
      await page.selectOption(`[data-letter="${first.id}"] select`, 'good');
      await page.click(`[data-letter="${first.id}"] [data-act=correct]`);
      await page.waitForSelector(`[data-letter="${first.id}"]`, { state: 'detached' });
      await person.isSure(`[data-letter="${second.id}"] [data-act=discard]`);
      await page.waitForSelector(`[data-letter="${second.id}"]`, { state: 'detached' });
      await eventually('it arrives', () => good.events.length + good.repeats >= 3, 20); // perhaps under the id of its own
      await person.leaves();
    } finally {
      await deaf.close();
      await good.close();
    }
  });

  test('the audit log: filtered by a press, and its chain', async () => {
    const person = await admin('audit', 'audit');
    const { page } = person;
    await page.waitForSelector('.chain.good');
    await page.click('[data-audit] td:nth-child(4) button');
    const action = await page.inputValue('[name=audit-action]');
    await page.waitForFunction((wanted) => [...document.querySelectorAll('[data-audit] td:nth-child(4)')].every((e) => e.querySelector('button').dataset.action === wanted), action);

    system.sql("UPDATE audit SET outcome = 'else' WHERE id = 3");
    await page.click('.chain .el-button');
    await page.waitForSelector('.chain.bad');
    await person.shows('.chain', '3');
    await person.axe('a damaged chain');
    await person.leaves();
  });
});
