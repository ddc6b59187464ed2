// A router that is stopped (SIGSTOP), not dead, while a standby waits for its lease: the standby takes over, every other service finds
// it though no connection broke, and when the stopped one goes on it can write nothing and steps aside.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

let system, hotline, department, lead, standby, stopped;

// Its own folder for its own door, the same bus: the standby runs beside the first on one machine.
function startStandby() {
  const run = path.join(system.folder, 'standby');
  const where = Object.fromEntries(system.ctl('where').out.trim().split('\n').map((line) => line.split(/=(.*)/s, 2)));
  const conf = fs.readFileSync(path.join(system.var, 'etc/router.conf'), 'utf8');
  const theirs = /^run_dir *= *"?([^"\n]+)"?/m.exec(conf)[1];
  fs.mkdirSync(path.join(run, 'http'), { recursive: true, mode: 0o700 });
  fs.symlinkSync(path.join(theirs, 'bus'), path.join(run, 'bus'));
  fs.writeFileSync(path.join(run, 'router.conf'), conf.replaceAll(theirs, run).replace(`${run}/postgres`, `${theirs}/postgres`).replace(`${run}/redis`, `${theirs}/redis`));
  const { uid, gid } = fs.statSync(path.join(system.var, 'etc'));
  for (const name of ['.', 'http', 'bus', 'router.conf']) fs.lchownSync(path.join(run, name), uid, gid);
  const child = spawn(path.join(system.root, 'build/release/bin/paidan-router'), ['--config', path.join(run, 'router.conf')], {
    uid, gid, env: { ...process.env, PAIDAN_INSTANCE: where.var ?? system.var }, stdio: ['ignore', fs.openSync(path.join(system.folder, 'standby.log'), 'w'), 'inherit'],
  });
  return child;
}

const epoch = () => Number(system.sql('SELECT epoch FROM shard')[0][0]);
const pushed = (id) => hotline.post('/api/v1/requests', { source: 'hotline-12345', external_id: id, title: '路灯不亮', matter: '020305' });
const ticketOf = (id) => system.sql(`SELECT 'T' || t.ticket FROM request r JOIN ticket_request t ON t.request = r.id WHERE r.external_id = '${id}'`)[0]?.[0];

before(async () => {
  system = await start('standby');
  hotline = system.token('hotline');
  lead = system.departmentOf('020305');
  department = await system.account(`department-${lead}`);
});
after(async () => {
  if (stopped) try { process.kill(stopped, 'SIGCONT'); } catch { /* it has ended */ }
  if (standby && standby.exitCode === null) {
    standby.kill('SIGTERM');
    await eventually('the standby ends', () => standby.exitCode !== null || standby.signalCode !== null, 20);
  }
  await system?.stop();
});

test('a standby takes over from a stopped router, and everybody finds it', async () => {
  assert.equal((await pushed('before-1')).status, 201);
  await eventually('the first router works', () => ticketOf('before-1'));
  const first = epoch();
  standby = startStandby();
  stopped = system.pid('router');
  process.kill(stopped, 'SIGSTOP');
  await eventually('the standby holds the shard', () => epoch() > first, 15);
  assert.equal((await pushed('during-1')).status, 201, 'acceptance needs no router');
  await eventually('intake and the standby find each other, or its sweep finds the request', () => ticketOf('during-1'), 15);
  const ticket = ticketOf('during-1');
  await eventually('the console finds the standby: a command is done', async () =>
    (await department.post(`/api/v1/tickets/${ticket}/sign`, {}, { 'idempotency-key': 'standby' })).status === 200, 20);
  await eventually('its news arrive: the queue shows it', async () => {
    const queue = (await department.get(`/api/v1/queues/${lead}?state=HANDLING`)).body;
    return !queue.degraded && queue.tickets.some((row) => row.number === ticket);
  }, 15);
  await eventually('escalation is ready with it', async () => (await fetch(`${system.url}/readyz/escalation`)).status === 200, 15);
});

test('the stopped one goes on, writes nothing under its old epoch and steps aside', async () => {
  const held = epoch();
  process.kill(stopped, 'SIGCONT');
  assert.equal((await pushed('after-1')).status, 201);
  await eventually('the request has its ticket', () => ticketOf('after-1'), 15);
  const ticket = ticketOf('after-1');
  await eventually('commands go on', async () =>
    (await department.post(`/api/v1/tickets/${ticket}/sign`, {}, { 'idempotency-key': 'standby-2' })).status === 200, 20);
  const stale = system.sql('SELECT count(*) FROM (SELECT epoch < max(epoch) OVER (ORDER BY seq) AS stale FROM event) e WHERE stale')[0][0];
  assert.equal(stale, '0', 'no event under a stale epoch');
  assert.ok(epoch() >= held);
  const verified = system.paidan(['verify']);
  assert.equal(verified.code, 0, verified.out + verified.err);
});
