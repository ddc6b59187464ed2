// docs/howto.md is followed to the letter in a copy of the tree: every line it says to add is added, every command it says to run
// is run, every check must show what it says. All recipes go into one copy, so they also fit together; howto/test_howto.c then
// uses what they made. The copy is compiled without optimisation, which is the only liberty taken.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const LINES_MAX = 10;
let copy;

/* ---- the page ---- */

// [{ name, lines, steps: [{ does, file, ... }] }]
function recipes(page) {
  return page.split(/^## /m).slice(1).map((text) => {
    const [name, ...rest] = text.split('\n');
    const blocks = [];
    const body = rest.join('\n').replace(/^ *```c\n([\s\S]*?)^ *```\n/gm, (_, code) => `@${blocks.push(code) - 1}\n`);
    const steps = body.split('\n').flatMap((line) => /^\d+\. /.test(line) ? [read(line.replace(/^\d+\. /, ''))] : []);
    let written = steps.filter((s) => s.does === 'write');
    assert.equal(written.length, blocks.length, `${name}: a file to write has its text below`);
    written.forEach((step, i) => (step.text = blocks[i].replace(/^ {3}/gm, '')));
    return { name, steps, lines: steps.length + blocks.reduce((sum, b) => sum + b.split('\n').length - 1, 0) };
  });
}

function read(line) {
  const kinds = [
    ['add', /^In `(?<file>[^`]+)`, (?<where>after|before) the line with `(?<anchor>[^`]+)`, add: `(?<text>[^`]+)`$/],
    ['add', /^In `(?<file>[^`]+)`, at the end of `(?<list>\w+)`, add: `(?<text>[^`]+)`$/],
    ['add', /^In `(?<file>[^`]+)`, at the end, add: `(?<text>[^`]+)`$/],
    ['replace', /^In `(?<file>[^`]+)`, replace `(?<old>[^`]+)` by: `(?<text>[^`]+)`$/],
    ['replace', /^In `(?<file>[^`]+)`, remove: `(?<old>[^`]+)`$/],
    ['write', /^In `(?<file>[^`]+)`, write:$/],
    ['run', /^Run: `(?<command>[^`]+)`$/],
    ['check', /^Check: `(?<command>[^`]+)` shows `(?<text>[^`]+)`$/],
  ];
  for (const [does, pattern] of kinds) {
    const said = pattern.exec(line);
    if (said) return { does, line, ...said.groups };
  }
  assert.fail(`nobody could follow this step: ${line}`);
}

/* ---- following it ---- */

// Where the line goes: its index, from the place the step names.
function placeOf(lines, step) {
  if (step.anchor) {
    const found = lines.flatMap((l, i) => (l.includes(step.anchor) ? [i] : []));
    assert.equal(found.length, 1, `${step.file}: "${step.anchor}" stands in ${found.length} lines, not in one`);
    let at = found[0];
    if (step.where === 'before') return at;
    if (step.file.endsWith('.def')) for (; /^\s*STEP/.test(lines[at]) && !/\)\s*\\?$/.test(lines[at]); at++); // a row over two lines
    return at + 1;
  }
  if (!step.list) return lines.length - 1; // behind the last line
  let at = lines.findIndex((l) => l.startsWith(`#define ${step.list}(`));
  assert.notEqual(at, -1, `${step.file} has no list ${step.list}`);
  while (lines[at].endsWith('\\')) at++;
  return at + 1;
}

