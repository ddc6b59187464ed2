// What the phone's page (/m) needs of the build beside its code: icons, and the service worker with the list of files it keeps.

import crypto from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { icon } from './icons.mjs';

/** Every file the page may ask for: its chunks, lazy ones too, and their styles. */
function filesOf(bundle) {
  const files = new Set();
  const visit = (name) => {
    const chunk = bundle[name];
    if (chunk === undefined || files.has(`/${name}`)) return;
    files.add(`/${name}`);
    for (const css of chunk.viteMetadata?.importedCss ?? []) files.add(`/${css}`);
    for (const next of [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]) visit(next);
  };
  for (const [name, chunk] of Object.entries(bundle)) if (chunk.isEntry && chunk.facadeModuleId?.endsWith('/m/index.html')) visit(name);
  return [...files].sort();
}

export function phone() {
  let files = [];
  return {
    name: 'paidan-phone',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const [name, size, maskable] of [['icon-192', 192], ['icon-512', 512], ['icon-512-maskable', 512, true]])
        this.emitFile({ type: 'asset', fileName: `m/${name}.png`, source: icon(size, maskable) });
      files = filesOf(bundle);
    },
    async closeBundle() {
      const shell = ['/m/', '/m/app.webmanifest', '/m/icon-192.png', '/favicon.svg', ...files];
      // The names hold a hash of their content, and the page names them.
      const version = crypto.createHash('sha256').update(files.join()).digest('hex').slice(0, 12);
      await build({
        configFile: false,
        logLevel: 'warn',
        publicDir: false,
        define: { __SHELL__: JSON.stringify(shell), __VERSION__: JSON.stringify(version) },
        build: {
          target: 'es2020',
          emptyOutDir: false,
          outDir: fileURLToPath(new URL('../dist/m', import.meta.url)),
          lib: { entry: fileURLToPath(new URL('../src/m/worker.ts', import.meta.url)), formats: ['iife'], name: 'worker', fileName: () => 'worker.js' },
        },
      });
    },
  };
}
