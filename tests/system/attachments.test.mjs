// Files from the door to the ticket: uploaded, stripped, sealed on the disk, named by a request and by a step, shown to whom the ticket is
// shown, refused with what would be right, swept when nothing names them, and never half there after a kill.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { download, photo, plainPhoto, upload } from './lib/photo.mjs';
import { axe, browse, leave, screen } from './lib/screen.mjs';
import { KEY, S3 } from './lib/s3.mjs';
import { eventually } from './lib/wait.mjs';

let system, operator, hotline, department, other;
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const send = (who, ...files) => upload(system.url, who, files);
const get = (who, at, headers) => download(system.url, who, at, headers);
const rows = () => Number(system.sql('SELECT count(*) FROM attachment')[0][0]);

function kept() {
  const found = [];
  const walk = (folder) => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const at = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(at);
      else found.push(at);
    }
  };
  walk(path.join(system.var, 'files'));
  return found;
}

before(async () => {
  system = await start('attachments');
  [operator, hotline] = [await system.account('operator'), system.token('hotline')];
  const lead = system.departmentOf('020305');
  department = await system.account(`department-${lead}`);
  other = await system.account(`department-${system.anotherDepartment(lead)}`);
});
after(() => system?.stop());

async function push(id, more) {
  const answer = await hotline.post('/api/v1/requests', { source: 'hotline-12345', external_id: id, matter: '020305', title: `路灯不亮 ${id}`,
    location: { lon: 123.76, lat: 41.33 }, ...more });
  if (answer.status >= 300) return answer;
  const ticket = await eventually('its ticket', async () => (await operator.get(`/api/v1/requests/${answer.body.number}`)).body.ticket?.number);
  return { ...answer, ticket };
}

test('a photo comes back upright, small as well, without what the phone wrote, which is offered', async () => {
  const sent = photo();
  const answer = await send(hotline, sent);
  assert.equal(answer.status, 201, answer.text);
  const [file] = answer.body.attachments;
  assert.equal(file.type, 'image/jpeg');
  assert.deepEqual([file.width, file.height], [64, 96]);
  assert.equal(file.received_sha256, sha256(sent));
  assert.equal(file.received_bytes, sent.length);
  assert.deepEqual(file.suggestion, { occurred_at: '2026-11-20T09:30:00+08:00', location: { lon: 123.75, lat: 41.5 } });
  const whole = await get(hotline, file.url);
  assert.equal(whole.status, 200);
  assert.equal(sha256(whole.bytes), file.sha256);
  assert.equal(whole.bytes.length, file.bytes);
  for (const word of ['Exif', 'SERIAL', '2026:11']) assert.ok(!whole.bytes.includes(word), word);
  assert.equal(whole.headers.get('content-type'), 'image/jpeg');
  assert.match(whole.headers.get('content-disposition'), /^inline; filename="[0-9a-f]{8}\.jpg"$/);
  assert.match(whole.headers.get('x-content-type-options'), /nosniff/);
  assert.match(whole.headers.get('content-security-policy'), /sandbox/);
  assert.equal((await get(hotline, file.url, { 'if-none-match': whole.headers.get('etag') })).status, 304);
  const small = await get(hotline, file.thumbnail_url);
  assert.equal(small.headers.get('content-type'), 'image/jpeg');
  assert.ok(small.bytes.length > 100 && !small.bytes.includes('Exif'));
  // on the disk nothing of it can be read
  const pieces = kept();
  assert.equal(pieces.length, 2, pieces.join('\n'));
  for (const piece of pieces) {
    const bytes = fs.readFileSync(piece);
    assert.ok(!bytes.includes(whole.bytes.subarray(20, 60)) && bytes[0] === 1);
    assert.equal(fs.statSync(piece).mode & 0o077, 0);
  }
});

