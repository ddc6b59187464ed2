// The sample day: how its moments are chosen, that it is played once through the real doors and leaves a district that looks lived in, with
// every figure and every history sound.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { parseCsv } from '../../tools/play/csv.mjs';
import { DAY_MS, momentOf, readDay } from '../../tools/play/day.mjs';
import { District } from '../../tools/play/district.mjs';
import { Random } from '../../tools/play/random.mjs';
import { start } from './harness.mjs';

const local = (text) => Date.parse(`${text}+08:00`);

describe('the moments of a day', () => {
  test('each is the last with its time of day, so that the day ends now', () => {
    const end = local('2026-11-22T08:00:00');
    const at = (h, m = 0) => momentOf((h * 60 + m) * 60_000, end);
    assert.equal(at(7, 42), local('2026-11-22T07:42:00'));
    assert.equal(at(8), end);
    assert.equal(at(8, 1), local('2026-11-21T08:01:00'));
    assert.equal(at(0), local('2026-11-22T00:00:00'));
    assert.equal(at(23, 59), local('2026-11-21T23:59:00'));
  });

  test('the sample day has at least 600 requests from seven sources, in order, within 24 hours', () => {
    const end = Date.now();
    const day = readDay('', end);
    assert.ok(day.length >= 600);
    assert.equal(new Set(day.map((item) => item.body.source)).size, 7);
    for (let i = 1; i < day.length; i++) assert.ok(day[i - 1].at <= day[i].at);
    assert.ok(day[0].at > end - DAY_MS - 120_000 && day.at(-1).at <= end);
  });

  test('real messages keep their order where they came at the same time', () => {
    const file = path.join(fs.mkdtempSync('/tmp/paidan-play-'), 'messages.csv');
    fs.writeFileSync(file, 'submitted_at,external_id,subject,likes\n2017-06-08T09:00:00+08:00,2,乙,0\n2018-05-17T09:00:00+08:00,1,"甲, 一",3\n');
    const day = readDay(file, Date.now());
    assert.deepEqual(day.map((item) => [item.body.external_id, item.body.title, item.body.source]), [['2', '乙', 'hotline-12345'], ['1', '甲, 一', 'hotline-12345']]);
    fs.rmSync(path.dirname(file), { recursive: true });
    assert.deepEqual(parseCsv('a,b\r\n"x""y\nz",\r\n'), [{ a: 'x"y\nz', b: '' }]);
  });

  test('staff know who acts for a unit, what to answer, and what a message is about', () => {
    const district = new District();
    const random = new Random(7);
    for (const unit of district.units.values()) assert.ok(district.staffed.has(district.actorOf(unit.code)), unit.code);
    for (const matter of district.matters.keys()) {
      const { answer, note } = district.answerFor(matter, 'municipal', random);
      assert.ok(answer && note && !answer.includes('{'), `${matter}: ${answer}`);
    }
    assert.equal(district.guessMatter('小区门口路灯不亮好几天'), '020307');
  });
});

describe('the day played', () => {
  let system;
  after(() => system?.stop());

  const play = () => {
    const done = spawnSync(path.join(system.root, 'compose/local/demo.sh'), [], { env: { ...process.env, ...system.env, PAIDAN_PLAY_SECONDS: '20', DATA: '' }, encoding: 'utf8', timeout: 240_000 });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    return done.stdout;
  };

  test('leaves queues with every light, closings and a sound history; a second time it changes nothing', async () => {
    system = await start('play');
    system.ctl('down');
    const clock = Buffer.alloc(8);
    clock.writeBigInt64LE(BigInt(-DAY_MS)); // nothing happened in this copy yet, so its time may still be chosen
    fs.writeFileSync(path.join(system.var, 'clock'), clock, { flag: 'r+' });
    assert.equal(system.ctl('up').code, 0);
    const said = play();
    const numbers = /received (\d+) = closed (\d+) \+ in progress (\d+) \(yellow (\d+), red (\d+)\); supervised (\d+)/.exec(said);
    assert.ok(numbers, said);
    const [received, closed, open, yellow, red, supervised] = numbers.slice(1).map(Number);
    assert.ok(received >= 600 && received === closed + open, said);
    assert.ok(closed >= 150 && open >= 50 && yellow > 0 && red > 0 && supervised > 0, said);
    const wrong = Number(/(\d+) of \d+ calls went wrong/.exec(said)?.[1] ?? 0);
    assert.ok(wrong <= received / 50, said);
    assert.equal(fs.readFileSync(path.join(system.var, 'clock')).readBigInt64LE(), 0n);
    const verified = JSON.parse(system.paidan(['verify', '--json']).out);
    assert.equal(verified.sound, true, JSON.stringify(verified.damages));
    assert.equal(verified.tickets, received);
    assert.match(play(), /played already|No day is played/);
    assert.equal(JSON.parse(system.paidan(['verify', '--json']).out).events, verified.events);
  });
});
