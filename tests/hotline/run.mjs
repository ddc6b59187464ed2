// `make hotline`: the exchange with N requests (20,000) from SEED (1) on a private copy, and what came of it.
import { start } from '../system/harness.mjs';
import { configure, exchange } from './exchange.mjs';

const n = Number(process.env.N || 20000), seed = Number(process.env.SEED || 1);
const system = await start('hotline');
try {
  configure(system);
  const { faults, fault_count, ...figures } = await exchange({ system, n, seed, say: (text) => console.log(`  ${text}`) });
  for (const [what, value] of Object.entries(figures)) console.log(`${what.padEnd(16)} ${value}`);
  for (const fault of faults) console.log(`FAULT ${fault}`);
  console.log(`seed ${seed}: ${fault_count} faults`);
  process.exitCode = fault_count ? 1 : 0;
} finally {
  await system.stop();
}
