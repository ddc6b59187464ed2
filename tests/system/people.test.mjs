// What goes out to people, by gateways in real gateways' shapes (signatures checked) and a real mail server: quiet hours and digests by the
// test clock, a way that fails and the next one, receipts, a service killed in the middle, dead letters on the one desk.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { selfSigned } from '../hotline/certificate.mjs';
import { start } from './harness.mjs';
import { httpCarrier, mailServer } from './lib/carriers.mjs';
import { eventually } from './lib/wait.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const MINUTE = 60_000;
const PHONE = '13800001234';
const CONFIG = (folder) => `retry_first = 30ms\nretry_max = 60ms\ntimeout = 8s\nper_endpoint = 32\nletter_attempts = 2\ndigest = 5m\nca_file = "${folder}/ca.pem"\n`;
const example = (name) => JSON.parse(fs.readFileSync(path.join(root, `docs/examples/carriers/${name}.json`), 'utf8'));
let system, hotline, lead, aliyun, tencent, dingtalk, mail, secrets = {};

const by = (login) => system.account(login);
const now = () => Date.now() + system.clockOffset();
// Sessions end by the clock that is moved.
const moveTo = (at) => { system.advanceClock(Math.max(0, at - now())); system.sessions.clear(); };
const letters = async (query = '') => (await (await by('admin-system')).get(`/api/v1/admin/letters${query}`)).body.letters;
const letter = async (id) => (await (await by('admin-system')).get(`/api/v1/admin/letters/${id}`)).body;
const setWays = async (whose, ways) => {
  const answer = await (await by('admin-security')).post('/api/v1/admin/ways', { ...whose, ways });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.ways;
};
const receipt = (carrier, body, secret = secrets[carrier]) => system.nobody().post(`/api/v1/receipts/${carrier}?secret=${secret}`, body);

async function addCarrier(name, settings, secret) {
  const made = await (await by('admin-system')).post('/api/v1/admin/carriers', { name, settings, secret });
  assert.equal(made.status, 200, made.text);
  secrets[name] = made.body.receipts_secret;
}

before(async () => {
  system = await start('people');
  const folder = path.join(system.var, 'override');
  const { key, cert } = selfSigned('localhost');
  fs.mkdirSync(folder, { recursive: true });
  fs.chmodSync(folder, 0o755);
  fs.writeFileSync(path.join(folder, 'ca.pem'), cert, { mode: 0o644 });
  fs.writeFileSync(path.join(folder, 'notification.conf'), CONFIG(folder), { mode: 0o644 });
  const up = system.ctl('up');
  assert.equal(up.code, 0, up.out + up.err);
  hotline = system.token('hotline');
  lead = system.departmentOf('020305');
  [aliyun, tencent, dingtalk] = [await httpCarrier('aliyun', 'aliyun-secret'), await httpCarrier('tencent', 'tencent-secret'), await httpCarrier('dingtalk', 'SECret')];
  mail = await mailServer({ key, cert, user: 'paidan', password: 'mail password' });
  await system.approveLoopback(await by('admin-security'));
  await addCarrier('aliyun', { ...example('aliyun-sms'), url: aliyun.url }, 'aliyun-secret');
  await addCarrier('tencent', { ...example('tencent-sms'), url: tencent.url }, 'tencent-secret');
  await addCarrier('dingtalk', { ...example('dingtalk-robot'), url: `${dingtalk.url}robot/send?access_token={address}` }, 'SECret');
  await addCarrier('mail', { kind: 'mail', url: `smtp://localhost:${mail.port}`, from: 'paidan@example.org', user: 'paidan' }, 'mail password');
});
after(async () => {
  await Promise.all([aliyun, tencent, dingtalk, mail].map((one) => one?.close()));
  await system?.stop();
});

async function offered(title) {
  const pushed = await hotline.post('/api/v1/requests', { source: 'hotline-12345', external_id: `people-${title}`, matter: '020305', title, requester: { phone: '13900009999' } });
  assert.equal(pushed.status, 201, pushed.text);
  const followed = await eventually('the ticket', async () => (await hotline.get(`/api/v1/requests/${pushed.body.number}`)).body.ticket);
  const number = followed.number ?? followed;
  const queue = (await (await by('operator')).get(`/api/v1/queues/${lead}?limit=200`)).body;
  const row = queue.tickets.find((one) => one.number === number);
  return { number, yellow: Date.parse(row.yellow_at), due: Date.parse(row.due) };
}
// The letter to the lead's desk that tells of the ticket, perhaps with notices of others.
const letterOf = (ticket) => eventually('its letter', () =>
  system.sql(`SELECT letter FROM notice WHERE ticket = ${ticket.slice(1)} AND letter > 0 AND person = 0 AND unit = (SELECT id FROM unit WHERE code = '${lead}') ORDER BY id`)[0]?.[0]);
