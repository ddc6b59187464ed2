// What good calls are prepared with: the accounts, units that play a part, tickets that have come to where a call needs them, and a
// receiver of webhooks that wants nothing. Not for saying which call needs what: calls.mjs and commands.mjs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { curveKeyPair } from 'zeromq';

import { signIn } from '../lib/client.mjs';
import { photo } from '../lib/photo.mjs';
import { eventually } from '../lib/wait.mjs';
import { ask, multipart } from './ask.mjs';
import { COMMANDS, LATE_COMMANDS } from './commands.mjs';

const MATTER = '020305';
const HOUR = 3_600_000;

export class City {
  constructor(system) {
    this.system = system;
    this.lead = system.departmentOf(MATTER);
    this.other = system.anotherDepartment(this.lead);
    const streets = system.units.filter((u) => u.kind === 'street').map((u) => u.code);
    [this.street, this.reviewing] = streets;
    this.community = system.units.find((u) => u.kind === 'community' && u.parent === this.street).code;
    this.admitted = system.matterStartingAt('community'); // a matter that communities may be given
    this.pushed = 0;
    this.named = 0;
  }

  // The second street is one whose answers are reviewed.
  async prepare() {
    this.security = await this.who('admin-security');
    const [head, ...rows] = (await this.file('units')).trimEnd().split('\n');
    const flags = head.split(',').indexOf('flags');
    const changed = rows.map((row) => row.split(',')).map((row) => row.map((cell, i) => (i === flags && row[0] === this.reviewing ? 'review' : cell)));
    await this.made('admin-system', '/api/v1/admin/units/import', [head, ...changed.map((row) => row.join(','))].join('\n') + '\n', 'text/csv');
  }

  /* ---- who ---- */

  // 'operator', 'admin-system', 'department' (of the first ticket) ...: an account; 'hotline', 'readonly': a token; 'nobody'.
  who(name) {
    if (name === 'nobody') return this.system.nobody();
    if (this.system.accounts.tokens[name]) return this.system.token(name);
    const login = name === 'department' ? `department-${this.lead}` : name;
    this.sessions ??= new Map();
    if (!this.sessions.has(login)) this.sessions.set(login, this.system.account(login)); // signing in once, however many ask
    return this.sessions.get(login);
  }

  async whoFor(name, ticket) {
    if (name === 'assist') return this.who(`department-${this.other}`);
    if (name !== 'owner') return this.who(name);
    const { body } = await (await this.who('operator')).get(`/api/v1/tickets/${ticket}`);
    return this.accountOf(body.owner.code);
  }

  // Somebody who acts for a unit.
  async accountOf(unit) {
    const account = Object.values(this.system.accounts.accounts).find((a) => a.unit === unit && !a.role.startsWith('admin'));
    return this.who((account ?? assert.fail(`nobody acts for ${unit}`)).user);
  }

  // A client with a session of its own, to be ended.
  signedIn(name) {
    const { user, password } = this.system.accounts.accounts[name];
    return signIn(this.system.url, user, password);
  }

  async made(who, path, body, type) {
    const answer = await (await this.who(who)).post(path, body, type && { 'content-type': type });
    assert.ok(answer.status < 300, `preparing, POST ${path}: ${answer.text}`);
    return answer.body;
  }

  /* ---- times and names ---- */

  now() {
    return Date.now() + this.system.clockOffset();
  }

  inHours(hours) {
    return new Date(this.now() + hours * HOUR).toISOString();
  }

  inDays(days) {
    return this.inHours(24 * days);
  }

  // A name nobody has yet.
  name(what) {
    return `${what}-${++this.named}`;
  }

  // A day for reconciliation: today in the city.
  today() {
    return new Date(this.now() + 8 * HOUR).toISOString().slice(0, 10);
  }

  /* ---- requests and tickets ---- */

  request(more = {}) {
    return { source: 'hotline-12345', external_id: `contract-${++this.pushed}`, matter: MATTER, title: '路灯不亮',
      location: { lon: 123.76, lat: 41.33 }, requester: { name: '测试', phone: '19900001234' }, ...more };
  }

