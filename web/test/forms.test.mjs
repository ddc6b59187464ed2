// Every command a person may give has a form: what the server takes with it (services/console/command_body.c) has a control and a
// name in both languages, and it is found among the acts of a ticket. A new command or field fails here until the page knows it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { load } from './load.mjs';

const source = (file) => fs.readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').replace(/\\\n\s*/g, ' ');
const { FIELDS, USUAL, asking, inOrder } = await load('views/ticket/fields.ts');
const words = fs.readFileSync(new URL('../src/views/ticket/words.ts', import.meta.url), 'utf8');
const body = source('services/console/command_body.c');
const fields = [...body.split('command_fields[COMMAND_FIELD_COUNT] = {')[1].split('};')[0].matchAll(/^\s*\{"(\w+)"/gm)].map((m) => m[1]);
const takes = new Map([...body.matchAll(/\[COMMAND_(\w+)\] = \{([^{}]*)\}/g)].map((m) => [m[1].toLowerCase(), m[2]]));

/** Commands that some role other than the system may give. */
const given = [...source('core/access.def').matchAll(/ALLOW\(COMMAND_(\w+),([^)]*)\)/g)]
  .filter(([, , scopes]) => scopes.split(',').slice(0, -1).some((scope) => scope.trim() !== 'NO'))
  .map(([, name]) => name.toLowerCase());

test('what is read from the sources is there', () => {
  assert.ok(fields.length >= 19 && takes.size >= 45 && given.length >= 45, `${fields.length} ${takes.size} ${given.length}`);
});

test('every command a person may give takes something, so the document has it and the page a form', () => {
  assert.deepEqual(given.filter((command) => !takes.has(command)), []);
});

test('every field has a control and a name in both languages', () => {
  for (const field of fields.filter((name) => name !== 'version')) {
    assert.ok(FIELDS[field], `views/ticket/fields.ts: ${field}`);
    assert.equal(words.split(`'field.${field}':`).length, 3, `views/ticket/words.ts: field.${field}`);
  }
});

test('words are chosen from a set that there is', () => {
  const sets = source('proto/words.def');
  for (const set of [...Object.keys(FIELDS), 'reason'].map((field) => asking('return', field).set).filter(Boolean)) {
    const name = set.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
    assert.match(sets, new RegExp(`#define ${name}_WORDS\\(W\\)`), set);
  }
});

test('what belongs to an act is taken by it', () => {
  for (const [command, names] of Object.entries(USUAL)) {
    for (const name of names) {
      const taken = /ALWAYS/.test(takes.get(command)) && ['version', 'reason', 'note'].includes(name);
      assert.ok(taken || new RegExp(`TAKES_${name === 'attachments' ? 'FILES' : name.toUpperCase()}\\b`).test(takes.get(command)), `${command} does not take ${name}`);
    }
  }
});

test('every act has its place among the others', () => {
  const order = source('web/src/store/commands.ts').split('const LIKELY = [')[1].split('];')[0];
  assert.deepEqual(given.filter((command) => !order.includes(`'${command}'`)), [], 'store/commands.ts: LIKELY');
});

test('fields stand in the order in which a person thinks of them, unknown ones last', () => {
  const names = (list) => inOrder(list.map((name) => ({ name }))).map(({ name }) => name);
  assert.deepEqual(names(['note', 'other_day', 'reason', 'unit']), ['unit', 'reason', 'note', 'other_day']);
});
