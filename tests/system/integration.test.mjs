// docs/integration.md, tried as a new user would: from nothing to a pushed request and a received, verified webhook, and on to the end of
// the page, by copying its commands. Every command of the page is run, so the page cannot say what does not work. `make run` is the
// harness's; ports are free ones.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { freePort, start } from './harness.mjs';
import { commandsOf, runCommands } from './lib/commands.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const page = fs.readFileSync(path.join(root, 'docs/integration.md'), 'utf8');
const commands = commandsOf(page);
let system, port, done;

before(async () => {
  port = await freePort();
  system = await start('integration', { PAIDAN_BUS_PORT: String(await freePort()) });
  const folder = fs.mkdtempSync(path.join(system.folder, 'copy-'));
  fs.chmodSync(folder, 0o777);
  fs.mkdirSync(path.join(folder, 'build'));
  fs.chmodSync(path.join(folder, 'build'), 0o777);
  for (const [name, to] of [['var', system.var], ['docs', path.join(root, 'docs')], ['build/release', path.join(root, 'build/release')]]) fs.symlinkSync(to, path.join(folder, name));
  const out = path.join(folder, 'out'), listens = `until (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null; do sleep 0.02; done`;
  done = await runCommands(commands.map(({ section, text }) => ({ section, text: /^(PAIDAN_BUS_PORT=\d+ )?make run$/.test(text) ? ':' : text.replaceAll('8099', port) })), {
    folder,
    again: [/Bearer \$beiling/], // the mapping is in force in a second or two, as the page says
    after: [[/&$/, listens], [/"external_id": "w-1"/, `until grep -q ticket.dispatched ${out}; do sleep 0.02; done`]],
    run: (line) => system.aside(['bash', '-c', line]),
  });
});
after(() => system?.stop());

// What the first command that fits printed.
const said = (pattern) => {
  const i = commands.findIndex(({ text }) => pattern.test(text));
  assert.ok(i >= 0, `no command fits ${pattern}`);
  return done.said[i];
};

test('every command of the page works', () => {
  assert.ok(commands.length > 50 && commands[0].text === 'make run', 'it begins with nothing');
  assert.equal(done.code, 0, `${commands[done.last].section}: ${commands[done.last].text}\n${done.said[done.last]}`);
});

describe('and shows what the page says', () => {
  test('a request is pushed, followed, added to', () => {
    assert.match(said(/^hotline requests .*2026-000123"/), /"number":"R\d{17}"/);
    assert.match(said(/^hotline 'requests\?source/), /"external_id":"2026-000123"/);
    assert.match(said(/^hotline followups /), /"state":"(waiting|done)"/);
    assert.match(said(/^curl .*beiling/s), /"number":"R\d{17}"/);
    assert.match(said(/^hotline requests .*attachments/), /"number":"R\d{17}"/);
  });

  test('a webhook comes, and is verified', () => {
    const all = done.said.join('');
    assert.match(all, /^paidan\.endpoint\.test$/m);
    assert.match(all, /^paidan\.ticket\.dispatched T\d{17} dispatched \d+$/m);
    assert.match(said(/^paidan endpoint attempts/), /dispatched/);
  });

  test('what happened is fetched, and compared', () => {
    assert.match(said(/^hotline 'events/), /"next_cursor"/);
    assert.match(said(/^hotline "reconciliation\?/), /"hash":"[0-9a-f]{64}"/);
    assert.match(said(/^paidan reconcile/), /2026-000123[^]*they differ/);
  });

  test('Open311 answers', () => {
    assert.match(said(/^open311 requests\.json/), /"service_request_id":"R\d{17}"/);
    assert.match(said(/^open311 'requests\.xml/), /<service_request_id>R\d{17}</);
  });

  test('a department\'s system follows over ZeroMQ, and acts', () => {
    assert.match(said(/bus_client\.py follow/), /"type": "\w+"/);
    assert.match(said(/bus_client\.py act/), /"status": 200/);
  });
});
