// What administrators do with files in /admin, in Chromium against the running system: people with mistakes by row, rules from preview
// to the tickets that move, a policy that would set cards off, a change of units with what would come of it, and two desks at one file.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { Stage } from './lib/story.mjs';

let system, stage, department, other;
const exported = async (kind, who = 'admin-system') => (await (await system.account(who)).get(`/api/v1/admin/${kind}/export`)).text;

describe('/admin, files', { timeout: 300_000 }, () => {
  before(async () => {
    system = await start('admin-files');
    stage = await Stage.open(system);
    department = system.departmentOf('020305');
    other = system.anotherDepartment(department);
  });
  after(async () => {
    await stage?.close();
    await system?.stop();
  });

  test('people by file: a mistake stands under its row, the corrected file makes accounts, and their passwords are told once', async () => {
    const person = await stage.opensAdmin('security', 'posts');
    const { page } = person;
    const file = `${(await exported('people', 'admin-security')).trimEnd()}\r\n`;
    const columns = file.slice(file.indexOf('user'), file.indexOf('\r\n')).split(',');
    const row = (cells) => columns.map((column) => cells[column] ?? '').join(',');
    const bad = row({ user: 'lamp-9', role: 'department', unit: 'nowhere' });
    await person.brings(`${file}${bad}\r\n`);
    const number = file.split('\r\n').length;
    await page.waitForSelector(`tr.wrong[data-number="${number}"] + .fault`);
    assert.match(await page.textContent('.fault'), /nowhere/);
    assert.ok(await page.isDisabled('[data-test=apply]'));

    await person.writesRow('lamp-9', { unit: department });
    await person.shows('[data-test=outcome]', '新增 1');
    await person.applies();
    await person.shows('[data-test=once]', 'lamp-9');
    await person.axe('a password told once');
    await person.opensSection('tokens');
    const password = await page.textContent('[data-test=once] code');
    await page.click('[data-test=put-away]');
    await page.waitForSelector('[data-test=once]', { state: 'detached' });
    await person.leaves();
    stage.accounts['lamp-9'] = { user: 'lamp-9', password, role: 'department', unit: department };
    await (await stage.signIn('lamp-9', '/desk', '.tabs')).leaves();
  });

  test('rules: the preview names a ticket, applying sends new ones there, and one press moves the ticket that was named', async () => {
    const lamp = await stage.push({ title: '路灯一闪一闪', matter: '020305', location: { lon: 123.76, lat: 41.33 } });
    await stage.stands(lamp, 'OFFERED');
    const person = await stage.opensAdmin('system', 'rules');
    const { page } = person;
    await person.writesRow(null, { name: '闪灯', keywords: '路灯+一闪', target: other });
    await page.click('[data-test=preview]');
    await page.waitForSelector(`[data-move="${lamp}"]`);
    assert.equal((await stage.ticket(lamp)).owner.code, department, 'a preview moves nothing');
    await person.applies();
    await person.isSure('[data-act=reroute]');
    await page.waitForSelector('[data-test=rerouted][data-moved="1"][data-left="0"]');
    assert.equal((await stage.ticket(lamp)).owner.code, other);
    await person.axe('rerouted');
    await person.leaves();
  });

  test('no file is taken before what is in force has been read, which would replace it', async () => {
    const person = await stage.opensAdmin('system', 'running');
    let release;
    const released = new Promise((resolve) => (release = resolve));
    await person.page.route(/\/api\/.*calendars/, (route) => released.then(() => route.continue()));
    await person.page.click('[data-section=calendars]');
    await person.page.waitForSelector('[data-test=file]:disabled', { state: 'attached' });
    release();
    await person.brings(await exported('calendars'));
    await person.leaves();
  });

  test('a policy made shorter: what it would set off at once is said before it is in force', async () => {
    const number = await stage.offeredTo(department);
    system.advanceClock(20 * 60_000);
    const person = await stage.opensAdmin('system', 'policies');
    const { page } = person;
    const text = await exported('policies');
    assert.match(text, /^standard,limit,sign,normal,/m);
    await person.brings(text.replace(/^(standard,limit,sign,normal,)[^,]*/m, '$11nm'));
    await page.click('[data-test=preview]');
    await page.waitForSelector(`[data-move="${number}"]`);
    await page.waitForSelector('[data-test=at-once]');
    assert.match(await page.textContent('[data-test=at-once]'), /立即触发 \d+ 次预警/);
    await person.axe('policy preview');
    await page.click('[data-test=back]');
    await page.waitForSelector('[data-test=at-once]', { state: 'detached' });
    await person.leaves();
  });

  test('a change of units: the check says which tickets and people come along, and then what became of it', async () => {
    const number = await stage.offeredTo(other);
    const person = await stage.opensAdmin('system', 'organisation');
    const { page } = person;
    await person.brings(`unit,change,target,at,reason\r\n${other},merge,${department},2030-01-01,机构改革\r\n`);
    const row = `[data-consequence=${other}]`;
    await page.waitForSelector(row);
    assert.match(await page.textContent(row), /在办工单|张/);
    assert.ok(Number(await page.textContent(`${row} td:nth-child(6)`)) >= 1, 'tickets that go along');
    await person.axe('consequences');
    await person.applies();
    await page.click('.changes summary');
    await person.shows('.changes', '待生效');
    assert.equal((await stage.ticket(number)).owner.code, other, 'not before its date');
    await person.leaves();
  });

  test('two desks at one file: the second change stands on the first, and none is undone', async () => {
    const [first, second] = [await stage.opensAdmin('system', 'units'), await stage.opensAdmin('system', 'units')];
    await first.page.waitForSelector('[data-row]');
    await second.page.waitForSelector('[data-row]');
    await first.writesRow(department, { name_en: 'Renamed once' });
    await second.writesRow(other, { name_en: 'Renamed twice' });
    await first.applies();
    await second.page.click('[data-test=apply]:enabled');
    await second.page.waitForSelector('[data-test=meanwhile]');
    assert.match(await exported('units'), /Renamed once/);
    assert.doesNotMatch(await exported('units'), /Renamed twice/, 'what was checked before is not put in force on something else');
    await second.checks();
    await second.applies();
    const text = await exported('units');
    assert.match(text, /Renamed once/);
    assert.match(text, /Renamed twice/);
    await first.leaves();
    await second.leaves();
  });
});