  async pushedRequest(more) {
    const body = this.request(more);
    const answer = await (await this.who('hotline')).post('/api/v1/requests', body);
    assert.equal(answer.status, 201, answer.text);
    const operator = await this.who('operator');
    const ticket = await eventually('its ticket', async () => (await operator.get(`/api/v1/requests/${answer.body.number}`)).body.ticket?.number);
    return { number: answer.body.number, ticket, external_id: body.external_id };
  }

  // One request for all who only read.
  get first() {
    this.one ??= this.pushedRequest();
    return this.one;
  }

  // A photo that the hotline uploaded.
  async attachment() {
    const { headers } = await this.who('hotline');
    const answer = await ask(`${this.system.url}/api/v1/attachments`, 'POST', multipart(photo()), { ...headers('POST'), 'content-type': 'multipart/form-data; boundary=part' });
    assert.equal(answer.status, 201, answer.text);
    return answer.body.attachments[0].id;
  }

  // A resident's report, and what opens it later.
  residents() {
    return { external_id: `contract-resident-${++this.pushed}`, matter: MATTER, title: '路灯不亮', location: { lon: 123.76, lat: 41.33 }, requester: { phone: '19900001234' } };
  }

  async residentsOwn() {
    const { number } = await this.made('nobody', '/api/v1/public/requests', this.residents());
    await eventually('its ticket', async () => (await (await this.who('operator')).get(`/api/v1/requests/${number}`)).body.ticket);
    return { number, digits: '1234' };
  }

  // A request of the app with a number of its own.
  async fromApp() {
    const body = this.request({ source: 'city-app' });
    const answer = await this.system.token('open311').post('/api/v1/requests', body);
    assert.equal(answer.status, 201, answer.text);
    return body;
  }

  // The number of a request that came by Open311.
  async open311() {
    const form = { api_key: this.system.accounts.tokens.open311, service_code: MATTER, lat: '41.33', long: '123.76', description: '路灯不亮' };
    const answer = await fetch(`${this.system.url}/open311/v2/requests.json`, { method: 'POST', body: new URLSearchParams(form) });
    assert.equal(answer.status, 201);
    return (await answer.json())[0].service_request_id;
  }

  // The number of a ticket with which these steps were taken (commands.mjs).
  async ticket(steps = []) {
    const { ticket } = await this.pushedRequest(steps[0] === 'late' ? { urgency: 'danger' } : {});
    for (const step of steps) await (step === 'late' ? this.isLate(ticket) : this.take(ticket, step));
    return ticket;
  }

  async take(ticket, step) {
    const [who, command, own] = typeof step === 'string' ? step.split(' ') : step;
    const body = own ?? { ...COMMANDS, ...LATE_COMMANDS }[command][2];
    const answer = await (await this.whoFor(who, ticket)).post(`/api/v1/tickets/${ticket}/${command}`, await of(body, this));
    assert.equal(answer.status, 200, `preparing a ticket, ${who} ${command}: ${answer.text}`);
  }

  // Moves the clock to where the ticket has its first card.
  async isLate(ticket) {
    const { body } = await (await this.who('operator')).get(`/api/v1/tickets/${ticket}`);
    this.system.advanceClock(Math.max(0, Date.parse(body.due) + 1000 - this.now()));
    this.sessions.clear();
    this.system.sessions.clear(); // signed in again after so long a time
    await eventually('its card', async () => (await (await this.who('operator')).get(`/api/v1/tickets/${ticket}`)).body.highest_rung?.code === 'warning');
  }

  /* ---- files ---- */

  // What an administrator's export of this kind says now; it can be loaded again.
  async file(kind) {
    const admin = await this.who(kind === 'people' ? 'admin-security' : 'admin-system');
    const answer = await admin.get(`/api/v1/admin/${kind}/export`);
    assert.equal(answer.status, 200, answer.text);
    return answer.text;
  }

  example(name) {
    return JSON.parse(fs.readFileSync(path.join(this.system.root, 'docs/examples', name), 'utf8'));
  }

  // Another hotline's words, as if they were a known source's.
  mapping() {
    return { ...this.example('beiling-12345.json'), source: 'hotline-12345' };
  }

  /* ---- what administrators and desks have made ---- */

