// Server-sent events, cut anywhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { eventParser } = await load('api/stream.ts');

const TEXT =
  ': heartbeat\n\nevent: snapshot\nid: 7\ndata: {"a":1}\n\nevent: delta\r\nid: 8\r\ndata: x\r\ndata: y\r\n\r\ndata:z\n\n: again\n\n';
const EXPECTED = [
  ['snapshot', '{"a":1}', '7'],
  ['delta', 'x\ny', '8'],
  ['message', 'z', null],
];

test('every cut of the text gives the same events', () => {
  for (let size = 1; size <= TEXT.length; size++) {
    const events = [];
    const feed = eventParser((...event) => events.push(event));
    for (let at = 0; at < TEXT.length; at += size) feed(TEXT.slice(at, at + size));
    assert.deepEqual(events, EXPECTED, `pieces of ${size}`);
  }
});
