// Stories told by the screens, each person before their own, against the real running system in Debian's Chromium: a whole life through
// five roles, a dispute, a whistle, an extension, a merge that is undone and done again.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { cityTime, Stage } from './lib/story.mjs';

let system, stage;
const MATTER = '020305';
const [MINUTE, HOUR] = [60_000, 3_600_000];
const isWeekend = (ms) => [0, 6].includes(new Date(`${cityTime(ms)}Z`).getUTCDay());

/** The same time of day on the next working day. */
function nextWeekday(ms) {
  let next = ms + 24 * HOUR;
  while (isWeekend(next)) next += 24 * HOUR;
  return next;
}

describe('stories of the screens', { timeout: 400_000 }, () => {
  before(async () => {
    system = await start('stories');
    stage = await Stage.open(system);
  });
  after(async () => {
    await stage?.close();
    await system?.stop();
  });

  for (const lang of ['zh', 'en']) {
    test(`a whole life through five roles' screens (${lang})`, async () => {
      const department = system.departmentOf(MATTER);
      const child = (parent) => system.units.find((unit) => unit.parent === parent).code;
      const [street, community] = ['s1', child('s1')];
      const number = await stage.push({ location: { grid: child(child('s2')) } }); // so that another community checks

      const operator = await stage.signIn('operator', '/centre', `.first .ticket-item[data-ticket="${number}"]`, { lang });
      await operator.page.click(`.first .ticket-item[data-ticket="${number}"] button`);
      await operator.page.waitForSelector('[data-test=route]');
      await operator.shows('.request [data-test=person]', '199****1234');
      await operator.acts('dispatch', { unit: street, matter: system.matterStartingAt('community'), note: '请先看现场' });

      const atStreet = await stage.signIn(`street-${street}`, '/desk?tab=sign', `.ticket-item[data-ticket="${number}"]`, { lang });
      await atStreet.picks(number);
      await atStreet.presses('a');
      await atStreet.sees('HANDLING');
      await atStreet.acts('contact', { note: '已电话联系' });
      await atStreet.acts('add_assist', { units: [department] });
      const { due } = (await stage.ticket(number)).clocks.find(({ stage: { code } }) => code === 'handle');
      await atStreet.acts('pass_down', { unit: community, until: cityTime(Date.parse(due) - HOUR) });

      for (const [name, answer] of [[`department-${department}`, '井盖已更换'], [`community-${community}`, '现场已围挡']]) {
        const assist = await stage.signInBefore(name, number, { lang });
        await assist.acts('sign');
        await assist.acts('answer', { answer, result: 'solved' });
        await assist.leaves();
      }

      const supervisor = await stage.signInBefore('supervisor', number, { lang });
      await supervisor.acts('supervise', { note: '今天内说明情况' });
      await supervisor.leaves();

      await atStreet.acts('reply', { note: '已更换，正在复核' });
      assert.match(await atStreet.isRefused('finish'), lang === 'zh' ? /请填写/ : /Required/, 'a field that is missing is named');
      await atStreet.fills('answer', '井盖已更换并加固。');
      await atStreet.fills('result', 'solved');
      await atStreet.sends();
      await atStreet.leaves();

      const checker = (await stage.ticket(number)).owner.code;
      const check = await stage.signInBefore(stage.accountOf(checker), number, { lang });
      await check.acts('pass');
      await check.leaves();

      await operator.sees('CALLBACK'); // the page was open all the time, and knows
      await operator.acts('solved', { satisfied: true });
      await operator.sees('CLOSED');
      await operator.shows('[data-test=state]', lang === 'zh' ? '已结案' : 'Closed');
      assert.equal((await stage.happened(number, 'finished'))[0].result.code, 'solved');
      await operator.leaves();
    });
  }

  test('returned twice, adjudicated: the centre sees it first', async () => {
    const [first, other] = [system.departmentOf(MATTER), system.anotherDepartment(system.departmentOf(MATTER))];
    const number = await stage.push();
    const operator = await stage.signInBefore('operator', number);
    const goesBack = async (unit) => {
      const desk = await stage.signInBefore(`department-${unit}`, number);
      await desk.may('return');
      await desk.presses('r');
      await desk.fills('reason', 'not_our_duty');
      await desk.fills('basis', '职责清单第3条');
      await desk.sends();
      await desk.leaves();
    };
    await operator.acts('dispatch', { unit: first });
    await goesBack(first);
    await operator.sees('TRIAGE');
    await operator.acts('dispatch', { unit: other });
    await goesBack(other);
    await operator.goes('/centre', `.first .ticket-item[data-ticket="${number}"]`);
    await operator.page.click(`.first .ticket-item[data-ticket="${number}"] button`);
    await operator.sees('DISPUTED');
    await operator.acts('adjudicate', { unit: first, reason: '按职责清单属该局' });
    await operator.sees('OFFERED');
    await operator.leaves();
  });

  test('a whistle calls three departments: they arrive, the street sees who is there, and scores them', async () => {
    const number = await stage.handledBy('s1');
    const called = system.units.filter(({ kind }) => kind === 'department').slice(0, 3).map(({ code }) => code);
    const street = await stage.signInBefore('street-s1', number);
    await street.acts('whistle', { units: called, note: '路面塌陷，请到现场' });

    await street.goes('/desk?tab=whistle', '.whistles li:nth-child(3)');
    for (const code of called) {
      const department = await stage.signInBefore(`department-${code}`, number);
      await department.acts('arrive');
      await department.leaves();
    }
    await street.page.waitForFunction(() => document.querySelectorAll('.whistles .there').length === 3);
    await street.page.click('.whistles .el-button');
    await street.may('score');
    const parts = (await stage.ticket(number)).assignments.filter(({ whistled }) => whistled);
    for (const [i, { no }] of parts.entries()) await street.acts('score', { assignment: no, score: 5 - i });
    assert.deepEqual((await stage.ticket(number)).assignments.filter(({ whistled }) => whistled).map(({ score }) => score), [5, 4, 3]);
    await street.leaves();
  });

  test('more time is asked for, refused with a reason, asked for again, and granted', async () => {
    const unit = system.departmentOf(MATTER);
    const number = await stage.handledBy(unit);
    const before = Date.parse((await stage.ticket(number)).total_due);
    const until = cityTime(nextWeekday(before));
    const [department, operator] = [await stage.signInBefore(`department-${unit}`, number), await stage.signInBefore('operator', number)];

    await department.acts('ask_extension', { until, reason: '等配件' });
    await operator.acts('refuse_extension', { reason: '先用备件' });
    await department.shows('.history', '先用备件');
    await department.acts('ask_extension', { until, reason: '备件不合用，附照片' });
    await operator.may('grant_extension');
    await operator.acts('grant_extension');
    await department.shows('.history', '已同意延期');
    const after = await stage.ticket(number);
    assert.equal(after.extensions, 1);
    // the whole limit moves as far as handling's, which began later by what it took to dispatch: within working hours, that much earlier
    const earlier = Date.parse(`${until}+08:00`) - Date.parse(after.total_due);
    assert.ok(earlier >= 0 && earlier < MINUTE, `${after.total_due}, asked for ${until}`);
    await department.leaves();
    await operator.leaves();
  });

  test('a merge keeps each caller; it is undone, and done again', async () => {
    const [leading, other] = [await stage.push(), await stage.push()];
    const operator = await stage.signInBefore('operator', other);
    await operator.acts('merge', { other: leading });
    await operator.sees('MERGED');
    await operator.page.click('.action-bar .done .el-button');
    await operator.fills('reason', '不是同一处');
    await operator.sends();
    await operator.sees('TRIAGE');
    await operator.acts('merge', { other: leading });
    await operator.page.click(`a[href="/ticket/${leading}"]`);
    await operator.page.waitForFunction(() => document.querySelectorAll('.request').length === 2);
    assert.equal((await stage.ticket(leading)).requests.length, 2);
    await operator.leaves();
  });
});
