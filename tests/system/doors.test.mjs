// The ways in, as the load generator uses them: HTTP batches, single pushes, the bus; and whole lives over the router's door. It checks
// by itself that what was accepted stands in the database once, with one ticket each, and was seen in its queue.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
let system, token, run;

before(async () => {
  system = await start('doors');
  token = system.accounts.tokens.hotline;
  run = fs.realpathSync(path.join(system.var, 'run'));
});
after(() => system?.stop());

function load(scenario, ...more) {
  const args = [scenario, `run=${run}`, `port=${new URL(system.url).port}`, 'source=hotline-12345', 'pids=', ...more];
  const done = spawnSync(path.join(root, 'build/release/bin/load'), args, { cwd: root, encoding: 'utf8', timeout: 120_000 });
  assert.equal(done.status, 0, done.stderr);
  return { ...JSON.parse(done.stdout), said: done.stderr };
}

describe('each way in accepts every request once', () => {
  for (const [door, ...how] of [['batch', 'lines=50', 'connections=4', 'count=500'], ['single', 'connections=8', 'count=300'], ['bus', 'count=500']])
    test(door, () => {
      const result = load('push', `door=${door}`, `token=${token}`, ...how);
      assert.equal(result.refused, 0, result.said);
      assert.equal(result.count, Number(how.at(-1).split('=')[1]));
    });

  test('the bus refuses an unknown token', () => {
    const result = load('push', 'door=bus', 'token=pdapi_nobody', 'count=5');
    assert.equal(result.refused, 5);
    assert.match(result.said, /refused 401/);
  });

  test('the bus names what is wrong', () => {
    const result = load('push', 'door=bus', `token=${system.accounts.tokens.open311}`, 'count=2');
    assert.equal(result.refused, 2);
    assert.match(result.said, /refused 403: this token may not push for that source/);
  });

  test('whole lives close', () => {
    const result = load('lives', `token=${token}`, 'count=50');
    assert.equal(result.refused, 0, result.said);
  });
});

// Which core they run on (docs/decisions/cores.md).
const coresOf = (pid) => /^Cpus_allowed_list:\s*(\S+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
const backends = (service) => system.sql(`SELECT pid FROM pg_stat_activity WHERE application_name = '${service}'`).map(([pid]) => pid);
const everywhere = coresOf(process.pid), few = [2, 3].includes(os.availableParallelism?.() ?? os.cpus().length);
const front = few ? everywhere.match(/\d+/)[0] : everywhere;

test('nginx is on the front core where there are two or three', () => assert.equal(coresOf(system.pid('nginx')), front));

test('intake and the router with their connections are there too while they have little to do', async () => {
  const of = { intake: backends('paidan-intake'), router: [...backends('paidan-router'), ...backends('paidan-router-reads')] };
  assert.equal(of.intake.length, 2);
  assert.equal(of.router.length, 2);
  const all = (where, ...services) => services.every(name => [system.pid(name), ...of[name]].every(pid => coresOf(pid) === where));
  const pushing = async (...how) => {
    const pushes = spawn(path.join(root, 'build/release/bin/load'),
      ['push', ...how, `token=${token}`, `run=${run}`, `port=${new URL(system.url).port}`, 'source=hotline-12345', 'pids='], { cwd: root, stdio: 'ignore' });
    const [code] = await once(pushes, 'exit');
    assert.equal(code, 0);
  };
  const meanwhile = (pushes, seen) => Promise.all([pushes, seen()]);
  await eventually('at rest they are on the front core', () => all(front, 'intake', 'router'));
  await meanwhile(pushing('door=bus', 'count=30000'),
    () => eventually('where very much comes they are everywhere', () => all(everywhere, 'intake', 'router')));
  await eventually('afterwards they are back', () => all(front, 'intake', 'router'));
  await meanwhile(pushing('door=single', 'connections=64', 'count=10000'), async () => {
    await eventually('for single pushes only the router leaves', () => all(everywhere, 'router'));
    if (few) assert.ok(all(front, 'intake'));
  });
});
