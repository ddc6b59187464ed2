// Personal data lie nowhere in the clear: a hundred planted phone numbers and names are searched for, byte by byte, in
// PostgreSQL's files and its write-ahead log, a dump, Redis' memory and file, and every log.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

let system, hotline;
before(async () => {
  system = await start('privacy');
  hotline = system.token('hotline');
});
after(() => system?.stop());

const planted = Array.from({ length: 100 }, (_, i) => ({
  phone: `1990137${String(i * 37 + 1000).padStart(4, '0')}`,
  name: `甲乙丙丁${String.fromCodePoint(0x4e00 + i * 7)}试`,
}));

function* filesBelow(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(at);
    else if (entry.isFile()) yield at;
  }
}

function foundIn(bytes) {
  return planted.filter((p) => bytes.includes(p.phone) || bytes.includes(p.name)).length;
}

test('a hundred planted people are found in no file, dump, log or cache', async () => {
  const lines = planted.map((requester, i) =>
    JSON.stringify({ source: 'hotline-12345', external_id: `privacy-${i}`, matter: '020305', title: '路灯不亮', requester }));
  const answer = await hotline.post('/api/v1/requests/batch', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
  assert.ok(answer.text.trim().split('\n').every((line) => JSON.parse(line).status === 201), answer.text.slice(0, 300));
  assert.equal(foundIn(Buffer.from(answer.text)), 0);
  await eventually('all are routed', () => system.sql('SELECT count(*) FROM ticket')[0][0] === '100');
  // bad input with a person in it must not reach a log either
  await hotline.post('/api/v1/requests', { source: 'hotline-12345', external_id: 'x', requester: planted[0], colour: planted[1].phone });
  assert.equal(system.ctl('psql', '-X', '-U', 'postgres', '-c', 'CHECKPOINT').code, 0);
  system.redis('SAVE');
  const dump = system.ctl('as-service', 'pg_dump', '-h', path.join(fs.realpathSync(path.join(system.var, 'run')), 'postgres'), '-U', 'postgres', 'paidan');
  assert.equal(dump.code, 0, dump.err);
  assert.ok(dump.out.includes('privacy-99'), 'the dump holds the requests');
  assert.equal(foundIn(Buffer.from(dump.out)), 0, 'in a dump');
  let looked = 0;
  for (const file of filesBelow(system.var)) {
    if (path.basename(file) === 'accounts.json') continue;
    assert.equal(foundIn(fs.readFileSync(file)), 0, file);
    looked++;
  }
  assert.ok(looked > 500, `only ${looked} files were looked at`);
});

test('the search itself can find: the requests\' own ids are there', () => {
  const wal = [...filesBelow(path.join(system.var, 'postgres'))].filter((file) => file.includes('pg_wal'));
  assert.ok(wal.some((file) => fs.readFileSync(file).includes('privacy-42')));
});