const notices = (ticket, where = 'true') => system.sql(`SELECT rung FROM notice WHERE ticket = ${ticket.slice(1)} AND ${where}`).length;

test('people set their own ways; numbers are sealed and come back masked', async () => {
  const me = await by(`department-${lead}`);
  const set = await me.post('/api/v1/ways', { ways: [{ carrier: 'aliyun', address: PHONE }, { carrier: 'mail', address: 'somebody@example.org', language: 'en' }] });
  assert.deepEqual(set.body.ways.map((way) => [way.kind.code, way.address, way.language]), [['sms', '138****1234', 'zh'], ['mail', 's***@example.org', 'en']]);
  const [phone, box] = set.body.ways;
  const turned = await me.post('/api/v1/ways', { ways: [{ id: box.id }, { id: phone.id, language: 'en' }] });
  assert.deepEqual(turned.body.ways.map((way) => [way.id, way.language]), [[box.id, 'en'], [phone.id, 'en']]);
  const wrong = await me.post('/api/v1/ways', { ways: [{ carrier: 'mail', address: 'a@b\r\nBcc: c@d' }, { carrier: 'fax', address: '1' }, { id: '999' }] });
  assert.deepEqual([wrong.status, ...wrong.body.errors.map((error) => error.pointer)], [422, '/ways/0/address', '/ways/1/carrier', '/ways/2/id']);
  assert.equal((await me.post('/api/v1/ways', { ways: [] })).body.ways.length, 0);
  assert.equal((await me.get(`/api/v1/admin/ways?unit=${lead}`)).status, 403);
  await setWays({ unit: lead }, [{ carrier: 'aliyun', address: PHONE }, { carrier: 'mail', address: 'desk@example.org', language: 'en' }]);
  assert.equal(system.sql(`SELECT count(*) FROM way WHERE position('${PHONE}'::bytea IN address_sealed) > 0`)[0][0], '0');
});

test('quiet hours hold what is ordinary, not the rungs; then it goes as one digest, and by the next way when it does not arrive', async () => {
  const ticket = await offered('夜里的路灯');
  const quiet = (at) => new Date(at + 8 * 60 * MINUTE).toISOString().slice(11, 16);
  const until = Math.floor(ticket.due / MINUTE) * MINUTE + 20 * MINUTE;
  system.sql(`UPDATE unit SET quiet = '${quiet(ticket.yellow - 10 * MINUTE)}-${quiet(until)}' WHERE code = '${lead}'; UPDATE world SET version = version + 1`);
  const made = await (await by('admin-security')).post('/api/v1/admin/users', { user: 'people-quiet', role: 'department', unit: lead, password: false }); // everybody reads units anew
  assert.equal(made.status, 201, made.text);
  await eventually('the hours are known', async () => (await (await by('operator')).get('/api/v1/status')).body.world === Number(system.sql('SELECT version FROM world')[0][0]));
  moveTo(ticket.yellow + 1);
  await eventually('the urge', () => notices(ticket.number) === 1);
  moveTo(ticket.due + 1);
  await eventually('the warning', () => notices(ticket.number, `unit = (SELECT id FROM unit WHERE code = '${lead}') AND person = 0`) === 2);
  assert.equal(notices(ticket.number, `not_before = ${until} AND letter = 0 AND person = 0`), 2, 'both wait for the end of the quiet hours');
  assert.equal(aliyun.asked.length, 0);
  moveTo(until + 1);
  const sent = await eventually('the digest', () => aliyun.letters[0]);
  assert.deepEqual(aliyun.wrong, []);
  assert.equal(sent.PhoneNumbers, PHONE);
  assert.equal(sent.TemplateCode, 'SMS_154950910', 'the code of the digest');
  assert.equal(JSON.parse(sent.TemplateParam).count, '2');
  assert.match(sent.OutId, /^L\d+-\d+$/);
  const { id } = await eventually('it is sent', async () => (await letters('?state=sent'))[0]);
  assert.equal((await receipt('aliyun', [{ out_id: sent.OutId, success: false }], 'wrong')).status, 404);
  assert.equal((await receipt('tencent', [{ sid: 'biz^1', report_status: 'FAIL' }])).status, 200, 'another carrier speaks of its own alone');
  const taken = await receipt('aliyun', [{ phone_number: PHONE, success: false, err_code: 'MK:0001', out_id: sent.OutId, biz_id: 'biz^1' }]);
  assert.deepEqual([taken.status, taken.body], [200, { code: 0, msg: '接收成功' }]);
  const came = await eventually('the mail', () => mail.mails[0]);
  assert.deepEqual([came.to, came.from, came.secure, came.user], [['desk@example.org'], 'paidan@example.org', true, 'paidan']);
  assert.equal(came.subject, '2 notices');
  assert.match(came.text, new RegExp(`^2 notices:\nurge ${ticket.number} .*sign limit.*\nwarning ${ticket.number} `));
  assert.doesNotMatch(came.head + came.text, /路灯|1390000/, 'nothing of what was asked, or by whom');
  assert.match(came.id, new RegExp(`^<L${id}-\\d+@example\\.org>$`));
  const told = await eventually('it is told', async () => { const one = await letter(id); return one.state.code === 'taken' && one; });
  assert.deepEqual(told.log.map((one) => [one.carrier, one.event]), [['aliyun', 'taken'], ['aliyun', 'undelivered'], ['mail', 'taken']]);
  assert.deepEqual([told.notices, told.tickets, told.desk.code], [2, [ticket.number, ticket.number], lead]);
});

