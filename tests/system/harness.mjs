// Starts a whole private system for one test file: compose/local under a folder of its own, one free loopback port, the demo
// district loaded. Loading it takes a while (300 passwords), so it is done once into a template folder; each test file copies
// that and starts in a few seconds.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Demo } from './lib/demo.mjs';
import { bearer, nobody, signIn } from './lib/client.mjs';
import { eventually } from './lib/wait.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const ctlPath = path.join(root, 'compose/local/ctl');

export function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function run(program, args, env, limit = 180_000) {
  const done = spawnSync(program, args, { env: { ...process.env, ...env }, encoding: 'utf8', timeout: limit, maxBuffer: 1 << 28 });
  return { code: done.status, out: done.stdout ?? '', err: (done.stderr ?? '') + (done.error ? String(done.error) : '') };
}

function must(done, what) {
  if (done.code !== 0) throw new Error(`${what} failed (${done.code}):\n${done.out}${done.err}`);
  return done;
}

// What the template depends on: the schema, the data, the programs that load it.
function templateKey() {
  const hash = crypto.createHash('sha256');
  const add = (file) => {
    if (fs.statSync(file).isDirectory()) fs.readdirSync(file).sort().forEach((name) => add(path.join(file, name)));
    else hash.update(file).update(fs.readFileSync(file));
  };
  ['db', 'compose', 'tools/play', 'build/release/bin/paidan', 'build/release/bin/paidan-console'].forEach((p) => add(path.join(root, p)));
  return hash.digest('hex').slice(0, 16);
}

const isAlive = (pid) => pid > 0 && fs.existsSync(`/proc/${pid}`);

// Made by whoever comes first; the others wait for it, and one of them takes over when its maker died.
async function template() {
  const base = path.join(root, 'build/template');
  const folder = path.join(base, templateKey());
  const ready = path.join(folder, 'ready');
  const maker = path.join(folder, 'maker');
  fs.mkdirSync(base, { recursive: true });
  fs.chmodSync(base, 0o755);
  for (;;) {
    if (fs.existsSync(ready)) return folder;
    try {
      fs.mkdirSync(folder);
    } catch {
      const done = await eventually('the test template is made', () =>
        fs.existsSync(ready) ? 'ready' : fs.existsSync(maker) && !isAlive(Number(fs.readFileSync(maker, 'utf8'))) ? 'left' : null, 300);
      if (done === 'left') fs.rmSync(folder, { recursive: true, force: true });
      continue;
    }
    fs.writeFileSync(maker, String(process.pid));
    fs.chmodSync(folder, 0o755);
    for (const name of fs.readdirSync(base)) if (name !== path.basename(folder)) fs.rmSync(path.join(base, name), { recursive: true, force: true });
    await make(path.join(folder, 'var'));
    fs.writeFileSync(ready, '');
  }
}

async function make(folder) {
  const env = { PAIDAN_VAR: folder, PAIDAN_PORT: String(await freePort()), PAIDAN_DEMO_WITHOUT: 'grid_worker' };
  try {
    must(run(ctlPath, ['up'], env), 'ctl up');
    must(run(ctlPath, ['demo'], env), 'loading the demo district');
  } finally {
    run(ctlPath, ['down'], env);
  }
}

// env: more of what compose/local/ctl takes, such as PAIDAN_BUS_PORT.
export async function start(name, env = {}) {
  const from = await template();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `paidan-${name}-`));
  fs.chmodSync(folder, 0o755);
  execFileSync('cp', ['-a', path.join(from, 'var'), path.join(folder, 'var')]);
  // what belongs to a place and a start is made anew there; the data come along
  for (const name of ['service', 'run', 'log', 'nginx']) fs.rmSync(path.join(folder, 'var', name), { recursive: true, force: true });
  const system = new System(folder, await freePort(), env);
  try {
    must(system.ctl('up'), 'ctl up');
  } catch (error) {
    await system.stop();
    throw error;
  }
  return system;
}

class System extends Demo {
  constructor(folder, port, env) {
    super(root);
    this.folder = folder;
    this.var = path.join(folder, 'var');
    this.env = { PAIDAN_VAR: this.var, PAIDAN_PORT: String(port), ...env };
    this.url = `http://127.0.0.1:${port}`;
    this.sessions = new Map();
  }

  get accounts() {
    return JSON.parse(fs.readFileSync(path.join(this.var, 'accounts.json'), 'utf8'));
  }

