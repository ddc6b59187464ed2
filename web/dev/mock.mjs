// DEVELOPMENT ONLY: pretends to be the console API so that the page can be worked on without a running system. Invented data,
// nothing is kept, any password is right. No test uses it. Not part of what is built or installed.
//
//   node dev/mock.mjs [--port 5199] [--tickets 400] [--rate 2] [--quiet]
//
// Also serves web/dist with the strictest content policy the page must live under. For trying states by hand:
//   POST /mock/push?unit=water   POST /mock/drop?seconds=8   POST /mock/degraded?on=1   POST /mock/expire   POST /mock/rate?n=50

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: args } = parseArgs({
  options: {
    port: { type: 'string', default: '5199' },
    tickets: { type: 'string', default: '400' },
    rate: { type: 'string', default: '2' },
    quiet: { type: 'boolean' },
  },
});

/* ---- units: the demo district's ---- */

function units() {
  const [head, ...rows] = fs.readFileSync(path.join(here, '../../db/demo/units.csv'), 'utf8').trim().split(/\r?\n/).map((line) => line.split(','));
  const field = (row, name) => row[head.indexOf(name)];
  return rows.map((row) => ({
    unit: field(row, 'code'),
    kind: field(row, 'kind'),
    parent: field(row, 'parent') || null,
    name: { zh: field(row, 'name_zh'), en: field(row, 'name_en') },
  }));
}

const all = units();
const byCode = new Map(all.map((u) => [u.unit, u]));
const ref = (code) => ({ code, name: byCode.get(code).name });
const centre = all.find((u) => u.kind === 'center') ?? all[0];

/* ---- tickets ---- */

const titles = [
  '路灯不亮，夜里看不清路',
  '小区门口污水外溢',
  '楼上漏水，物业不管',
  '早市占道经营',
  '井盖松动，车过有响声',
  '暖气不热，老人受不了',
  '噪声扰民，凌晨还在施工',
  '单元门禁坏了半个月',
  '绿化带堆放建筑垃圾',
  '公交站牌被撞歪',
  '自来水发黄',
  '流浪犬伤人',
  '健身器材断裂',
  '消防通道被私家车堵住',
  '树枝压住电线',
  '垃圾桶满溢无人清运',
  '道路塌陷约一平方米',
  '咨询居住证办理材料',
  '幼儿园门口交通混乱',
  '雨后积水没过脚踝',
];
const matters = [
  ['020305', '路灯照明', 'Street lighting'],
  ['020101', '排水管网', 'Drainage'],
  ['030204', '占道经营', 'Street trading'],
  ['010502', '供热', 'Heating'],
  null,
];
const NEXT = {
  RECEIVED: ['dispatch', '派遣', 'dispatch'],
  TRIAGE: ['dispatch', '派遣', 'dispatch'],
  DISPUTED: ['adjudicate', '裁定', 'adjudicate'],
  OFFERED: ['sign', '签收', 'sign'],
  HANDLING: ['finish', '办理并答复', 'handle and answer'],
  CHECK: ['check', '核查', 'check the work'],
  CALLBACK: ['callback', '回访', 'call back'],
  SUSPENDED: ['review', '挂账复核', 'review the suspension'],
};
const LIMIT_MIN = {
  TRIAGE: 30,
  DISPUTED: 240,
  OFFERED: 120,
  HANDLING: 1440,
  CHECK: 480,
  CALLBACK: 1440,
  RECEIVED: 15,
  SUSPENDED: 20000,
};
let seed = 7;
const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
const pick = (list) => list[Math.floor(random() * list.length)];
const handlers = all.filter((u) => ['street', 'community', 'grid', 'department'].includes(u.kind));
const busy = handlers.filter((u) => u.kind === 'department' || u.kind === 'street' || random() < 0.35);

let version = 1_000;
let serial = 0;
let closed = 7_894;
const tickets = new Map();
const changedUnits = new Set();
let changedTickets = [];
const now = () => Date.now();