  async rule() {
    const { rules } = await this.made('admin-system', '/api/v1/rules', { name: this.name('规则'), keywords: this.name('词'), target: this.lead });
    return rules[0].number;
  }

  // A rule that came after a ticket, and the call that moves it.
  async reroute() {
    const word = this.name('改派词');
    const { ticket } = await this.pushedRequest({ title: word });
    await this.made('admin-system', '/api/v1/rules', { name: word, keywords: word, target: this.other });
    return { body: { ticket, version: (await (await this.who('operator')).get(`/api/v1/tickets/${ticket}`)).body.version, unit: this.other } };
  }

  async user() {
    return (await this.made('admin-security', '/api/v1/admin/users', { user: this.name('user'), role: 'department', unit: this.lead, password: false })).user;
  }

  async token() {
    return (await this.made('admin-security', '/api/v1/admin/tokens', { name: this.name('token'), role: 'department', unit: this.lead })).name;
  }

  publicKey() {
    return curveKeyPair().publicKey;
  }

  async busKey() {
    const body = { name: this.name('key'), token: await this.token(), public_key: this.publicKey() };
    return (await this.made('admin-security', '/api/v1/admin/bus-keys', body)).name;
  }

  async absence() {
    const { id } = await this.made('department', '/api/v1/absences', { from: this.inDays(40), to: this.inDays(41) });
    return { as: 'department', path: { id } };
  }

  // Two of the operator's desk: one hands over, the other takes.
  async handedOver() {
    const user = this.name('colleague');
    const { password } = await this.made('admin-security', '/api/v1/admin/users', { user, role: 'operator', unit: 'center' });
    const { id } = await this.made('operator', '/api/v1/duty/handover', { note: '两件工单明天到期' });
    return { as: await signIn(this.system.url, user, password), path: { id } };
  }

  /* ---- webhooks ---- */

  // A receiver that proves itself and wants no events: gone for good. Whose signature it is does not matter to it.
  receiver() {
    this.receives ??= this.system.approveLoopback(this.security).then(() => new Promise((resolve) => {
      this.server = http.createServer(async (request, response) => {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        const { challenge } = JSON.parse(Buffer.concat(chunks).toString('utf8')).data;
        response.writeHead(challenge ? 200 : 410).end(challenge ?? '');
      }).listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${this.server.address().port}/`));
    }));
    return this.receives;
  }

  async endpoint(whose = { unit: this.lead }) {
    const name = this.name('hook');
    await this.system.addEndpoint(await this.who('admin-system'), { name, url: await this.receiver(), ...whose });
    return name;
  }

  async network() {
    return (await this.made('admin-security', '/api/v1/admin/networks', { cidr: `10.${++this.named}.0.0/16` })).cidr;
  }


  // The next thing told to an endpoint of the hotline is a dead letter at once.
  async deadletter() {
    const endpoint = await this.endpoint({ source: 'hotline-12345' });
    await this.pushedRequest();
    const admin = await this.who('admin-system');
    const letter = await eventually('a dead letter', async () =>
      (await admin.get('/api/v1/admin/deadletters?limit=200')).body.deadletters.find((row) => row.endpoint === endpoint));
    return { id: letter.id, endpoint };
  }

  /* ---- letters to people ---- */

  smsSettings() {
    return { kind: 'sms', url: 'https://sms.example.com/send', json: { to: '{address}', text: '{text}', id: '{id}' }, sign: { method: 'bearer' },
      receipts: { list: '', id: '/id', status: '/status', delivered: 'ok', answer: { code: 0 } } };
  }

  async carrier() {
    const made = await (await this.who('admin-system')).post('/api/v1/admin/carriers', { name: this.name('carrier'), settings: this.smsSettings(), secret: 'not-so-secret' });
    if (made.status !== 200) throw new Error(made.text);
    return made.body;
  }

  // One that was discarded: nobody tries to send it.
  letter() {
    return this.system.sql(`INSERT INTO letter (created_at, notice, person, unit, count, state, way, position, carrier, next_at)
      VALUES (1, 1000000 + ${++this.named}, 0, 1, 1, 4, 1, 1, 1, 1) RETURNING id`)[0][0];
  }

  close() {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}

export const of = (value, city) => (typeof value === 'function' ? value(city) : value);
