// A slice of the exchange with a troubled hotline (tests/hotline, `make hotline` for 20,000 requests): nothing differs afterwards.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { configure, exchange } from '../hotline/exchange.mjs';
import { start } from './harness.mjs';

let system;
before(async () => {
  system = await start('exchange');
  configure(system);
});
after(() => system?.stop());

test('300 requests, time-outs, repeats, reordering, a receiver that fails half the time: both sides agree to the row', async () => {
  const done = await exchange({ system, n: 300, seed: 7, fails: 2, say: (text) => console.log(`# ${text}`) });
  assert.deepEqual(done.faults, []);
  assert.ok(done.timeouts > 20 && done.failed > 200 && done.dead > 0, JSON.stringify(done));
});
