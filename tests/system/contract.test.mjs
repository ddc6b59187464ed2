// The contract: every operation of /api/openapi.json is called as it should be, and in every bad way that its schema knows, and each
// answer is held against the document: the status is named and is the one the rule of refusals asks for, the content type is right, the
// body fits its schema and holds nothing that is not described, the fault is named by its pointer. Never a 5xx.
//
// A new operation needs one row: contract/calls.mjs, or contract/commands.mjs for a command. The bad calls make themselves.
//     contract/document.mjs   the document, and whether an answer is as described
//     contract/bad.mjs        bad calls, made from the schemas
//     contract/calls.mjs      a good call for each operation
//     contract/commands.mjs   a good call for each command
//     contract/city.mjs       what they are prepared with
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { badBodies, badQueries } from './contract/bad.mjs';
import { CALLS } from './contract/calls.mjs';
import { City, of } from './contract/city.mjs';
import { COMMANDS, LATE_COMMANDS } from './contract/commands.mjs';
import { ask } from './contract/ask.mjs';
import { Document, short } from './contract/document.mjs';
import { start } from './harness.mjs';
import { eventually } from './lib/wait.mjs';

const ACCOUNT_OF = { operator: 'operator', supervisor: 'supervisor', admin_system: 'admin-system', admin_security: 'admin-security', admin_audit: 'admin-audit',
  department: 'department', integration: 'hotline', readonly: 'readonly' };
const AT_ONCE = 8;
const FORM = 'application/x-www-form-urlencoded';

let system, city, document;
let calls = 0;

before(async () => {
  system = await start('contract');
  city = new City(system);
  await city.prepare();
  document = new Document((await system.nobody().get('/api/openapi.json')).body);
});
after(async () => {
  city?.close();
  await system?.stop();
});

/* ---- calling ---- */

const escaped = (values) => new URLSearchParams(Object.entries(values ?? {}).map(([name, value]) => [name, String(value)])).toString();

function written(type, body) {
  if (body === undefined || typeof body === 'string') return body;
  return type === FORM ? escaped(body) : JSON.stringify(body);
}

// raw: the body as it is, whatever the operation takes.
async function send(operation, { as, path = {}, query, body, raw, type = document.bodyOf(operation)[0], headers = {} }) {
  const client = typeof as === 'string' ? await city.who(as) : as;
  const method = operation.method.toUpperCase();
  const where = operation.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name] ?? assert.fail(`no value for {${name}}`)));
  const bytes = raw ?? written(type, body);
  calls++;
  const address = `${system.url}${where}${query ? `?${escaped(query)}` : ''}`;
  return ask(address, method, bytes, { ...client.headers(method), ...(bytes !== undefined && type ? { 'content-type': type } : {}), ...headers });
}

const entitled = (operation) => ACCOUNT_OF[Object.keys(operation['x-roles'] ?? {}).find((role) => ACCOUNT_OF[role])] ?? 'nobody';

async function goodCall(operation) {
  const command = operation.id.replace(/^command_/, '');
  const row = { ...COMMANDS, ...LATE_COMMANDS }[command];
  if (operation.id.startsWith('command_') && row) {
    const [who, steps, body] = row;
    const number = await city.ticket(steps);
    return { as: await city.whoFor(who, number), path: { number }, body: await of(body, city) };
  }
  return { as: entitled(operation), ...await of(CALLS[operation.id], city) };
}

/* ---- what may come back ---- */

const successOf = (operation, good) => good.status ?? Math.max(...Object.keys(operation.responses).map(Number).filter((status) => status < 300));

function pointersOf(answer) {
  return (answer.body?.errors ?? []).map((error) => error.pointer);
}

// Open311 has a form of its own for errors, without pointers, and 400 for all that is wrong with a form.
const isOpen311 = (operation) => operation.path.startsWith('/open311/');

// One bad call: { what, call, status: those that are right, pointer }. What is wrong with its answer, or null.
async function badFault(operation, { what, call, status, pointer }) {
  const answer = await send(operation, call);
  const fault = document.fault(operation, answer);
  if (fault) return `${what}: ${fault}`;
  if (!status.includes(answer.status)) return `${what}: answers ${answer.status} instead of ${status.join(' or ')}: ${short(answer.text)}`;
  const named = pointersOf(answer).some((told) => told === pointer || (what.startsWith('without') && told.startsWith(`${pointer}/`)));
  if (pointer !== undefined && !isOpen311(operation) && !named)
    return `${what}: the answer does not name ${pointer || '""'}: ${short(answer.text)}`;
  return null;
}

/* ---- bad calls ---- */

function badOnes(operation, good) {
  const [type, schema] = document.bodyOf(operation);
  const bad = badQueries(document, operation, good.query).map(({ what, query, pointer }) => ({ what, call: { ...good, query }, status: [400], pointer }));
  bad.push(...strangeCursors(operation, good));
  if (operation.security?.length !== 0) {
    bad.push({ what: 'without a token', call: { ...good, as: 'nobody' }, status: [401] });
    bad.push({ what: 'with a token nobody has', call: { ...good, as: system.bearer('pdapi_nobody') }, status: [401] });
    const takesSessions = operation.security?.some((way) => way.cookie);
    const other = Object.entries(ACCOUNT_OF).find(([role, name]) => operation['x-roles'] && !operation['x-roles'][role] && (takesSessions || system.accounts.tokens[name]));
    if (other) bad.push({ what: `as ${other[0]}`, call: { ...good, as: other[1] }, status: [403] });
  }
  bad.push(...strangers(operation, good));
  if (type === 'application/json' && schema) bad.push(...badJson(schema, good));
  if (type === FORM) bad.push({ what: 'a form that is none', call: { ...good, raw: 'a=%zz&%' }, status: [400, 403] }, ...badForms(schema, good));
  if (type && operation.requestBody['x-bytes-max'])
    bad.push({ what: 'a body that is too large', call: { ...good, raw: 'x'.repeat(operation.requestBody['x-bytes-max'] + 1) }, status: [413] });
  if (['application/json', 'application/x-ndjson', FORM].includes(type))
    bad.push({ what: 'another content type', call: { ...good, raw: 'nonsense', type: 'text/plain' }, status: [415] });
  if (!type && operation.method !== 'get') bad.push({ what: 'a body that is not taken', call: { ...good, raw: 'nonsense', type: 'text/plain' }, status: [413, 415, 400] });
  return bad;
}