describe('a file belongs to its request', () => {
  let file, pushed;
  before(async () => {
    [file] = (await send(hotline, photo())).body.attachments;
    pushed = await push('files-1', { attachments: [{ id: file.id }, { url: 'https://photos.invalid/1.jpg' }] });
    assert.equal(pushed.status, 201, pushed.text);
  });

  test('until then to nobody but who sent it', async () => {
    const [loose] = (await send(operator, plainPhoto)).body.attachments;
    assert.equal((await get(operator, loose.url)).status, 200);
    assert.equal((await get(hotline, loose.url)).status, 404);
    assert.equal((await get(department, loose.url)).status, 404);
  });

  test('and is shown with it to whom the ticket is shown', async () => {
    const detail = (await department.get(`/api/v1/tickets/${pushed.ticket}`)).body;
    const [shown, reference] = detail.requests[0].attachments;
    assert.deepEqual([shown.id, shown.sha256, shown.thumbnail_url], [file.id, file.sha256, file.thumbnail_url]);
    assert.deepEqual([reference.url, reference.reference.state, reference.id], ['https://photos.invalid/1.jpg', 'waiting', undefined]);
    assert.equal((await get(department, shown.url)).status, 200);
    assert.equal((await get(operator, shown.thumbnail_url)).status, 200);
    assert.equal((await get(hotline, shown.url)).status, 200);
    assert.equal((await get(other, shown.url)).status, 404, 'another department');
    assert.equal((await get(system.nobody(), shown.url)).status, 401);
    assert.equal((await get(await system.account('admin-system'), shown.url)).status, 403);
  });

  test('a repeat of the push is one; another request cannot have it', async () => {
    const again = await push('files-1', { attachments: [{ id: file.id }, { url: 'https://photos.invalid/1.jpg' }] });
    assert.equal(again.status, 200, again.text);
    const second = await push('files-2', { attachments: [{ id: file.id }] });
    assert.equal(second.status, 422);
    assert.equal(second.body.errors[0].pointer, '/attachments');
  });

  test('in a batch a line with a file that is not there harms no other', async () => {
    const [a] = (await send(hotline, photo())).body.attachments;
    const line = (id, attachments) => JSON.stringify({ source: 'hotline-12345', external_id: id, title: '井盖', attachments });
    const answer = await hotline.post('/api/v1/requests/batch', [line('files-b1', [{ id: a.id }]), line('files-b2', [{ id: 'f'.repeat(32) }]), line('files-b3', [])].join('\n'),
      { 'content-type': 'application/x-ndjson' });
    assert.deepEqual(answer.text.trim().split('\n').map((l) => JSON.parse(l).status), [201, 422, 201]);
    assert.equal(system.sql(`SELECT request <> 0 FROM attachment WHERE id = '${a.id}'`)[0][0], 't');
  });

  test('few or many at once, each request has its own', async () => {
    for (const count of [2, 3, 5]) {
      const files = await Promise.all(Array.from({ length: count }, async () => (await send(hotline, photo())).body.attachments[0].id));
      const lines = files.map((id, i) => JSON.stringify({ source: 'hotline-12345', external_id: `files-of-${count}-${i}`, title: '井盖', attachments: [{ id }] }));
      const answer = await hotline.post('/api/v1/requests/batch', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
      const numbers = answer.text.trim().split('\n').map((l) => JSON.parse(l).number);
      const found = await Promise.all(numbers.map(async (number) => (await operator.get(`/api/v1/requests/${number}`)).body.attachments.map((a) => a.id)));
      assert.deepEqual(found, files.map((id) => [id]), answer.text);
    }
  });

  test('of a confidential requester only to who has a part in it now, and audited', async () => {
    const [secret] = (await send(hotline, photo())).body.attachments;
    const { ticket } = await push('files-secret', { attachments: [{ id: secret.id }], requester: { phone: '19900001234', confidential: true } });
    const seen = (await operator.get(`/api/v1/tickets/${ticket}`)).body;
    assert.equal((await get(operator, secret.url)).status, 200);
    assert.equal((await get(department, secret.url)).status, seen.owner.code === `${system.departmentOf('020305')}` ? 200 : 403);
    const street = await system.account(system.accounts.accounts ? Object.keys(system.accounts.accounts).find((n) => n.startsWith('street-')) : '');
    assert.ok([403, 404].includes((await get(street, secret.url)).status));
    const auditor = await system.account('admin-audit');
    await eventually('it is audited', async () => (await auditor.get(`/api/v1/audit?object=${secret.id}`)).body.rows.some((r) => r.action === 'attachment' && r.outcome === 'done'));
  });
});

describe('a step of a ticket is proved by files', () => {
  let ticket, file;
  const act = (who, command, body) => who.post(`/api/v1/tickets/${ticket}/${command}`, body);
  before(async () => {
    ({ ticket } = await push('files-step'));
    [file] = (await send(department, photo())).body.attachments;
  });

  test('which stay with it, and stand in its history with their hash', async () => {
    assert.equal((await act(department, 'sign', {})).status, 200);
    const noted = await act(department, 'note', { note: '已到现场', attachments: [{ id: file.id }] });
    assert.equal(noted.status, 200, noted.text);
    const detail = (await operator.get(`/api/v1/tickets/${ticket}`)).body;
    assert.deepEqual(detail.attachments.map((f) => [f.id, f.sha256, f.thumbnail_url]), [[file.id, file.sha256, file.thumbnail_url]]);
    const { events } = (await operator.get(`/api/v1/tickets/${ticket}/history`)).body;
    assert.deepEqual(events.find((e) => e.event === 'noted').attachments, [{ id: file.id, sha256: file.sha256, url: file.url }]);
    assert.equal((await get(operator, file.url)).status, 200);
    assert.equal((await get(other, file.url)).status, 404);
  });

  test('and is between the units: a source sees only what it sent itself', async () => {
    assert.deepEqual((await hotline.get(`/api/v1/tickets/${ticket}`)).body.attachments, []);
    for (const at of [file.url, file.thumbnail_url]) assert.equal((await get(hotline, at)).status, 404);
    const [own] = (await send(hotline, photo())).body.attachments;
    const added = await hotline.post(`/api/v1/tickets/${ticket}/supplement`, { note: '又拍了一张', attachments: [{ id: own.id }] });
    assert.equal(added.status, 200, added.text);
    assert.deepEqual((await hotline.get(`/api/v1/tickets/${ticket}`)).body.attachments.map((f) => f.id), [own.id]);
    assert.equal((await get(hotline, own.url)).status, 200);
    assert.equal((await get(department, own.url)).status, 200);
  });

  test('and nobody else\'s; what a refused step named is free again', async () => {
    const [mine] = (await send(department, photo())).body.attachments;
    assert.equal((await act(operator, 'note', { note: '不是我的', attachments: [{ id: mine.id }] })).status, 422);
    assert.equal((await act(department, 'arrive', { attachments: [{ id: mine.id }] })).status >= 400, true);
    await eventually('it is free', () => system.sql(`SELECT ticket FROM attachment WHERE id = '${mine.id}'`)[0][0] === '0');
    for (const [status, wrong] of [[400, 'x'], [400, [mine.id]], [400, [{ id: mine.id, url: 'x' }]], [422, Array.from({ length: 7 }, () => ({ id: mine.id }))]])
      assert.equal((await act(department, 'note', { note: '错', attachments: wrong })).status, status);
    assert.equal((await act(department, 'finish', { answer: '路灯已更换。', attachments: [{ id: mine.id }, { id: file.id }] })).status, 200);
    assert.equal((await operator.get(`/api/v1/tickets/${ticket}`)).body.attachments.length, 3);
  });
});

test('the ticket page shows them small, and large when one is opened', { timeout: 120_000 }, async () => {
  const ids = [(await send(hotline, photo())).body.attachments[0].id, (await send(hotline, plainPhoto)).body.attachments[0].id];
  const { ticket } = await push('files-page', { attachments: ids.map((id) => ({ id })) });
  const browser = await browse();
  try {
    const seen = await screen(browser, system.url, system.accounts.accounts.operator, `/ticket/${ticket}`, '[data-test=thumbnail] img');
    const { page } = seen;
    await page.waitForFunction(() => [...document.querySelectorAll('[data-test=thumbnail] img')].filter((i) => i.naturalWidth > 0).length === 2);
    await page.click('[data-test=thumbnail]');
    await page.waitForFunction(() => document.querySelector('dialog[open] [data-test=photo]')?.naturalHeight === 96);
    await axe(page, 'the viewer');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.querySelector('dialog[open] [data-test=photo]')?.naturalHeight === 64);
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => !document.querySelector('dialog[open]'));
    if (!(await page.isVisible('.action-bar [data-command=note]'))) await page.click('.action-bar .others summary');
    await page.click('.action-bar [data-command=note]');
    await page.setInputFiles('#act-attachments', { name: 'proof.jpg', mimeType: 'image/jpeg', buffer: photo() });
    await page.waitForFunction(() => document.querySelector('.file-input img')?.naturalWidth > 0);
    await axe(page, 'the form with a photo');
    await page.fill('#act-note', '附上照片');
    await page.click('.action-form [type=submit]');
    await page.waitForSelector('[data-test=proofs] img');
    await leave(seen);
  } finally {
    await browser.close();
  }
});

