// Figures from the command line against a running system: the same numbers as a table, as JSON, as CSV, by group and by day; each rate
// with its tickets; and the log alone says the same.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

let system, operator, hotline, lead, closed, open;

const ok = (done) => {
  assert.equal(done.code, 0, done.out + done.err);
  return done.out;
};
const paidan = (...args) => ok(system.paidan(['--lang', 'zh', ...args]));
const metric = async (name) => {
  const text = await (await fetch(`${system.url}/metrics/console`)).text();
  return Number(text.match(new RegExp(`^paidan_console_figures_${name} (\\d+)`, 'm'))[1]);
};
const json = (...args) => JSON.parse(paidan(...args, '--json'));

async function push(id) {
  const body = { source: 'hotline-12345', external_id: id, matter: '020305', title: `路灯不亮 ${id}`, location: { lon: 123.76, lat: 41.33 } };
  const answer = await hotline.post('/api/v1/requests', body);
  assert.equal(answer.status, 201, answer.text);
  return eventually('its ticket', async () => (await operator.get(`/api/v1/requests/${answer.body.number}`)).body.ticket?.number);
}

async function act(who, ticket, command, body = {}) {
  const answer = await who.post(`/api/v1/tickets/${ticket}/${command}`, body);
  assert.equal(answer.status, 200, `${command}: ${answer.text}`);
}

before(async () => {
  system = await start('figures');
  [operator, hotline] = [await system.account('operator'), system.token('hotline')];
  lead = system.departmentOf('020305');
  const department = await system.account(`department-${lead}`);
  closed = await push('figures-1');
  open = await push('figures-2');
  await act(department, closed, 'sign');
  await act(department, closed, 'contact', { note: '已电话联系' });
  await act(department, closed, 'finish', { answer: '路灯已更换。' });
  const checking = (await operator.get(`/api/v1/tickets/${closed}`)).body;
  await act(await system.accountOfUnit(checking.owner.code), closed, 'pass');
  await act(operator, closed, 'solved', { satisfied: true });
});
after(() => system?.stop());

describe('paidan figures', () => {
  test('of the district and of a unit, as a table and as JSON', () => {
    assert.match(paidan('figures'), /全区[\s\S]*收到 2 = 结案 1 \+ 转出 0 \+ 期末在办 1/);
    assert.match(ok(system.paidan(['figures', lead, '--lang', 'en'])), /received 2 = closed 1[\s\S]*solved\s+solved\s+100\.0 %/);
    const figures = json('figures', lead);
    assert.deepEqual([figures.counters.received, figures.counters.closed, figures.identity.holds], [2, 1, true]);
    assert.equal(system.paidan(['figures', 'nowhere']).code, 1);
    assert.equal(system.paidan(['figures', '--period', 'soon']).code, 1);
  });

  test('by unit, matter and channel, and day by day', () => {
    assert.match(paidan('figures', '--by', 'unit'), new RegExp(`${lead}\\s+2\\s+1\\s+1`));
    assert.equal(json('figures', '--by', 'matter').rows.find((r) => r.matter.code === '020305').counters.received, 2);
    assert.equal(json('figures', '--by', 'channel').rows.length, 1);
    const days = json('figures', '--each', 'day').rows;
    assert.equal(days.reduce((sum, row) => sum + row.counters.received, 0), 2);
  });

  test('--explain: formula, weights and tickets of a rate', () => {
    const said = paidan('figures', '--explain', 'solved', '--part', 'numerator');
    assert.match(said, /解决率 \(solved\): 100\.0 % = 1 \/ 1[\s\S]*公式: [\s\S]*版本 1/);
    assert.ok(said.includes(closed) && !said.includes(open));
    assert.match(paidan('figures', '--explain', 'sign_on_time', '--part', 'missed'), /按时签收率/);
  });

  test('--csv: with a byte order mark, for spreadsheets', () => {
    const csv = paidan('figures', '--by', 'unit', '--csv');
    assert.ok(csv.startsWith('\ufeff代码,名称,'));
    assert.match(csv, new RegExp(`^${lead},`, 'm'));
  });

  test('weighed by rules that are loaded, and written out again', () => {
    const file = path.join(system.folder, 'scores.csv');
    fs.writeFileSync(file, 'row,rate,value,from\nweight,solved,60,2020-01-01\nweight,satisfied,40,2020-01-01\n');
    fs.chmodSync(file, 0o644);
    assert.match(paidan('score', 'import', file), /scores: 2 行/);
    const row = json('figures', '--by', 'unit').rows[0];
    assert.deepEqual([row.unit.code, row.rank, row.score.value], [lead, 1, 100]);
    assert.match(paidan('score', 'export'), /weight,solved,,,,,60,2020-01-01,,/);
  });

  test('what was counted is kept before a unit that came later is counted by, though nobody asks', async () => {
    const [kept, counted] = [await metric('seq'), await metric('events_total')];
    await push('figures-3');
    await eventually('it is counted', async () => (await metric('events_total')) > counted);
    assert.equal(await metric('seq'), kept);
    const file = path.join(system.folder, 'units.csv');
    const units = ok(system.paidan(['unit', 'export'])).trimEnd().split('\n');
    fs.writeFileSync(file, [...units, units.at(-1).replace(/^[^,]*/, 'figures-late')].join('\n') + '\n');
    fs.chmodSync(file, 0o644);
    paidan('unit', 'import', file);
    await eventually('it is kept', async () => (await metric('seq')) > kept);
  });

  test('are the same from the log alone, also when they were counted anew', async () => {
    assert.match(paidan('figures', '--recompute'), /与统计一致/);
    assert.match(paidan('figures', 'verify'), /一致: /);
    const [counted, restarts] = [await metric('events_total'), await metric('restarts_total')];
    await push('figures-4');
    await eventually('it is counted, not stored', async () => (await metric('events_total')) > counted);
    assert.match(paidan('figures', 'verify'), /另有 [1-9]\d* 个新事件尚未写入统计/);
    paidan('figures', 'restart');
    await eventually('they are begun anew', async () => (await metric('restarts_total')) > restarts, 3);
    await eventually('they are counted again', () => system.paidan(['figures', '--recompute']).code === 0 && json('figures').counters.received === 4);
    assert.match(paidan('figures', 'verify'), /一致: /);
  });
});