test('what cannot wait goes at once, alone; without a receipt in time the next way; a late receipt still counts', async () => {
  const asked = aliyun.letters.length;
  const ticket = await offered('红牌');
  system.sql(`UPDATE unit SET quiet = '-' WHERE code = '${lead}'; UPDATE world SET version = version + 1`);
  await setWays({ unit: system.units.find((unit) => unit.kind === 'center').code }, [{ carrier: 'tencent', address: '+8613800005678', language: 'en' }]);
  await setWays({ unit: system.units.find((unit) => unit.kind === 'district').code }, [{ carrier: 'dingtalk', address: 'group/key', language: 'zh' }]);
  moveTo(ticket.due + 6 * 24 * 60 * MINUTE);
  await eventually('the red card', () => notices(ticket.number, 'rung = 4 AND NOT reminder AND alone') > 0);
  const mine = (one) => JSON.parse(one.TemplateParam).ticket === ticket.number && JSON.parse(one.TemplateParam).what === '红牌';
  const red = await eventually('its letter, without any waiting', () => aliyun.letters.slice(asked).find(mine));
  assert.equal(red.TemplateCode, 'SMS_154950909', 'alone');
  assert.equal(mail.mails.filter((one) => one.subject.startsWith('red card')).length, 0);
  const id = /^L(\d+)-/.exec(red.OutId)[1];
  await eventually('it waits for its receipt', async () => (await letter(id)).state.code === 'sent');
  moveTo(now() + 11 * MINUTE);
  await eventually('the mail instead', () => mail.mails.some((one) => one.subject === `red card: ${ticket.number}`));
  await eventually('it was taken', async () => (await letter(id)).state.code === 'taken');
  assert.equal((await receipt('aliyun', [{ success: true, out_id: red.OutId }])).status, 200);
  await eventually('it arrived after all', async () => (await letter(id)).state.code === 'delivered');

  const byTencent = await eventually('the centre hears by another gateway', () => tencent.letters.find((one) => one.TemplateParamSet[1] === ticket.number || one.TemplateId === '1111'));
  assert.deepEqual(byTencent.PhoneNumberSet, ['+8613800005678']);
  const serial = `sn:${tencent.letters.indexOf(byTencent) + 1}`;
  assert.deepEqual((await receipt('tencent', [{ sid: serial, report_status: 'SUCCESS', errmsg: 'DELIVRD' }])).body, { result: 0, errmsg: 'OK' });
  await eventually('by its own number', async () => (await letter(/^L(\d+)-/.exec(byTencent.SessionContext)[1])).state.code === 'delivered');
  const byRobot = await eventually('the district hears by its group', () => dingtalk.letters.find((one) => one.text.content.includes(ticket.number)));
  assert.match(byRobot.url, /access_token=group%2Fkey&timestamp=\d+&sign=/);
  assert.match(byRobot.text.content, /红牌/);
  assert.deepEqual([aliyun, tencent, dingtalk].flatMap((one) => one.wrong), []);
});