test('the command line puts, gets and lists', async () => {
  const at = path.join(system.folder, 'photo.jpg');
  fs.writeFileSync(at, photo());
  fs.chmodSync(at, 0o644);
  const put = system.paidan(['attachment', 'put', at, '--json'], 'operator');
  assert.equal(put.code, 0, put.err);
  const [file] = JSON.parse(put.out).attachments;
  assert.equal(file.type, 'image/jpeg');
  assert.match(system.paidan(['attachment', 'put', at, '--lang', 'en'], 'operator').out, /^[0-9a-f]{32} {2}image\/jpeg {2}\d+ bytes {2}2026-11-20 09:30 123\.750000,41\.500000$/m);
  const { ticket } = await push('files-cli', { attachments: [{ id: (await send(hotline, photo())).body.attachments[0].id }] });
  assert.match(system.paidan(['attachment', 'list', ticket], 'operator').out, /^R\d{17} +[0-9a-f]{32} +image\/jpeg/m);
  assert.equal(system.paidan(['attachment', 'get', 'f'.repeat(32)], 'operator').code, 1);
});

test('a resident sends a photo without an account, and nobody sees it before it is named', async () => {
  const answer = await upload(system.url, system.nobody(), [photo()], 'file', '/api/v1/public/attachments');
  assert.equal(answer.status, 201, answer.text);
  const [file] = answer.body.attachments;
  assert.equal(file.suggestion.occurred_at, '2026-11-20T09:30:00+08:00');
  for (const who of [operator, hotline]) assert.equal((await get(who, file.url)).status, 404);
  const pushed = await system.nobody().post('/api/v1/public/requests', { external_id: crypto.randomUUID(), title: '路灯不亮', matter: '020305',
    location: { lon: 123.76, lat: 41.33 }, requester: { phone: '13800001234' }, attachments: [{ id: file.id }] });
  assert.equal(pushed.status, 201, pushed.text);
  await eventually('the centre sees it', async () => (await get(operator, file.url)).status === 200);
});