// Cursors are two numbers that anybody can make up: from the future, from before the beginning. No list may trust them.
function strangeCursors(operation, good) {
  if (!(operation.parameters ?? []).some((parameter) => document.resolve(parameter).name === 'cursor')) return [];
  const far = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, -1n];
  return far.flatMap((first) => far.map((second) => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigInt64LE(first, 0);
    bytes.writeBigInt64LE(second, 8);
    return { what: `the cursor ${first}, ${second}`, call: { ...good, query: { ...good.query, cursor: bytes.toString('base64url') } }, status: [200, 400, 429] };
  }));
}

function badJson(schema, good) {
  const bodies = badBodies(document, schema, good.body);
  return [
    ...['{"a":', '', '{"a":1,"a":2}', '{"a":"\\u0000"}'].map((raw) => ({ what: `the body ${JSON.stringify(raw)}`, call: { ...good, raw }, status: [400] }))
      .filter((bad) => bad.call.raw !== '' || document.part(schema, 'required')?.length),
    ...bodies.map(({ what, body, status, pointer }) => ({ what, call: { ...good, body }, status: [status], pointer })),
  ];
}

// The standard knows 400 for what is wrong with a form, 403 for its key, 404 for a service or request that is not there. A form has texts
// only, and clients add fields of their own.
function badForms(schema, good) {
  return badBodies(document, schema, good.body).filter(({ what, body }) => !what.startsWith('with ') && !what.endsWith('a body of another type') && Object.values(body).every((value) => typeof value !== 'object')
    && !(what.endsWith('of another type') && Object.values(body).includes(17)))
    .map(({ what, body }) => ({ what, call: { ...good, body }, status: [400, 403, 404] }));
}

// Numbers, codes and names that nobody has.
function strangers(operation, good) {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
  return names.flatMap((name) => ['no-such-thing', '999999999', ...(name === 'number' ? ['T20200101000000001', 'R20200101000000001'] : [])]
    .map((value) => ({ what: `{${name}} ${value}`, call: { ...good, path: { ...good.path, [name]: value } }, status: isOpen311(operation) ? [400, 404] : [404] })));
}

/* ---- an operation ---- */

async function driven(operation) {
  const good = await goodCall(operation);
  const faults = [];
  const bad = badOnes(operation, good);
  for (let at = 0; at < bad.length; at += AT_ONCE)
    faults.push(...await Promise.all(bad.slice(at, at + AT_ONCE).map((one) => badFault(operation, one))));
  const answer = await eventually('it is not busy with our bad calls', async () => {
    const tried = await send(operation, good);
    return tried.status === 429 ? null : tried;
  });
  const status = successOf(operation, good);
  if (answer.status !== status) faults.push(`the good call answers ${answer.status} instead of ${status}: ${short(answer.text)}`);
  else faults.push(document.fault(operation, answer) && `the good call ${document.fault(operation, answer)}`);
  const found = faults.filter(Boolean);
  assert.ok(found.length === 0, `${operation.method.toUpperCase()} ${operation.path} (${operation.id}):\n  ${found.join('\n  ')}`);
}

const isCommand = (operation) => operation.id.startsWith('command_');
const nameOf = (operation) => operation.id.replace(/^command_/, '');

test('every operation has a good call here, and every good call an operation', () => {
  const named = new Set(document.operations.map((o) => (isCommand(o) ? `command ${nameOf(o)}` : o.id)));
  const here = new Set([...Object.keys(CALLS), ...Object.keys({ ...COMMANDS, ...LATE_COMMANDS }).map((name) => `command ${name}`)]);
  const missing = [...named].filter((name) => !here.has(name));
  assert.deepEqual(missing, [], `add a row for each of these to tests/system/contract/calls.mjs (or commands.mjs): ${missing.join(', ')}`);
  assert.deepEqual([...here].filter((name) => !named.has(name)), [], 'rows for operations that are no more: remove them');
});

test('every text of a body has an end', () => {
  const endless = document.operations.flatMap((o) => document.endless(document.bodyOf(o)[1], '').map((pointer) => `${o.id} ${pointer}`));
  assert.deepEqual(endless, [], 'give it maxLength, enum, pattern or format in services/console/openapi_schemas.def');
});

describe('operations', () => {
  test('each, well and badly', { concurrency: 6 }, async (t) => {
    const ours = document.operations.filter((o) => !isCommand(o) && CALLS[o.id]);
    await Promise.all(ours.map((operation) => t.test(operation.id, () => driven(operation))));
  });
});

describe('commands', () => {
  test('each, well and badly', { concurrency: 6 }, async (t) => {
    const ours = document.operations.filter((o) => isCommand(o) && COMMANDS[nameOf(o)]);
    await Promise.all(ours.map((operation) => t.test(operation.id, () => driven(operation))));
  });

  test('those about cards, once time has moved on', async (t) => {
    for (const operation of document.operations.filter((o) => isCommand(o) && LATE_COMMANDS[nameOf(o)])) await t.test(operation.id, () => driven(operation));
    system.note('calls', calls, 'made');
  });
});
