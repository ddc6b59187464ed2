// One word a thing: where the page has its own table, it says what proto/words.def says.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { load } from './load.mjs';

const { zh } = await load('i18n/zh.ts');
const { en } = await load('i18n/en.ts');
const def = fs.readFileSync(new URL('../../proto/words.def', import.meta.url), 'utf8').replace(/\\\n\s*/g, ' ');

const GROUPS = { STATE: 'state', ROLE: 'role', URGENCY: 'urgency', STAGE: 'stage', LIGHT: 'light' };

for (const [set, group] of Object.entries(GROUPS)) {
  test(`${group} words`, () => {
    const body = new RegExp(`#define ${set}_WORDS\\(W\\)(.*)`).exec(def)[1];
    const words = [...body.matchAll(/W\((\d+), \w+, "([^"]+)", "([^"]+)",\s*"([^"]+)"\)/g)];
    assert.ok(words.length > 2);
    for (const [, , text, chinese, english] of words) {
      assert.equal(zh[`${group}.${text}`], chinese);
      assert.equal(en[`${group}.${text}`]?.toLowerCase(), english.toLowerCase());
    }
  });
}

test('both languages are complete', () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(zh).sort());
});
