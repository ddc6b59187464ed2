// compose/local by itself, without our services: what it starts, what it says when it cannot, and that nothing is left behind.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
const folders = [];

function folder(name) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), `paidan-compose-${name}-`));
  fs.chmodSync(made, 0o755);
  folders.push(made);
  return made;
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function ctl(place, command, ...args) {
  const env = { ...process.env, PAIDAN_VAR: place.folder, PAIDAN_PORT: String(place.port), PAIDAN_SERVICES: '' };
  const done = spawnSync(path.join(root, 'compose/local/ctl'), [command, ...args], { env, encoding: 'utf8', timeout: 90_000 });
  return { code: done.status, said: done.stdout + done.stderr };
}

const pids = (text) => [...text.matchAll(/pid (\d+)/g)].map((found) => Number(found[1]));
const alive = (pid) => fs.existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));

// Every living process whose folder or command line lies below ours: what "nothing is left" means.
function processesOf(place) {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).filter((pid) => {
    try {
      const at = fs.readlinkSync(`/proc/${pid}/cwd`) + ' ' + fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return at.includes(place.folder) && alive(Number(pid));
    } catch {
      return false;
    }
  });
}

async function eventually(what, check, seconds = 15) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`not within ${seconds} s: ${what}`);
}

const answers = (port) => fetch(`http://127.0.0.1:${port}/alive`).then((reply) => reply.status === 204, () => false);

let first, second;
before(async () => {
  first = { folder: folder('first'), port: await freePort() };
  second = { folder: folder('second'), port: await freePort() };
});
after(() => {
  for (const place of [first, second]) if (place) ctl(place, 'down');
  for (const made of folders) fs.rmSync(made, { recursive: true, force: true });
});

test('starts, and a second start changes nothing', async () => {
  const up = ctl(first, 'up');
  assert.equal(up.code, 0, up.said);
  assert.ok(await answers(first.port));
  const running = pids(ctl(first, 'status').said);
  assert.equal(running.length, 3, 'PostgreSQL, Redis, nginx');
  assert.equal(ctl(first, 'up').code, 0);
  assert.deepEqual(pids(ctl(first, 'status').said), running);
});

test('every migration is applied, durability is on, the only TCP port is nginx\'s', () => {
  const count = fs.readdirSync(path.join(root, 'db/migrations')).filter((name) => name.endsWith('.sql')).length;
  assert.equal(ctl(first, 'psql', '-Atc', 'SELECT count(*) FROM schema_migration').said.trim(), String(count));
  const setting = (name) => ctl(first, 'psql', '-Atc', `SHOW ${name}`).said.trim();
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) assert.equal(setting(name), 'on');
  assert.equal(setting('listen_addresses'), '');
  assert.equal(setting('server_encoding'), 'UTF8');
});

// What nginx itself refuses, sent as bytes, since no client would send it.
function raw(port, text) {
  return new Promise((resolve) => {
    let got = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (bytes) => (got += bytes.toString('utf8')));
    socket.on('error', () => resolve(got));
    socket.on('close', () => resolve(got));
  });
}

test('whatever the door refuses by itself is problem+json with the status', async () => {
  const host = 'Host: a\r\nConnection: close\r\n';
  const long = 'x'.repeat(40_000);
  const many = Array.from({ length: 3000 }, (_, i) => `X-${i}: ${'a'.repeat(16)}\r\n`).join('');
  for (const [status, text] of [
    [400, `G@T / HTTP/1.1\r\n${host}\r\n`],
    [400, `GET /%zz HTTP/1.1\r\n${host}\r\n`],
    [400, `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`],
    [400, `POST /api/v1/requests HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    [404, `GET /metrics HTTP/1.1\r\n${host}\r\n`],
    [405, `TRACE / HTTP/1.1\r\n${host}\r\n`],
    [413, `POST /api/v1/requests HTTP/1.1\r\n${host}Content-Length: 999999999\r\n\r\n`],
    [414, `GET /${long} HTTP/1.1\r\n${host}\r\n`],
    [431, `GET / HTTP/1.1\r\n${host}X-Long: ${long}\r\n\r\n`],
    [431, `GET / HTTP/1.1\r\n${host}${many}\r\n`],
    [501, `POST /api/v1/requests HTTP/1.1\r\n${host}Transfer-Encoding: gzip\r\n\r\n`],
    [503, `GET /api/v1/session HTTP/1.1\r\n${host}\r\n`],
    [505, `GET / HTTP/3.0\r\n${host}\r\n`],
  ]) {
    const answer = await raw(first.port, text);
    const [head, body] = answer.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} ?`), `${status}: ${text.slice(0, 40)}: ${answer.slice(0, 80)}`);
    assert.match(head, /content-type: application\/problem\+json/i, `${status}: ${text.slice(0, 40)}`);
    assert.equal(JSON.parse(body).status, status);
  }
});

