// What `make run` prints at the end: where to look, as whom to log in, and what is in the queues now.
// usage: node summary.mjs VAR URL
import fs from 'node:fs';
import path from 'node:path';

const [folder, url] = process.argv.slice(2);
const width = (text) => [...text].reduce((sum, c) => sum + (/[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹏＀-｠￠-￦]/.test(c) ? 2 : 1), 0);
const pad = (text, size) => text + ' '.repeat(Math.max(0, size - width(text)));
const padLeft = (value, size) => ' '.repeat(Math.max(0, size - width(String(value)))) + value;

function accounts() {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'accounts.json'), 'utf8'));
  } catch {
    return null;
  }
}

// Everybody who is there once, and the first of each kind of which there are many.
function showAccounts(book) {
  const byRole = new Map();
  for (const account of Object.values(book.accounts)) byRole.set(account.role, [...(byRole.get(account.role) ?? []), account]);
  const shown = [...byRole.values()].map((accounts) => ({ ...accounts[0], more: accounts.length - 1 }));
  const order = ['operator', 'supervisor', 'department', 'street', 'community', 'grid_worker'];
  shown.sort((a, b) => (order.indexOf(a.role) + 1 || 99) - (order.indexOf(b.role) + 1 || 99) || (a.role < b.role ? -1 : 1));
  const column = Math.max(...shown.map((account) => width(account.user))) + 2;
  console.log('\n  Accounts 账号: user, password, role (all of them, and the API tokens, in var/accounts.json)\n');
  for (const { user, password, role, more } of shown) {
    console.log(`    ${pad(user, column)}${pad(password, 26)}${role.replace('_', ' ')}${more ? ` (and ${more} more)` : ''}`);
  }
}

const sum = (depth) => (typeof depth === 'number' ? depth : Object.values(depth ?? {}).reduce((a, b) => a + Number(b), 0));
const nameOf = (row) => row.name?.zh ?? row.name_zh ?? row.name ?? row.unit;

async function showQueues(token) {
  const reply = await fetch(`${url}/api/v1/queues`, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(10_000) });
  if (!reply.ok) throw new Error(`${reply.status} ${(await reply.text()).slice(0, 200)}`);
  const body = await reply.json();
  const { totals } = body;
  const rows = (body.units ?? body.queues ?? body).map((row) => ({ ...row, total: sum(row.depth ?? row.states) })).filter((row) => row.total > 0);
  rows.sort((a, b) => b.total - a.total);
  console.log('\n  Live queues 实时队列                       open   yellow   red\n');
  for (const row of rows.slice(0, 12)) {
    console.log(`    ${pad(String(nameOf(row)).slice(0, 18), 36)}${padLeft(row.total, 7)}${padLeft(row.yellow ?? 0, 9)}${padLeft(row.red ?? 0, 6)}`);
  }
  if (rows.length > 12) console.log(`    ... and ${rows.length - 12} more units`);
  if (rows.length === 0) console.log('    (empty)');
  if (totals) console.log(`\n    received ${totals.received} = closed ${totals.closed} + in progress ${totals.in_progress}; supervised ${totals.supervised}`);
}

const book = accounts();
console.log(`\n  Paidan 派单 is running:  ${url}`);
if (book) {
  showAccounts(book);
  await showQueues(book.tokens.readonly).catch((error) => console.log(`\n  The queues cannot be shown: ${error.message}`));
}
console.log('\n  make stop ends it; the data stays.  compose/local/ctl status | logs NAME\n');