test('a mail server that knows no such mailbox, one that refuses the login: the next way', async () => {
  await addCarrier('stranger', { kind: 'mail', url: `smtp://localhost:${mail.port}`, from: 'paidan@example.org', user: 'paidan' }, 'another password');
  await setWays({ unit: lead }, [{ carrier: 'mail', address: 'nobody@example.org' }, { carrier: 'stranger', address: 'desk@example.org' }, { carrier: 'aliyun', address: PHONE }]);
  mail.refuse = true;
  const ticket = await offered('换个方式');
  moveTo(ticket.yellow + 1);
  await eventually('the urge', () => notices(ticket.number) === 1);
  moveTo(ticket.due + 30 * MINUTE); // whatever hours are quiet, they are over
  const id = await letterOf(ticket.number);
  await eventually('the last way', () => aliyun.letters.some((one) => one.OutId.startsWith(`L${id}-`)));
  const told = await eventually('it is told', async () => { const one = await letter(id); return one.state.code === 'sent' && one; });
  assert.deepEqual(told.log.map((one) => [one.carrier, one.event, one.status]),
    [['mail', 'refused', 550], ['stranger', 'failed', 535], ['stranger', 'failed', 535], ['aliyun', 'taken', 200]]);
  mail.refuse = false;
});

test('killed while a gateway thinks: it goes again, under the same id; what nobody takes is a dead letter, and is sent again from the desk', async () => {
  aliyun.mode = 'hang';
  const before = aliyun.asked.length;
  await setWays({ unit: lead }, [{ carrier: 'aliyun', address: PHONE }]);
  const ticket = await offered('又一件');
  moveTo(ticket.yellow + 1);
  await eventually('the urge', () => notices(ticket.number) === 1);
  moveTo(ticket.due + 30 * MINUTE); // whatever hours are quiet, they are over
  const id = await letterOf(ticket.number);
  const first = await eventually('it is asked', () => aliyun.asked.slice(before).find((one) => one.OutId.startsWith(`L${id}-`)));
  system.kill('notification');
  aliyun.mode = 'refuse';
  await eventually('asked again, under the same id', () => aliyun.asked.filter((one) => one.OutId === first.OutId).length >= 2);
  const admin = await by('admin-system');
  const dead = await eventually('a dead letter', async () => (await admin.get('/api/v1/admin/deadletters?limit=200')).body.deadletters.find((one) => one.id === id));
  assert.deepEqual([dead.endpoint, dead.carrier, dead.desk.code, dead.event], ['', 'aliyun', lead, 'rung']);
  aliyun.mode = 'take';
  assert.equal((await admin.post(`/api/v1/admin/deadletters/${dead.id}/replay`)).status, 204);
  await eventually('it is taken', () => aliyun.letters.some((one) => one.OutId === first.OutId));
  assert.equal((await receipt('aliyun', [{ success: true, out_id: first.OutId }])).status, 200);
  await eventually('and arrives', async () => (await letter(dead.id)).state.code === 'delivered');
  assert.equal(new Set(system.sql('SELECT notice FROM letter').map(([notice]) => notice)).size, system.sql('SELECT 1 FROM letter').length);
  await eventually('nothing is left behind', () => system.sql(`SELECT 1 FROM notice WHERE letter = 0 AND tell_at BETWEEN 1 AND ${now() - MINUTE}`).length === 0);
});

test('docs/people.md: every command of it', () => {
  const unit = system.anotherDepartment(lead);
  const file = path.join(system.var, 'override', 'secret.txt');
  fs.writeFileSync(file, 'secret\n', { mode: 0o644 });
  const words = { water: unit, 'department-water': `department-${unit}`, 'secret.txt': file, 'password.txt': file, 42: system.sql('SELECT min(id) FROM letter')[0][0] };
  const page = fs.readFileSync(path.join(root, 'docs/people.md'), 'utf8');
  const commands = [...page.matchAll(/```sh\n([^`]+)```/g)].flatMap(([, block]) => block.trim().split('\n'));
  assert.ok(commands.length >= 13);
  for (const command of commands) {
    const [program, ...args] = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? words[bare] ?? bare);
    assert.equal(program, 'paidan');
    const done = system.paidan(args.map((arg) => (arg.startsWith('docs/') ? path.join(root, arg) : arg)));
    assert.equal(done.code, 0, `${command}\n${done.out}${done.err}`);
    if (args[1] === 'preview' && args[2] === 'notice') assert.match(done.out, /\[zh\] 红牌：T[\s\S]*工单 T[\s\S]*\[en\] red card: T[\s\S]*ticket T/);
    if (args.includes('--carrier')) assert.match(done.out, /^POST https:\/\/dysmsapi[\s\S]*TemplateCode=SMS_154950910/m);
  }
});
