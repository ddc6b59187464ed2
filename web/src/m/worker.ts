// The phone's service worker: keeps the page's own files, so that it opens without a network, and sends what waits when the phone is
// back on one, also with the page closed (Background Sync, where there is any). It never answers for the API.

import { flush } from './outbox';

declare const __SHELL__: string[];
declare const __VERSION__: string;

interface Waiting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Event {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Syncing extends Waiting {
  tag: string;
}

const CACHE = `paidan-m-${__VERSION__}`;
const worker = self as unknown as {
  addEventListener(type: string, listener: (event: never) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
};

worker.addEventListener('install', (event: Waiting) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(__SHELL__.map((path) => new Request(path, { cache: 'reload' })))));
});

worker.addEventListener('activate', (event: Waiting) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name.startsWith('paidan-m-') && name !== CACHE) await caches.delete(name);
    await worker.clients.claim();
  };
  event.waitUntil(tidy());
});

// The page says when: a new version must not take over while somebody types.
worker.addEventListener('message', (event: MessageEvent) => {
  if (event.data === 'take over') void worker.skipWaiting();
});

worker.addEventListener('sync', (event: Syncing) => {
  if (event.tag !== 'outbox') return;
  // Thrown: the browser tries again later by itself.
  const work = flush(true).then((done) => {
    if (!done) throw new Error('something still waits');
  });
  event.waitUntil(work);
});

worker.addEventListener('fetch', (event: Fetching) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  const page = request.mode === 'navigate' && url.pathname.startsWith('/m/');
  if (!page && !__SHELL__.includes(url.pathname)) return;
  event.respondWith(
    caches
      .open(CACHE)
      .then((cache) => cache.match(page ? '/m/' : url.pathname))
      .then((kept) => kept ?? fetch(request)),
  );
});
