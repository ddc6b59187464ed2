// How the front end is built and, in development, where its API comes from (PAIDAN_URL, else the mock in dev/).
import vue from '@vitejs/plugin-vue';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { phone } from './dev/phone.mjs';

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  plugins: [vue(), phone()],
  // The runtime-only Vue build and no inlined assets: the page must work under a content policy without eval and data: URLs.
  build: {
    target: 'es2020',
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // Two pages: the console, and the phone, which carries neither Element Plus nor the router.
      input: { index: page('index.html'), m: page('m/index.html') },
      output: {
        manualChunks(id) {
          if (/node_modules\/vue-router\//.test(id)) return 'router';
          if (/node_modules\/(@vue|vue)\//.test(id)) return 'vue';
          return undefined;
        },
      },
    },
  },
  define: { __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false' },
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: { '/api': { target: process.env.PAIDAN_URL ?? 'http://127.0.0.1:5199', changeOrigin: false } },
  },
});