describe('what is not taken is refused with what would be right', () => {
  const refused = async (status, pattern, ...files) => {
    const before = rows();
    const answer = await send(hotline, ...files);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.text, pattern);
    assert.equal(rows(), before);
    return answer;
  };
  test('by type', () => refused(415, /text\/html.*image\/jpeg, image\/png, image\/webp, application\/pdf/, Buffer.from('<html><script>alert(1)</script></html>')));
  test('by form: one bad file takes none of the others', () => refused(422, /"\/file\/1"/, photo(), photo().subarray(0, 700)));
  test('by size', () => refused(413, /20971520/, Buffer.concat([plainPhoto, Buffer.alloc(20 * 1024 * 1024)])));
  test('by number', () => refused(413, /"\/file\/10"/, ...Array.from({ length: 11 }, () => plainPhoto)));
  test('nothing, and under another name', async () => {
    await refused(422, /"\/file\/0"/, Buffer.alloc(0));
    const answer = await upload(system.url, hotline, [plainPhoto], 'photo');
    assert.equal(answer.status, 400, answer.text);
    const json = await hotline.post('/api/v1/attachments', { file: 1 });
    assert.equal(json.status, 415);
    const cut = await fetch(`${system.url}/api/v1/attachments`, { method: 'POST', headers: { ...hotline.headers('POST'), 'content-type': 'multipart/form-data; boundary=cut' }, body: '--cut\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc' });
    assert.equal(cut.status, 400, await cut.text());
  });
  test('from nobody, and from who handles nothing', async () => {
    assert.equal((await send(system.nobody(), plainPhoto)).status, 401);
    assert.equal((await send(await system.account('admin-system'), plainPhoto)).status, 403);
    assert.equal((await send(system.token('readonly'), plainPhoto)).status, 403);
  });
});

test('uploads beyond the limit are told to come again, and pushes go on meanwhile', async () => {
  const big = Buffer.concat([plainPhoto, Buffer.alloc(4 * 1024 * 1024)]);
  const answers = Promise.all(Array.from({ length: 14 }, () => send(operator, big)));
  assert.equal((await push('files-meanwhile', {})).status, 201);
  for (const answer of await answers) {
    assert.ok([201, 503].includes(answer.status), answer.text);
    if (answer.status === 503) assert.ok(answer.headers.get('retry-after'));
  }
});