function touch(ticket, was) {
  ticket.version = String(++version);
  for (const code of new Set([was, ticket.unit])) if (code) changedUnits.add(code);
  changedTickets.push({
    number: ticket.number,
    unit: ticket.unit,
    state: ticket.state,
    due: iso(ticket.due),
    version: ticket.version,
  });
}
const iso = (ms) => (ms === null ? null : new Date(ms + 8 * 3600_000).toISOString().replace(/\.\d+Z$/, '+08:00'));

function stand(ticket, unit, state, age = 0) {
  const was = ticket.unit;
  Object.assign(ticket, { unit, state, entered: now() - age });
  const limit = LIMIT_MIN[state] * 60_000 * (ticket.urgency === 'danger' ? 0.3 : 1);
  ticket.due = ticket.entered + limit;
  ticket.yellow_at = ticket.entered + 0.8 * limit;
  touch(ticket, was);
  ticket.history.push({
    seq: String(version),
    at: iso(now() - age),
    event: state.toLowerCase(),
    zh: `进入“${state}”`,
    en: `entered ${state}`,
    actor: byCode.get(unit).name,
  });
}

function create(unit, age = 0, state, title) {
  const matter = pick(matters);
  const ticket = {
    number: `T20261121${String(10_000_000 + ++serial).padStart(9, '0')}`,
    title: title ?? pick(titles),
    urgency: random() < 0.06 ? 'danger' : 'normal',
    matter: matter && { code: matter[0], name: { zh: matter[1], en: matter[2] } },
    history: [],
    unit: null,
  };
  tickets.set(ticket.number, ticket);
  stand(ticket, unit ?? pick(busy).unit, state ?? 'OFFERED', age);
  return ticket;
}

function step() {
  const roll = random();
  const ticket = pick([...tickets.values()]);
  if (roll < 0.36 || ticket === undefined) create(random() < 0.12 ? centre.unit : undefined, 0, undefined);
  else if (ticket.state === 'OFFERED')
    random() < 0.1 ? stand(ticket, centre.unit, 'DISPUTED') : stand(ticket, ticket.unit, 'HANDLING');
  else if (ticket.state === 'HANDLING') stand(ticket, centre.unit, 'CHECK');
  else if (ticket.state === 'CHECK') stand(ticket, centre.unit, 'CALLBACK');
  else if (ticket.state === 'CALLBACK') {
    tickets.delete(ticket.number);
    closed++;
    const was = ticket.unit;
    ticket.unit = null;
    ticket.state = 'CLOSED';
    touch(ticket, was);
  } else stand(ticket, pick(busy).unit, 'OFFERED');
}

for (let i = 0; i < Number(args.tickets); i++) {
  const state =
    random() < 0.06
      ? 'TRIAGE'
      : random() < 0.04
        ? 'DISPUTED'
        : pick(['OFFERED', 'OFFERED', 'HANDLING', 'HANDLING', 'HANDLING', 'CHECK', 'CALLBACK']);
  const inCentre = ['TRIAGE', 'DISPUTED', 'CHECK', 'CALLBACK'].includes(state);
  create(
    inCentre ? centre.unit : undefined,
    random() ** 2.2 * LIMIT_MIN[state] * 60_000 * (random() < 0.06 ? 1.3 : 0.9),
    state,
  );
}

/* ---- answers ---- */

const totals = () => ({
  received: closed + tickets.size,
  closed,
  in_progress: tickets.size,
  supervised: Math.round(tickets.size / 9),
});
const light = (t) => (now() >= t.due ? 'red' : now() >= t.yellow_at ? 'yellow' : 'green');

function row(code) {
  const own = [...tickets.values()].filter((t) => t.unit === code);
  const states = {};
  for (const t of own) states[t.state] = (states[t.state] ?? 0) + 1;
  const within = (min) => own.filter((t) => t.due > now() && t.due - now() < min * 60_000).length;
  const { unit, kind, parent, name } = byCode.get(code);
  return {
    unit,
    kind,
    parent,
    name,
    states,
    depth: own.length,
    oldest: own.length ? iso(Math.min(...own.map((t) => t.entered))) : null,
    yellow: own.filter((t) => light(t) === 'yellow').length,
    red: own.filter((t) => light(t) === 'red').length,
    breach_30: within(30),
    breach_60: within(60),
    breach_120: within(120),
  };
}
const shown = (t) => ({
  number: t.number,
  title: t.title,
  state: t.state,
  unit: t.unit,
  matter: t.matter,
  urgency: t.urgency,
  light: light(t),
  entered: iso(t.entered),
  yellow_at: iso(t.yellow_at),
  due: iso(t.due),
  next_action: NEXT[t.state] ? { code: NEXT[t.state][0], zh: NEXT[t.state][1], en: NEXT[t.state][2] } : null,
  owner: t.unit && ref(t.unit),
});
const snapshot = () => ({
  version: String(version),
  at: iso(now()),
  degraded,
  totals: totals(),
  units: all.map((u) => row(u.unit)),
});

