// The command line against a running system: what a clerk, an administrator and a script get from it, and its exit codes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

let system, department;

before(async () => {
  system = await start('cli');
  department = system.departmentOf('020305');
});
after(() => system?.stop());

const ok = (done) => {
  assert.equal(done.code, 0, done.out + done.err);
  return done.out;
};
const json = (args, login) => JSON.parse(ok(system.paidan([...args, '--json'], login)));
const submit = (id, ...more) => system.paidan(['submit', '--id', id, '--matter', '020305', '--title', '路灯不亮', '--lon', '123.76', '--lat', '41.33', ...more]);

describe('paidan', () => {
  let ticket;

  test('submit: accepted once, refused with other content', () => {
    assert.match(ok(submit('cli-1', '--lang', 'en')), /^R20\d{15}  accepted  20/);
    assert.match(ok(submit('cli-1', '--lang', 'en')), /accepted before/);
    const other = submit('cli-1', '--phone', '19900000000', '--lang', 'zh');
    assert.equal(other.code, 1);
    assert.match(other.err, /编号冲突.*409/);
  });

  test('submit a file of many lines: each is told by itself', () => {
    const file = path.join(system.folder, 'many.ndjson');
    const line = (id, more) => JSON.stringify({ source: 'hotline-12345', external_id: id, title: '井盖缺失', ...more });
    fs.writeFileSync(file, [line('m-1'), 'nonsense', line('m-2', { colour: 'red' }), line('m-1')].join('\n'));
    fs.chmodSync(file, 0o644);
    const done = system.paidan(['submit', file, '--lang', 'en']);
    assert.equal(done.code, 1);
    assert.match(done.out, /accepted 1, accepted before 1, refused 2/);
    assert.match(done.err, /^2: /m);
    assert.match(done.err, /^3: \/colour/m);
  });

  test('queue, ticket and explain say where it is and why, in both languages', async () => {
    ticket = await eventually('the ticket is in the queue', () => json(['queue', department]).tickets[0]?.number);
    assert.match(ok(system.paidan(['queue', '--lang', 'zh'])), /受理 \d+ = 办结 \d+ \+ 在办 \d+/);
    assert.match(ok(system.paidan(['queue', department, '--lang', 'en'])), new RegExp(`${ticket}  ● on time  offered`));
    assert.match(ok(system.paidan(['ticket', ticket, '--lang', 'zh'])), /待签收[\s\S]*路灯不亮/);
    assert.match(ok(system.paidan(['explain', ticket, '--lang', 'zh'])), /[\u4e00-\u9fff]{4}[\s\S]*签收时限/);
    assert.match(ok(system.paidan(['explain', ticket, '--lang', 'en'])), /sign limit/);
  });

  test('calendar preview, policy preview: which open deadlines a file would move; nothing is stored', () => {
    const world = json(['status']).world;
    const copy = (name, of, change) => {
      const file = path.join(system.folder, name);
      fs.writeFileSync(file, change(fs.readFileSync(`db/demo/${of}`, 'utf8')));
      fs.chmodSync(file, 0o644);
      return file;
    };
    const shorter = copy('shorter.csv', 'calendars/standard.csv', (text) => text.replace('07:30', '07:00'));
    const preview = json(['calendar', 'preview', shorter]);
    const own = preview.moves.filter((move) => move.ticket === ticket);
    assert.ok(own.some((move) => move.stage.code === 'handle' && !move.total && move.change === 'due' && move.by_minutes < 0), JSON.stringify(own));
    assert.ok(own.some((move) => move.total && move.unit === null));
    assert.equal(preview.moves.length, preview.deadlines);
    assert.match(ok(system.paidan(['calendar', 'preview', shorter, '--lang', 'zh'])), new RegExp(`个期限会变: 延后 0[\\s\\S]*${ticket}[\\s\\S]*什么都没有保存`));
    assert.match(ok(system.paidan(['calendar', 'preview', shorter, '--lang', 'en', '--all'])), new RegExp(`deadlines would change[\\s\\S]*${ticket}`));
    assert.equal(ok(system.paidan(['calendar', 'preview', shorter, '--csv'])).trim().split('\n').length, preview.deadlines + 1);
    const longer = copy('longer.csv', 'policies.csv', (text) => text.replace('handle,normal,7wd', 'handle,normal,9wd'));
    const policy = json(['policy', 'preview', longer]);
    assert.equal(policy.kind, 'policies');
    assert.equal(policy.earlier, 0);
    const same = json(['calendar', 'preview', 'db/demo/calendars/standard.csv']);
    assert.equal(same.deadlines, 0);
    const wrong = copy('wrong.csv', 'calendars/standard.csv', (text) => text.replace('07:30', '25:00'));
    const refused = system.paidan(['calendar', 'preview', wrong, '--lang', 'en']);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /row 3/);
    assert.equal(json(['status']).world, world);
    assert.match(ok(system.paidan(['calendar', 'show', 'db/demo/calendars/standard.csv', '--lang', 'zh'])), /国庆节/);
  });

  test('do: refused with what is possible, then done', () => {
    const early = system.paidan(['do', ticket, 'finish', '--answer', '好了', '--lang', 'en'], `department-${department}`);
    assert.equal(early.code, 1);
    assert.match(early.err, /possible now: .*sign/);
    assert.equal(json(['do', ticket, 'sign'], `department-${department}`).state, 'HANDLING');
    ok(system.paidan(['do', ticket, 'contact', '--note', '已联系'], `department-${department}`));
    assert.equal(json(['do', ticket, 'finish', '--answer', '路灯已修复'], `department-${department}`).state, 'CHECK');
    assert.match(ok(system.paidan(['ticket', ticket, '--history', '--lang', 'zh'])), /签收[\s\S]*路灯已修复/);
  });

  test('do-many: each ticket has its own outcome, and the same key does nothing twice', () => {
    const list = path.join(system.folder, 'many.txt');
    fs.writeFileSync(list, `${ticket}\nT20200101010000001\n?\n${ticket}\n`);
    fs.chmodSync(list, 0o644);
    const note = ['do-many', 'note', '--from', list, '--note', '统一说明', '--key', 'many-1'];
    const some = system.paidan([...note, '--lang', 'en']);
    assert.equal(some.code, 1);
    assert.match(some.out, new RegExp(`${ticket} {2}checking|${ticket} {2}check`, 'i'));
    assert.match(some.out, /T20200101010000001 {2}there is no such ticket/);
    assert.match(some.out, /\? {2}is no ticket number/);
    assert.match(some.out, /stands in the list twice/);
    assert.match(some.err, /4 of 4: 1 done, 3 refused, 0 unknown/);
    const again = ok(system.paidan(['do-many', 'note', ticket, '--note', '统一说明', '--key', 'many-1', '--lang', 'en']));
    assert.match(again, /done before/);
    const unknown = Array.from({ length: 50 }, (_, i) => `T202001010100002${String(i).padStart(2, '0')}`);
    fs.writeFileSync(list, `\ufeff${[ticket, 'x'.repeat(300), ...unknown, ticket].join('\r\n')}`);
    const far = system.paidan(['do-many', 'note', '--from', list, '--note', '再次说明', '--lang', 'en']);
    assert.deepEqual(far.out.split('\n').filter((line) => line.startsWith(ticket)).map((line) => /done before/.test(line)), [false, true]);
    assert.match(far.err, /53 of 53: 2 done, 51 refused, 0 unknown/);
    assert.equal(system.paidan(['do-many', 'note']).code, 2);
    assert.equal(system.paidan(['do-many', 'dance', ticket]).code, 2);
  });

  test('exit codes: 2 for wrong usage, 3 when nothing answers', () => {
    assert.equal(system.paidan(['do', ticket]).code, 2);
    assert.equal(system.paidan(['nonsense']).code, 2);
    assert.equal(system.paidan(['queue', '--colour']).code, 2);
    assert.equal(system.paidan(['queue', '--url', 'http://127.0.0.1:9']).code, 3);
    assert.equal(system.paidan(['rule']).code, 2);
  });

  test('an administrator loads a file, and is told each mistake with its row', () => {
    const bad = path.join(system.folder, 'bad.csv');
    fs.writeFileSync(bad, 'code,kind,parent,name_zh,name_en\ns98,street,d1,新街道,New\nX Y,planet,d1,坏,bad\n');
    fs.chmodSync(bad, 0o644);
    const done = system.paidan(['unit', 'import', bad, '--lang', 'en']);
    assert.equal(done.code, 1);
    assert.match(done.err, /row 3, code/);
    assert.match(done.err, /row 3, kind/);
    assert.equal(json(['unit', 'import', path.join(system.root, 'db/demo/units.csv'), '--dry-run']).dry_run, true);
  });

  test('a user and a token are made, shown once, and end when they are told to', () => {
    const made = json(['user', 'add', 'cli-user', 'operator', 'center']);
    assert.ok(made.password.length >= 10);
    ok(system.paidan(['user', 'disable', 'cli-user']));
    const token = json(['token', 'create', 'cli-token', 'readonly']).token;
    ok(system.paidan(['queue', '--token', token]));
    ok(system.paidan(['token', 'revoke', 'cli-token']));
    assert.match(ok(system.paidan(['user', 'list'])), /cli-user/);
  });

  test('verify: sound; and one altered event is found with its place', () => {
    assert.equal(json(['verify']).sound, true);
    system.sql("UPDATE event SET unit = unit + 1 WHERE seq = 2");
    const done = system.paidan(['verify', '--lang', 'en']);
    assert.equal(done.code, 1);
    assert.match(done.out, /shard 1, seq 2/);
    system.sql("UPDATE event SET unit = unit - 1 WHERE seq = 2");
    assert.equal(system.paidan(['verify']).code, 0);
  });
});
