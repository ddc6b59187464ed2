// The hotline's receiving side: takes webhooks, and fails half the time in every way an endpoint can: does not answer at each stage,
// never stops answering, refuses, redirects, hangs up, also after it took the event. What it took it keeps once, by id, in the order
// of arrival. Beside it the endpoints that prove themselves and never
// answer again: one that is gone, one that hangs; and one with a certificate nobody signed, which cannot even prove itself.
import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

import { selfSigned } from './certificate.mjs';

const TOLERANCE_S = 5 * 60;

const WAYS = {
  'no answer': () => {},
  'half a head': (request) => request.socket.write('HTTP/1.1 200 O'),
  'no body': (request, response) => response.writeHead(200, { 'content-length': 100 }).flushHeaders(),
  'half a body': (request, response) => response.writeHead(200, { 'content-length': 100 }).write('half'),
  'endless body': (request, response) => {
    response.writeHead(200);
    const more = () => { while (!response.destroyed && response.write(Buffer.alloc(65536))); };
    response.on('drain', more);
    more();
  },
  'hangs up': (request) => request.socket.destroy(),
  500: (request, response) => response.writeHead(500).end('oops'),
  503: (request, response) => response.writeHead(503, { 'retry-after': '2' }).end(),
  429: (request, response) => response.writeHead(429, { 'retry-after': '1' }).end(),
  302: (request, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  'not HTTP': (request) => request.socket.end('+OK POP3 server ready\r\n'),
};

// fails: how often at most for one event; fewer than notification tries.
export async function receiver({ random, faults, now, fails: most }) {
  const r = {
    secret: null,
    events: [], // in order of arrival, repeats left out
    byId: new Map(),
    gone: new Set(), // ids answered 410
    counts: {},
    failed: 0,
    calls: 0,
    repeats: 0,
    failing: true,
  };
  const fails = new Map(), open = new Set();
  const count = (way) => (r.counts[way] = (r.counts[way] ?? 0) + 1);

  function take(headers, body) {
    const id = headers['webhook-id'];
    if (r.byId.has(id)) {
      r.repeats++;
      if (r.byId.get(id).text !== body.toString('utf8')) faults.push(`${id} came again with another body`);
      return;
    }
    const event = JSON.parse(body.toString('utf8'));
    if (event.id !== id) faults.push(`${id} holds ${event.id}`);
    r.byId.set(id, { event, text: body.toString('utf8') });
    r.events.push(event);
  }

  // Whoever proves to be there is believed until it falls silent.
  function proves(response, body) {
    const { type, data } = JSON.parse(body.toString('utf8'));
    if (type !== 'paidan.endpoint.challenge') return false;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ challenge: data.challenge }));
    return true;
  }

  function answer(request, response, body) {
    if (proves(response, body)) return;
    r.calls++;
    if (request.url !== '/events') faults.push(`${request.url} was asked for, by a redirect`);
    const why = wrong(r.secret, request.headers, body, now());
    if (why) {
      faults.push(`not to be believed: ${why}`);
      return response.writeHead(400).end();
    }
    const id = request.headers['webhook-id'], before = fails.get(id) ?? 0;
    if (r.failing && r.gone.has(id)) return response.writeHead(410).end(); // its first answer came too late
    if (!r.failing || before >= most || !random.chance(50)) {
      take(request.headers, body);
      return response.writeHead(204).end();
    }
    r.failed++;
    fails.set(id, before + 1);
    if (random.chance(1)) {
      count(410);
      r.gone.add(id);
      return response.writeHead(410).end();
    }
    if (random.chance(20)) take(request.headers, body), count('took it, then failed');
    const way = random.pick(Object.keys(WAYS));
    count(way);
    WAYS[way](request, response);
  }

  const listener = (end) => (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => end(request, response, Buffer.concat(chunks)));
    request.on('error', () => {});
    response.on('error', () => {});
  };
  const server = http.createServer(listener(answer));
  const hanging = http.createServer(listener((request, response, body) => proves(response, body)));
  const nobody = http.createServer(listener((request, response, body) => proves(response, body)));
  const untrusted = https.createServer(selfSigned('127.0.0.1'), () => faults.push('somebody trusted a certificate that nobody signed'));
  untrusted.on('tlsClientError', () => {});
  const servers = [server, hanging, nobody, untrusted];
  for (const each of servers) {
    each.on('connection', (socket) => (open.add(socket), socket.on('close', () => open.delete(socket))));
    await new Promise((resolve) => each.listen(0, '127.0.0.1', resolve));
  }
  r.url = `http://127.0.0.1:${server.address().port}/events`;
  r.never = { nobody: `http://127.0.0.1:${nobody.address().port}/`, hangs: `http://127.0.0.1:${hanging.address().port}/`, untrusted: `https://127.0.0.1:${untrusted.address().port}/` };
  r.leave = () => new Promise((resolve) => { nobody.close(resolve); nobody.closeAllConnections(); });
  r.close = async () => {
    for (const each of servers) if (each.listening) each.close();
    for (const socket of open) socket.destroy();
  };
  return r;
}

// By the rules of Standard Webhooks. Null: it is to be believed.
function wrong(secret, headers, body, now) {
  const id = headers['webhook-id'], at = headers['webhook-timestamp'];
  if (!id || !at) return 'no id or timestamp';
  if (Math.abs(now / 1000 - Number(at)) > TOLERANCE_S) return `sent at ${at}, now ${now / 1000}`;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = 'v1,' + crypto.createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64');
  return (headers['webhook-signature'] ?? '').split(' ').includes(expected) ? null : 'wrong signature';
}