// Half a body, and then the service dies.
test('a kill in the middle of an upload leaves nothing of it', async () => {
  const before = [rows(), kept().length];
  const socket = fs.realpathSync(path.join(system.var, 'run/http/console.sock'));
  const body = Buffer.concat([Buffer.from('--cut\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'), photo(), Buffer.alloc(1024 * 1024)]);
  const request = http.request({ socketPath: socket, path: '/api/v1/attachments', method: 'POST',
    headers: { ...hotline.headers('POST'), host: 'localhost', 'content-type': 'multipart/form-data; boundary=cut', 'content-length': body.length + 1000 } });
  const ended = new Promise((resolve) => request.on('error', resolve).on('response', resolve));
  request.write(body);
  await eventually('it is under way', async () => /paidan_console_attachment_uploads [1-9]/.test(await (await fetch(`${system.url}/metrics/console`)).text()));
  const died = system.kill('console');
  await ended;
  await eventually('it is back', () => system.isReady('console') && system.pid('console') !== died);
  assert.deepEqual([rows(), kept().length], before);
});

test('what nothing names after a day is swept; what a request names stays', async () => {
  const named = Number(system.sql('SELECT count(*) FROM attachment WHERE request <> 0 OR ticket <> 0')[0][0]);
  const files = Number(system.sql('SELECT sum(1 + thumbnail::int) FROM attachment WHERE request <> 0 OR ticket <> 0')[0][0]);
  assert.ok(rows() > named);
  system.advanceClock(25 * 3600 * 1000);
  await eventually('they are gone', () => rows() === named, 40);
  assert.equal(kept().length, files);
});

describe('in an S3-compatible store', () => {
  let s3;
  before(async () => {
    s3 = await new S3().start();
    const secret = path.join(system.var, 'secret/s3');
    fs.writeFileSync(secret, `${KEY.secretAccessKey}\n`);
    fs.chownSync(secret, fs.statSync(system.var).uid, fs.statSync(system.var).gid);
    fs.mkdirSync(path.join(system.var, 'override'), { recursive: true });
    fs.writeFileSync(path.join(system.var, 'override/console.conf'), [`attachments_s3 = "${s3.url}"`, 'attachments_s3_region = "cn-north-1"',
      `attachments_s3_key = "${KEY.accessKeyId}"`, `attachments_s3_secret_file = "${secret}"`, ''].join('\n'));
    const up = system.ctl('up');
    assert.equal(up.code, 0, up.err + up.out);
  });
  after(() => s3?.stop());

  test('files go there, signed and sealed, come back whole, and go when they are swept', async () => {
    const inFolder = kept().length;
    s3.failures = 1; // tried again
    const sent = await send(hotline, photo());
    assert.equal(sent.status, 201, sent.text);
    const [file] = sent.body.attachments;
    assert.equal(s3.failures, 0);
    assert.equal(s3.unsigned, 0);
    assert.equal(kept().length, inFolder, 'nothing of it in the folder');
    assert.equal(sha256((await get(hotline, file.url)).bytes), file.sha256);
    assert.equal((await get(hotline, file.thumbnail_url)).status, 200);
    const objects = fs.readdirSync(path.join(s3.folder, 'paidan', file.id.slice(0, 2), file.id.slice(2, 4)));
    assert.ok(objects.some((name) => name.includes(file.id)), objects.join());
    for (const name of objects) assert.ok(!fs.readFileSync(path.join(s3.folder, 'paidan', file.id.slice(0, 2), file.id.slice(2, 4), name)).includes('JFIF'));
    system.advanceClock(25 * 3600 * 1000);
    await eventually('it is swept', () => system.sql(`SELECT count(*) FROM attachment WHERE id = '${file.id}'`)[0][0] === '0', 40);
    const left = path.join(s3.folder, 'paidan', file.id.slice(0, 2), file.id.slice(2, 4));
    assert.ok(!fs.existsSync(left) || !fs.readdirSync(left).some((name) => name.includes(file.id)));
  });

  test('a store that is away is told as such, and is tried again by the next', async () => {
    s3.failures = 100;
    const answer = await send(hotline, photo());
    assert.equal(answer.status, 503, answer.text);
    assert.ok(answer.headers.get('retry-after'));
    s3.failures = 0;
    assert.equal((await send(hotline, photo())).status, 201);
  });
});
