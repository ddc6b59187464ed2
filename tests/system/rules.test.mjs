// Routing rules by the command line, against a running system: test, preview, import with --reroute; the preview names exactly the
// tickets that then move, and what comes in afterwards goes there at once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

let system, department, other;

before(async () => {
  system = await start('rules');
  department = system.departmentOf('020305');
  other = system.anotherDepartment(department);
});
after(() => system?.stop());

const ok = (done) => {
  assert.equal(done.code, 0, done.out + done.err);
  return done.out;
};
const json = (args, login) => JSON.parse(ok(system.paidan([...args, '--json'], login)));
const submit = (id, title) => ok(system.paidan(['submit', '--id', id, '--matter', '020305', '--title', title, '--lon', '123.76', '--lat', '41.33']));
const ownerOf = (number) => json(['ticket', number]).owner.code;

const ticketBehind = (number) =>
  eventually(`${number} has its ticket`, async () => (await system.token('readonly').get(`/api/v1/requests/${number}`)).body.ticket?.number);
const ticketOf = (id, title) => ticketBehind(submit(id, title).match(/R\d{17}/)[0]);

async function pushed(title) {
  const { status, body, text } = await system.token('hotline').post('/api/v1/requests', { source: 'hotline-12345', external_id: title, matter: '020305', title,
    location: { lon: 123.76, lat: 41.33 } });
  assert.equal(status, 201, text);
  return ticketBehind(body.number);
}

test('preview, apply, compare', async () => {
  const lamp = await ticketOf('rule-1', '路燈一閃一閃');
  const cover = await ticketOf('rule-2', '井盖缺失');
  const file = path.join(system.folder, 'rules.csv');
  fs.writeFileSync(file, `name,priority,keywords,target\n路灯归 ${other},10,路灯+一闪,${other}\n`, { mode: 0o644 });
  const refused = path.join(system.folder, 'bad.csv');
  fs.writeFileSync(refused, 'name,target\nx,nowhere\n', { mode: 0o644 });
  const bad = system.paidan(['rule', 'import', refused, '--lang', 'en'], 'admin-system');
  assert.equal(bad.code, 1);
  assert.match(bad.err, /row 2, target: there is no unit "nowhere"/);

  const preview = ok(system.paidan(['rule', 'preview', file, '--lang', 'en'], 'admin-system'));
  assert.match(preview, new RegExp(`${lamp}.*moves`));
  assert.doesNotMatch(preview, new RegExp(cover));
  assert.match(preview, /1 would have gone elsewhere, 1 of them open, 1 can be moved/);
  assert.equal(ownerOf(lamp), department, 'a preview moves nothing');

  const done = ok(system.paidan(['rule', 'import', file, '--reroute', '--lang', 'en'], 'admin-system'));
  assert.match(done, new RegExp(`${lamp} -> ${other}`));
  assert.match(done, /moved 1, not moved 0/);
  assert.equal(ownerOf(lamp), other);
  assert.equal(ownerOf(cover), department);
  assert.match(ok(system.paidan(['explain', lamp, '--lang', 'zh'])), /第 1 号派单规则“路灯归/);
  assert.match(ok(system.paidan(['rule', 'list', '--lang', 'zh'], 'admin-system')), /路灯归/);
  assert.match(ok(system.paidan(['rule', 'test', '路灯一闪', '--lang', 'zh'], 'admin-system')), /派给.*第 1 号派单规则/);
  await eventually('new requests go by the rule', async () => ownerOf(await ticketOf(`rule-${Date.now()}`, '路灯一闪')) === other);
});

// Rules of several hands at once: each change is in force when it is answered, also one that comes while the router is still
// reading those before it.
test('a rule is in force when it is answered, however many come at once', async () => {
  const admin = await system.account('admin-system'), operator = await system.account('operator');
  const store = async (name, target) => {
    const answer = await admin.post('/api/v1/rules', { name, keywords: name, target });
    assert.equal(answer.status, 200, answer.text);
  };
  for (let round = 0; round < 12; round++) {
    const words = [1, 2, 3, 4].map((n) => `第${round}轮${n}号桥`);
    const tickets = await Promise.all(words.map((word) => pushed(word)));
    await Promise.all(words.map(async (word, i) => {
      await store(word, other);
      const { version } = (await operator.get(`/api/v1/tickets/${tickets[i]}`)).body;
      const moved = await admin.post('/api/v1/rules/reroute', { ticket: tickets[i], version, unit: other });
      assert.equal(moved.status, 200, moved.text);
    }));
  }
});
