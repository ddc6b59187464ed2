// Lets a test import the front end's pure modules: bundled by the esbuild that Vite brings, in memory, without a DOM.

import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

export async function load(module) {
  const entry = fileURLToPath(new URL(`../src/${module}`, import.meta.url));
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    write: false,
    platform: 'neutral',
    logLevel: 'error',
  });
  return import(`data:text/javascript;base64,${Buffer.from(result.outputFiles[0].contents).toString('base64')}`);
}