  ctl(...args) {
    return run(ctlPath, args, this.env);
  }

  async stop() {
    this.ctl('down');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /* ---- who asks ---- */

  token(name) {
    return bearer(this.url, this.accounts.tokens[name]);
  }

  bearer(token) {
    return bearer(this.url, token);
  }

  nobody() {
    return nobody(this.url);
  }

  async account(login) {
    if (!this.sessions.has(login)) {
      const account = this.accounts.accounts[login];
      if (!account) throw new Error(`there is no account ${login}`);
      this.sessions.set(login, await signIn(this.url, account.user, account.password));
    }
    return this.sessions.get(login);
  }

  // Somebody who acts for the unit: its own account, or one of the nearest unit above that has people.
  async accountOfUnit(code) {
    const accounts = Object.values(this.accounts.accounts);
    for (let unit = code; unit; unit = this.parentOf(unit)) {
      const found = accounts.find((a) => a.unit === unit && !a.role.startsWith('admin'));
      if (found) return this.account(found.user);
    }
    throw new Error(`nobody acts for ${code}`);
  }

  paidan(args, login) {
    const account = login && this.accounts.accounts[login];
    const as = account ? ['--as', account.user] : [];
    return run(ctlPath, ['as-service', path.join(root, 'build/release/bin/paidan'), ...args, ...as], this.paidanEnv);
  }

  // The same for a command that ends only once something of this process has answered.
  paidanAside(args) {
    return this.aside([path.join(root, 'build/release/bin/paidan'), ...args]);
  }

  aside(command) {
    return new Promise((resolve) => {
      execFile(ctlPath, ['as-service', ...command], { env: { ...process.env, ...this.paidanEnv }, timeout: 90_000 },
        (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
    });
  }

  get paidanEnv() {
    return { ...this.env, PAIDAN_URL: this.url, PAIDAN_ACCOUNTS: path.join(this.var, 'accounts.json') };
  }

  /* ---- webhooks ---- */

  async approveLoopback(...admins) {
    for (const admin of admins) {
      const answer = await admin.post('/api/v1/admin/networks', { cidr: '127.0.0.0/16' });
      if (answer.status < 300) return;
    }
    throw new Error('no administrator may approve networks');
  }

  async endpoint(admin, name) {
    return (await admin.get('/api/v1/admin/endpoints')).body.endpoints.find((endpoint) => endpoint.name === name);
  }

  async addEndpoint(admin, endpoint) {
    const answer = await admin.post('/api/v1/admin/endpoints', endpoint);
    if (answer.status !== 201) throw new Error(`endpoint: ${answer.status} ${answer.text}`);
    await eventually(`${endpoint.name} proved itself`, async () => (await this.endpoint(admin, endpoint.name)).verified);
    return answer.body.secret;
  }

  /* ---- underneath ---- */

  sql(query) {
    const done = must(this.ctl('psql', '-X', '-At', '-F', '\x1f', '-c', query), 'psql');
    return done.out.split('\n').filter(Boolean).map((line) => line.split('\x1f'));
  }

  redis(...words) {
    const socket = [path.join(this.var, 'run/redis.sock')].map((p) => fs.realpathSync(p))[0];
    return must(run('redis-cli', ['-s', socket, ...words], {}), 'redis-cli').out.trim();
  }

  pid(service) {
    const line = this.ctl('status').out.split('\n').find((l) => l.startsWith(`${service} `));
    return Number(/pid (\d+)/.exec(line ?? '')?.[1] ?? 0);
  }

  isReady(service) {
    return this.ctl('status').out.split('\n').some((l) => new RegExp(`^${service} +ready`).test(l));
  }

  // SIGKILL; returns the pid that died.
  kill(service) {
    const pid = this.pid(service);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  // How far the system's clock is ahead of this machine's, in milliseconds.
  clockOffset() {
    return Number(fs.readFileSync(path.join(this.var, 'clock')).readBigInt64LE());
  }

  // Moves the system's clock forward; it never goes back.
  advanceClock(ms) {
    const file = path.join(this.var, 'clock');
    const bytes = fs.readFileSync(file);
    bytes.writeBigInt64LE(bytes.readBigInt64LE() + BigInt(Math.ceil(ms)));
    const handle = fs.openSync(file, 'r+');
    fs.writeSync(handle, bytes, 0, 8, 0);
    fs.closeSync(handle);
  }

  note(what, value, unit) {
    console.log(`# ${what}: ${value.toFixed(1)} ${unit}`);
  }
}