function nextNumber(lines, end) {
  for (let i = end - 1; i >= 0; i--) {
    const number = /^\s*\w+\((\d+),/.exec(lines[i]);
    if (number) return Number(number[1]) + 1;
  }
  assert.fail('no number to follow');
}

function add(step) {
  const file = path.join(copy, step.file);
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  const at = placeOf(lines, step);
  let text = step.text;
  if (/^\w\(N,/.test(text)) text = text.replace('(N,', `(${nextNumber(lines, at)},`);
  const isMacro = step.file.endsWith('.def') && !text.startsWith('#');
  const indent = /^\s*/.exec(lines[step.where === 'before' ? at : at - 1])[0];
  if (isMacro && !lines[at - 1].endsWith('\\')) lines[at - 1] += ' \\';
  else if (isMacro) text += ' \\';
  lines.splice(at, 0, indent + text);
  fs.writeFileSync(file, lines.join('\n'));
}

function replace(step) {
  const file = path.join(copy, step.file);
  const before = fs.readFileSync(file, 'utf8');
  assert.ok(before.includes(step.old), `${step.file} does not hold ${step.old}`);
  fs.writeFileSync(file, before.replace(step.old, step.text ?? ''));
}

// Two flavours, one set of objects, no optimiser: what is followed is the page, not the speed of the compiler.
const plain = '-O0 -DPAIDAN_TEST_BUILD'.replace(/ /g, '\\ ');
const env = {
  ...process.env,
  MAKEFLAGS: `-- CFLAGS_release=${plain} CFLAGS_asan=${plain} LDFLAGS_release= LDFLAGS_asan= CI=`,
};

function run(command) {
  const done = spawnSync('bash', ['-c', command], { cwd: copy, env, encoding: 'utf8', timeout: 240_000 });
  return { code: done.status, said: done.stdout + done.stderr };
}

function follow(step) {
  if (step.does === 'add') add(step);
  else if (step.does === 'replace') replace(step);
  else if (step.does === 'write') fs.writeFileSync(path.join(copy, step.file), step.text);
  else {
    const { code, said } = run(step.command);
    if (step.does === 'check') assert.ok(said.includes(step.text), `${step.command} does not show ${step.text}:\n${said.slice(-3000)}`);
    else assert.equal(code, 0, `${step.command}:\n${said.slice(-3000)}`);
  }
}

/* ---- the test ---- */

const all = recipes(fs.readFileSync(path.join(root, 'docs/howto.md'), 'utf8'));

before(() => {
  copy = fs.mkdtempSync(path.join(os.tmpdir(), 'paidan-howto-'));
  const files = execFileSync('git', ['ls-files', '-z', '--', ':!web', ':!docs/screens'], { cwd: root, encoding: 'utf8' });
  for (const file of files.split('\0').filter((f) => f && fs.existsSync(path.join(root, f)))) {
    fs.mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
    fs.cpSync(path.join(root, file), path.join(copy, file), { preserveTimestamps: true });
  }
  fs.mkdirSync(path.join(copy, 'build/release'), { recursive: true });
  fs.symlinkSync('release', path.join(copy, 'build/asan'));
  // files are changed first and built once: the lines of a recipe do not depend on each other's builds
  for (const step of all.flatMap((r) => r.steps))
    if (['add', 'replace', 'write'].includes(step.does)) follow(step);
  fs.copyFileSync(path.join(root, 'tests/system/howto/test_howto.c'), path.join(copy, 'tests/unit/test_howto.c'));
});

after(() => fs.rmSync(copy, { recursive: true, force: true }));

test('there are recipes, each of ten lines or fewer', () => {
  assert.ok(all.length >= 6);
  for (const { name, lines } of all) assert.ok(lines <= LINES_MAX, `${name}: ${lines} lines`);
});

for (const { name, steps } of all) {
  describe(name, () => {
    for (const step of steps.filter((s) => s.does === 'run' || s.does === 'check')) test(step.line, () => follow(step));
  });
}

test('what the recipes made works: a story, a message there and back, a letter', () => {
  const { said } = run('make unit ONLY=howto');
  assert.ok(/\b3 passed, 0 failed/.test(said), said.slice(-3000));
});

test('the checks of the project hold with it', () => {
  const { code, said } = run('git init -q . && git add -A . && tools/check/all includes purity docs');
  assert.equal(code, 0, said.slice(-3000));
});