let degraded = false;
let loggedIn = new Set();
let downUntil = 0;
const streams = new Set();
const send = (name, data) => {
  const id = name === 'degraded' ? '' : `id: ${data.version}\n`;
  for (const s of streams) s.write(`event: ${name}\n${id}data: ${JSON.stringify(data)}\n\n`);
};

function flush() {
  if (changedTickets.length === 0 && changedUnits.size === 0) return;
  send('delta', {
    version: String(version),
    at: iso(now()),
    totals: totals(),
    units: [...changedUnits].map(row),
    tickets: changedTickets,
  });
  changedUnits.clear();
  changedTickets = [];
}
let rate = Number(args.rate);
let owed = 0;
setInterval(() => {
  for (owed += rate / 20; owed >= 1; owed--) step();
  flush();
}, 50);
setInterval(() => {
  for (const u of all)
    if ([...tickets.values()].some((t) => t.unit === u.unit && Math.abs(t.due - now()) < 7_300_000))
      changedUnits.add(u.unit);
  version++;
}, 15_000);
setInterval(() => streams.forEach((s) => s.write(': still here\n\n')), 15_000);

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const who = { user: 'operator', role: 'operator', unit: ref(centre.unit), csrf: 'mock' };

http
  .createServer((request, response) => {
    const url = new URL(request.url, 'http://mock');
    const json = (status, body, headers = {}) => {
      response.writeHead(status, {
        'Content-Type': status < 400 ? 'application/json' : 'application/problem+json',
        ...headers,
      });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const problem = (status, title, headers) => json(status, { type: 'about:blank', title, status }, headers);
    const route = url.pathname;
    const match = (re) =>
      re
        .exec(route)
        ?.slice(1)
        .map((part) => part && decodeURIComponent(part));

    if (route.startsWith('/mock/')) {
      const unit = url.searchParams.get('unit');
      if (route === '/mock/push') create(unit ?? undefined, Number(url.searchParams.get('age') ?? 0) * 60_000);
      if (route === '/mock/rate') rate = Number(url.searchParams.get('n'));
      if (route === '/mock/expire') loggedIn = new Set();
      if (route === '/mock/degraded') send('degraded', { degraded: (degraded = url.searchParams.get('on') === '1') });
      if (route === '/mock/drop') downUntil = now() + 1000 * Number(url.searchParams.get('seconds') ?? 5);
      if (route === '/mock/drop' || route === '/mock/expire') streams.forEach((s) => s.destroy());
      return json(200, { version: String(version) });
    }
    if (now() < downUntil && route.startsWith('/api/')) return problem(503, 'Unavailable', { 'Retry-After': '1' });
    if (route === '/api/v1/session') {
      if (request.method === 'DELETE') return (loggedIn.clear(), json(204));
      if (request.method === 'GET') return cookie(request) ? json(200, who) : problem(401, 'Unauthorized');
      let text = '';
      request
        .on('data', (d) => (text += d))
        .on('end', () => {
          const { user, password } = JSON.parse(text);
          if (password.startsWith('not ')) return problem(401, 'Unauthorized');
          const id = String(Math.random()).slice(2);
          loggedIn.add(id);
          who.user = user;
          json(200, who, { 'Set-Cookie': `mock=${id}; Path=/; HttpOnly; SameSite=Strict` });
        });
      return;
    }
    if (route.startsWith('/api/') && !cookie(request) && !request.headers.authorization)
      return problem(401, 'Unauthorized');
    if (route === '/api/v1/requests' && request.method === 'POST') {
      let text = '';
      request
        .on('data', (d) => (text += d))
        .on('end', () => {
          create(centre.unit, 0, 'TRIAGE', JSON.parse(text).title);
          json(201, { number: `R20261121${String(serial).padStart(9, '0')}` });
        });
      return;
    }
    if (route === '/api/v1/queues') return json(200, snapshot());
    if (route === '/api/v1/stream') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      const first = snapshot();
      response.write(`event: snapshot\nid: ${first.version}\ndata: ${JSON.stringify(first)}\n\n`);
      streams.add(response);
      request.on('close', () => streams.delete(response));
      return;
    }
    let m = match(/^\/api\/v1\/queues\/([^/]+)$/);
    if (m) {
      if (!byCode.has(m[0])) return problem(404, 'Not Found');
      const state = url.searchParams.get('state');
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const limit = Number(url.searchParams.get('limit') ?? 50);
      const list = [...tickets.values()]
        .filter((t) => t.unit === m[0] && (!state || t.state === state))
        .sort((a, b) => a.due - b.due);
      const next = from + limit < list.length ? String(from + limit) : null;
      return json(200, {
        version: String(version),
        unit: row(m[0]),
        tickets: list.slice(from, from + limit).map(shown),
        next_cursor: next,
      });
    }
    m = match(/^\/api\/v1\/tickets\/([^/]+)(\/history|\/explain)?$/);
    if (m) {
      const t = tickets.get(m[0]);
      if (!t) return problem(404, 'Not Found');
      if (m[1] === undefined)
        return json(200, {
          ...shown(t),
          description: '今天早上发现的，已经影响出行，请尽快安排人来看一下。',
          location: { address: '松园路 18 号院门口', unit: ref(t.unit) },
          assignments: [
            {
              no: 1,
              kind: { code: 'lead', zh: '主办', en: 'lead' },
              state: { code: 'offered', zh: '待签收', en: 'offered' },
              unit: ref(t.unit),
            },
          ],
        });
      if (m[1] === '/history') return json(200, { events: t.history });
      const owner = byCode.get(t.unit).name;
      return json(200, {
        route: {
          zh: `坐标在松园社区第二网格内；事项“${t.matter?.name.zh ?? '未给出'}”从街道开始办理，派给${owner.zh}。`,
          en: `The point lies in grid 2 of Community 2.2; matter “${t.matter?.name.en ?? 'none given'}” starts at street level, so it went to ${owner.en}.`,
        },
        moved: null,
        deadlines: [
          {
            stage: t.state === 'OFFERED' ? 'sign' : 'handle',
            unit: ref(t.unit),
            due: iso(t.due),
            lines: Array.from({ length: 12 }, (_, i) => ({
              at: iso(t.entered + i),
              zh:
                i === 0
                  ? '2026-11-20（周五）15:10 开始计时'
                  : i === 11
                    ? '2026-11-24（周二）09:40 到期'
                    : '2026-11-21（周六）00:00 至 2026-11-22（周日）24:00 周末，不计',
              en:
                i === 0
                  ? 'counting starts 2026-11-20 Fri 15:10'
                  : i === 11
                    ? 'due 2026-11-24 Tue 09:40'
                    : '2026-11-21 Sat 00:00 to 2026-11-22 Sun 24:00: weekend, not counted',
            })),
          },
        ],
      });
    }
    if (route.startsWith('/api/')) return problem(404, 'Not Found');

    const dist = path.join(here, '../dist');
    let file = path.join(dist, path.normalize(route));
    if (!file.startsWith(dist) || !fs.existsSync(file) || fs.statSync(file).isDirectory())
      file = path.join(dist, 'index.html');
    response.writeHead(200, {
      'Content-Type': TYPES[path.extname(file)] ?? 'text/plain',
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff',
    });
    fs.createReadStream(file).pipe(response);
  })
  .listen(
    Number(args.port),
    '127.0.0.1',
    () =>
      args.quiet ||
      console.log(`mock console on http://127.0.0.1:${args.port} (${all.length} units, development only)`),
  );

function cookie(request) {
  const id = /(?:^|; )mock=(\d+)/.exec(request.headers.cookie ?? '')?.[1];
  return id !== undefined && loggedIn.has(id);
}
