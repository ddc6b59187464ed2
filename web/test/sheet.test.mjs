// Files of reference data as the page reads and writes them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { changedRows, decode, faultsOf, numberOf, readCsv, readJson, rebase, writeCsv } = await load('views/admin/sheet.ts');

test('CSV as spreadsheets write it: byte order mark, quotes, commas, lines and quotes within, empty lines', () => {
  const sheet = readCsv('\ufeffcode,name\r\n"a","x, ""y""\nz"\r\n\r\nb,\r\n');
  assert.deepEqual(sheet, { columns: ['code', 'name'], rows: [['a', 'x, "y"\nz'], ['b', '']] });
  assert.deepEqual(readCsv(writeCsv(sheet)), sheet);
});

test('a short row is filled, an unclosed quote and an empty file are refused', () => {
  assert.deepEqual(readCsv('a,b,c\n1').rows, [['1', '', '']]);
  assert.throws(() => readCsv('a\n"b'), /quote/);
  assert.throws(() => readCsv('\n \n'), /empty/);
});

test('JSON: a list of flat objects', () => {
  assert.deepEqual(readJson('[{"code":"a","on":true},{"code":"b","n":7,"x":null}]'), {
    columns: ['code', 'on', 'n', 'x'],
    rows: [['a', 'yes', '', ''], ['b', '', '7', '']],
  });
  assert.throws(() => readJson('{}'), /list/);
  assert.throws(() => readJson('[{"a":{}}]'), /flat/);
  assert.throws(() => readJson('nothing'), /json/);
});

test('a mistake stands beside the row whose number the server names', () => {
  const faults = faultsOf([
    { pointer: '/rows/2/code', detail: 'A' },
    { pointer: '/rows/7', detail: 'B' },
    { pointer: '', detail: 'C' },
    { pointer: '/rows/1/name', detail: 'D' },
  ]);
  assert.deepEqual(faults.map(({ row, column }) => [row, column]), [[0, 'code'], [5, ''], [null, ''], [null, 'name']]);
  assert.equal(numberOf(faults[1].row), 7);
});

test('what is changed', () => {
  const before = { columns: ['a'], rows: [['1'], ['2']] };
  assert.deepEqual([...changedRows({ columns: ['a'], rows: [['2'], ['3']] }, before)], [1]);
  assert.equal(changedRows({ columns: ['b'], rows: [['2'], ['3']] }, before).size, 2);
});

test('GB18030 is understood', () => {
  assert.equal(decode(new Uint8Array([0xc2, 0xb7, 0xb5, 0xc6]).buffer), '路灯');
  assert.equal(decode(new TextEncoder().encode('路灯').buffer), '路灯');
});

test('two desks change one file: what the second changed stands on what the first put in force', () => {
  const sheet = (...rows) => ({ columns: ['code', 'name'], rows: rows.map((row) => row.split(' ')) });
  const before = sheet('a 1', 'b 2', 'c 3', 'd 4');
  const theirs = sheet('a 1', 'b 9', 'c 3', 'x 7', 'd 4');
  const rows = (mine) => rebase(mine, before, theirs).rows.map((row) => row.join(' '));
  assert.deepEqual(rows(before), ['a 1', 'b 9', 'c 3', 'x 7', 'd 4'], 'nothing changed here');
  assert.deepEqual(rows(sheet('a 1', 'b 2', 'c 5', 'd 4')), ['a 1', 'b 9', 'c 5', 'x 7', 'd 4'], 'another row');
  assert.deepEqual(rows(sheet('a 1', 'b 2', 'd 4')), ['a 1', 'b 9', 'x 7', 'd 4'], 'a row taken away');
  assert.deepEqual(rows(sheet('n 0', 'a 1', 'b 2', 'c 3', 'd 4', 'e 5')), ['n 0', 'a 1', 'b 9', 'c 3', 'x 7', 'd 4', 'e 5'], 'new rows first and last');
  assert.deepEqual(rows(sheet('a 1', 'b 8', 'c 3', 'd 4')), ['a 1', 'b 8', 'b 9', 'c 3', 'x 7', 'd 4'], 'the same row: both, to be decided');
  assert.deepEqual(rows(theirs), ['a 1', 'b 9', 'c 3', 'x 7', 'd 4'], 'the same change');
});
