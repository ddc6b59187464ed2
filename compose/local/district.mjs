// Loads the demo district into a fresh copy, through the same commands an administrator uses: the first security administrator
// by the one-time code, reference data from db/demo, accounts and tokens. What is told once (passwords, tokens) is kept in
// var/accounts.json. Again on a copy that has it: nothing. Not for requests: tools/play brings those.
// usage: node district.mjs ROOT VAR URL PAIDAN
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const [root, folder, url, program] = process.argv.slice(2);
const demo = path.join(root, 'db/demo');
const book = path.join(folder, 'accounts.json');
const mark = path.join(folder, 'district-loaded');
const known = fs.existsSync(book) ? JSON.parse(fs.readFileSync(book, 'utf8')) : { url, accounts: {}, tokens: {} };

function keep() {
  known.url = url;
  fs.writeFileSync(book + '.new', JSON.stringify(known, null, 2) + '\n', { mode: 0o600 });
  fs.renameSync(book + '.new', book);
}

function fail(what, said) {
  process.stderr.write(`\n${what}:\n${said.trim()}\n`);
  process.exit(1);
}

function paidan(args, env = {}) {
  const done = spawnSync(program, [...args, '--json'], {
    encoding: 'utf8', maxBuffer: 1 << 26, timeout: 300_000,
    env: { ...process.env, PAIDAN_VAR: folder, PAIDAN_URL: url, PAIDAN_ACCOUNTS: book, PAIDAN_TOKEN: '', PAIDAN_PATIENCE: '120', LANG: 'C.UTF-8', ...env },
  });
  if (done.status !== 0) fail(`paidan ${args.join(' ')} failed`, done.stdout + done.stderr + (done.error ?? ''));
  try {
    return JSON.parse(done.stdout);
  } catch {
    fail(`paidan ${args.join(' ')} printed no JSON`, done.stdout + done.stderr);
  }
}

function keepAccount({ user, password, role, unit }) {
  if (password) known.accounts[user] = { user, password, role, unit: unit?.code ?? unit ?? null };
}

let began = Date.now();
const live = Boolean(process.stdout.isTTY);
function loading(what) {
  if (live) process.stdout.write(`  loading ${what} ...`);
}
function loaded(what, count) {
  console.log(`${live ? '\r\x1b[K' : ''}  loaded  ${what.padEnd(13)} ${String(count).padStart(6)}   ${String(Date.now() - began).padStart(5)} ms`);
  began = Date.now();
}

function administrators() {
  if (!known.accounts['admin-security']) {
    const password = crypto.randomBytes(15).toString('base64url');
    const { code } = paidan(['setup-code']);
    paidan(['setup', code, 'admin-security'], { PAIDAN_PASSWORD: password });
    keepAccount({ user: 'admin-security', password, role: 'admin_security' });
    keep();
  }
  if (!known.accounts['admin-system']) {
    keepAccount({ role: 'admin_system', ...paidan(['user', 'add', 'admin-system', 'admin_system']) });
    keep();
  }
}

function reference() {
  const steps = fs.readdirSync(path.join(demo, 'calendars')).sort().map((name) => ['calendar', `calendars/${name}`]);
  steps.push(['policy', 'policies.csv'], ['unit', 'units.csv'], ['area', 'grids.geojson'], ['matter', 'matters.csv'],
    ['admission', 'admission.csv'], ['place', 'places.csv'], ['source', 'sources.csv'], ['score', 'scores.csv']);
  for (const [kind, file] of steps) {
    loading(file);
    const answer = paidan([kind, 'import', path.join(demo, file)]);
    loaded(path.basename(file).replace(/\..*/, ''), answer.rows ?? 0);
  }
}

// A password costs a twentieth of a second on purpose, so the file goes in by pieces: none takes long, and one that was interrupted
// goes on where it stopped.
function people() {
  loading('people (a password for each; this takes a while)');
  const piece = 6;
  const [head, ...lines] = fs.readFileSync(path.join(demo, 'people.csv'), 'utf8').trim().split(/\r?\n/);
  const without = process.env.PAIDAN_DEMO_WITHOUT ?? ''; // a role whose accounts are left out, to be quicker
  const left = lines.filter((line) => !known.accounts[line.split(',')[0]] && line.split(',')[1] !== without);
  const file = path.join(folder, 'people-piece.csv');
  for (let at = 0; at < left.length; at += piece) {
    const rows = left.slice(at, at + piece);
    if (process.stdout.isTTY) process.stdout.write(`\r  people ${at} of ${left.length} (each password takes its time) `);
    fs.writeFileSync(file, [head, ...rows, ''].join('\n'), { mode: 0o600 });
    const answer = paidan(['people', 'import', file]);
    for (const { user, password } of answer.accounts ?? []) {
      const [, role, unit] = rows.find((line) => line.startsWith(`${user},`)).split(',');
      keepAccount({ user, password, role, unit });
    }
    keep();
  }
  fs.rmSync(file, { force: true });
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  loaded('people', left.length);
}

// One token for each source that pushes requests, and one that only reads.
function tokens() {
  const [head, ...rows] = fs.readFileSync(path.join(demo, 'sources.csv'), 'utf8').trim().split(/\r?\n/).map((line) => line.split(','));
  const wanted = rows.map((row) => [row[head.indexOf('code')], 'integration', row[head.indexOf('code')]]);
  wanted.push(['hotline', 'integration', 'hotline-12345'], ['open311', 'integration', 'city-app'], ['readonly', 'readonly']);
  loading('tokens');
  for (const [name, role, source] of wanted) {
    if (known.tokens[name]) continue;
    known.tokens[name] = paidan(['token', 'create', name, role, ...(source ? ['--sources', source] : ['--unit', 'center'])]).token;
    keep();
  }
  loaded('tokens', wanted.length);
}

// PAIDAN_DEMO_WEBHOOKS=http://127.0.0.1:PORT: a receiver on this machine gets a department's events and the hotline's answers, signed
// with the secrets kept in accounts.json.
function webhooks(base) {
  paidan(['network', 'approve', '127.0.0.0/16']);
  const there = new Set(paidan(['endpoint', 'list']).endpoints.map((e) => e.name));
  for (const [name, ...whose] of [['hotline', '--source', 'hotline-12345'], ['department-municipal', '--unit', 'municipal']]) {
    if (there.has(name)) continue;
    const { secret } = paidan(['endpoint', 'add', name, `${base.replace(/\/$/, '')}/${name}`, ...whose]);
    known.webhooks = { ...known.webhooks, [name]: secret };
    keep();
  }
  loaded('webhooks', 2);
}

if (fs.existsSync(mark)) {
  keep();
  console.log('  the demo district is loaded already');
} else {
  administrators();
  reference();
  people();
  tokens();
  if (process.env.PAIDAN_DEMO_WEBHOOKS) webhooks(process.env.PAIDAN_DEMO_WEBHOOKS);
  fs.writeFileSync(mark, '');
}