test('a second copy beside the first, and neither disturbs the other', async () => {
  const up = ctl(second, 'up');
  assert.equal(up.code, 0, up.said);
  assert.ok((await answers(first.port)) && (await answers(second.port)));
  const down = ctl(second, 'down');
  assert.equal(down.code, 0, down.said);
  assert.deepEqual(processesOf(second), []);
  assert.ok(await answers(first.port));
});

test('a port that is taken is named before anything starts, with another one', () => {
  const up = ctl({ folder: second.folder, port: first.port }, 'up');
  assert.notEqual(up.code, 0);
  assert.match(up.said, new RegExp(`Port ${first.port} is already used`));
  assert.match(up.said, /PAIDAN_PORT=\d+/);
  assert.deepEqual(processesOf(second), []);
});

test('kill -9 of each: it is back within seconds, and nginx leaves no workers with the old door', async () => {
  for (const name of ['redis', 'nginx', 'postgres']) {
    const [pid] = pids(ctl(first, 'status').said.split('\n').find((line) => line.startsWith(name)));
    process.kill(pid, 'SIGKILL');
    await eventually(`${name} is ready again`, () => {
      const line = ctl(first, 'status').said.split('\n').find((each) => each.startsWith(name));
      return line.includes(' ready ') && pids(line)[0] !== pid;
    });
  }
  await eventually('the door answers', () => answers(first.port));
  const workers = spawnSync('sh', ['-c', `find /proc -maxdepth 2 -name cwd -lname '${first.folder}/service/nginx' 2>/dev/null | wc -l`]);
  assert.ok(Number(workers.stdout) <= 4, `supervisor, master and two workers, not ${workers.stdout}`);
});

test('a migration that changed after it was applied is refused', () => {
  ctl(first, 'psql', '-c', "UPDATE schema_migration SET checksum = 'other' WHERE number = 1");
  const restart = ctl(first, 'restart', 'postgres');
  assert.equal(restart.code, 0, restart.said);
  const where = Object.fromEntries(ctl(first, 'where').said.trim().split('\n').map((line) => line.split(/=(.*)/s, 2)));
  const migrate = ctl(first, 'as-service', path.join(root, 'compose/migrate'), `${where.database} user=paidan_owner`);
  assert.notEqual(migrate.code, 0);
  assert.match(migrate.said, /0001_\w+ was applied with other content/);
});

test('a folder that is not ours is left alone', () => {
  const other = folder('other');
  fs.writeFileSync(path.join(other, 'letter.txt'), 'mine');
  const up = ctl({ folder: other, port: second.port }, 'up');
  assert.notEqual(up.code, 0);
  assert.match(up.said, /not empty and was not made by Paidan/);
  assert.deepEqual(fs.readdirSync(other), ['letter.txt']);
});

test('a path too long for sockets, with a blank in it', async () => {
  const deep = path.join(folder('deep'), 'a folder', 'x'.repeat(90));
  fs.mkdirSync(deep, { recursive: true });
  const place = { folder: deep, port: await freePort() };
  const up = ctl(place, 'up');
  assert.equal(up.code, 0, up.said);
  assert.match(up.said, /sockets; they are in/);
  assert.ok(await answers(place.port));
  const run = fs.readlinkSync(path.join(deep, 'run'));
  assert.equal(ctl(place, 'down').code, 0);
  assert.ok(!fs.existsSync(run), 'the short folder is gone');
  assert.deepEqual(processesOf(place), []);
});

test('stopping ends everything, also when the supervisor was killed first', async () => {
  const scan = processesOf(first).find((pid) => /s6-svscan\0/.test(fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8')));
  process.kill(Number(scan), 'SIGKILL');
  const down = ctl(first, 'down');
  assert.equal(down.code, 0, down.said);
  assert.deepEqual(processesOf(first), []);
  assert.equal(ctl(first, 'down').code, 0, 'stopping twice is no error');
});
