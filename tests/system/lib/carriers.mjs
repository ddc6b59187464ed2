// What carries letters, as the outside would be: SMS gateways in the shapes of Aliyun's and Tencent's SendSms and a DingTalk robot, which
// check signatures by their own published rules, written here anew; and a real mail server (npm's smtp-server) with STARTTLS and login.
import crypto from 'node:crypto';
import http from 'node:http';
import { SMTPServer } from 'smtp-server';

const hmac = (key, text, as) => crypto.createHmac('sha256', key).update(text).digest(as);
const sha = (text) => crypto.createHash('sha256').update(text).digest('hex');

function canonical(request, body, signed) {
  const lines = signed.split(';').map((name) => `${name}:${request.headers[name].trim()}\n`).join('');
  return ['POST', new URL(request.url, 'http://x').pathname, '', lines, signed, sha(body)].join('\n');
}

// ACS3-HMAC-SHA256, as Aliyun documents it. What is wrong, or null.
function wrongAcs3(request, body, secret) {
  const [, signed, signature] = /^ACS3-HMAC-SHA256 Credential=[^,]+,SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$/.exec(request.headers.authorization) ?? [];
  if (!signed) return 'no ACS3 authorization';
  const missing = Object.keys(request.headers).filter((name) => name.startsWith('x-acs-') && !signed.split(';').includes(name));
  if (missing.length || !signed.includes('host')) return `not signed: ${missing}`;
  if (request.headers['x-acs-content-sha256'] !== sha(body)) return 'another body';
  return hmac(secret, `ACS3-HMAC-SHA256\n${sha(canonical(request, body, signed))}`, 'hex') === signature ? null : 'wrong signature';
}

// TC3-HMAC-SHA256, as Tencent Cloud documents it.
function wrongTc3(request, body, secret) {
  const [, scope, signed, signature] = /^TC3-HMAC-SHA256 Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(request.headers.authorization) ?? [];
  const seconds = request.headers['x-tc-timestamp'];
  if (!signed) return 'no TC3 authorization';
  const [date, service] = scope.split('/');
  if (date !== new Date(seconds * 1000).toISOString().slice(0, 10) || service !== 'sms') return `scope ${scope}`;
  const key = hmac(hmac(hmac(`TC3${secret}`, date), service), 'tc3_request');
  const text = `TC3-HMAC-SHA256\n${seconds}\n${scope}\n${sha(canonical(request, body, signed))}`;
  return hmac(key, text, 'hex') === signature ? null : 'wrong signature';
}

function wrongDingtalk(request, body, secret) {
  const query = new URL(request.url, 'http://x').searchParams;
  const time = query.get('timestamp');
  return hmac(secret, `${time}\n${secret}`, 'base64') === query.get('sign') ? null : 'wrong signature';
}

const SHAPES = {
  aliyun: { wrong: wrongAcs3, read: (body) => Object.fromEntries(new URLSearchParams(body.toString())), taken: (n) => ({ Code: 'OK', Message: 'OK', BizId: `biz^${n}` }), refused: { Code: 'isv.MOBILE_NUMBER_ILLEGAL' } },
  tencent: { wrong: wrongTc3, read: (body) => JSON.parse(body), taken: (n) => ({ Response: { SendStatusSet: [{ Code: 'Ok', SerialNo: `sn:${n}` }] } }), refused: { Response: { Error: { Code: 'AuthFailure' } } } },
  dingtalk: { wrong: wrongDingtalk, read: (body) => JSON.parse(body), taken: () => ({ errcode: 0, errmsg: 'ok' }), refused: { errcode: 310000 } },
};

/** letters: what was taken, in order; mode: 'take', 'refuse', 'fail' (500), 'hang'. */
export async function httpCarrier(shape, secret) {
  const { wrong, read, taken, refused } = SHAPES[shape];
  const carrier = { mode: 'take', letters: [], asked: [], wrong: [] };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const why = wrong(request, body, secret);
      const letter = { ...read(body), url: request.url };
      if (why) carrier.wrong.push(why);
      carrier.asked.push(letter);
      if (carrier.mode === 'hang') return;
      const say = (status, answer) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      if (carrier.mode === 'fail') say(500, {});
      else if (why || carrier.mode === 'refuse') say(200, refused);
      else say(200, taken(carrier.letters.push(letter)));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  carrier.url = `http://127.0.0.1:${server.address().port}/`;
  carrier.close = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return carrier;
}

const decoded = (text) => text.replace(/\r\n /g, '').replace(/=\?UTF-8\?B\?([^?]*)\?= ?/g, (_, word) => Buffer.from(word, 'base64').toString('utf8'));

/** mails: { from, to, subject, text, id, secure, user } */
export async function mailServer({ key, cert, user, password }) {
  const server = { mails: [], refuse: false };
  const smtp = new SMTPServer({
    key, cert, logger: false, disableReverseLookup: true, authMethods: ['PLAIN', 'LOGIN'],
    onAuth: (auth, session, done) => (auth.username === user && auth.password === password ? done(null, { user }) : done(new Error('no such login'))),
    onRcptTo: (address, session, done) => done(server.refuse ? Object.assign(new Error('no such mailbox'), { responseCode: 550 }) : null),
    onData: (stream, session, done) => {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        const [head, body] = Buffer.concat(chunks).toString('utf8').split(/\r\n\r\n/);
        server.mails.push({ head, from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map((one) => one.address), secure: session.secure, user: session.user,
          subject: decoded(/^Subject: ((?:.|\r\n )*)$/m.exec(head)[1]), id: /^Message-ID: (.*)$/m.exec(head)[1].trim(), text: Buffer.from(body, 'base64').toString('utf8') });
        done();
      });
    },
  });
  smtp.on('error', () => {}); // a client that went away
  await new Promise((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  server.port = smtp.server.address().port;
  server.close = () => new Promise((resolve) => smtp.close(resolve));
  return server;
}
