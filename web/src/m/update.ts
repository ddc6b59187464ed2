// The service worker's place in the page: registered once, and when a new version of it waits, the person says when it takes over.

import { ref } from 'vue';

export const newVersion = ref(false);
let waiting: ServiceWorker | null = null;

function look(registration: ServiceWorkerRegistration): void {
  if (registration.waiting === null || navigator.serviceWorker.controller === null) return;
  waiting = registration.waiting;
  newVersion.value = true;
}

export function registerWorker(): void {
  // Not there without HTTPS (but on this machine itself); the page then works, as long as it stays open.
  if (!import.meta.env.PROD || navigator.serviceWorker === undefined) return;
  let took = false;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (took) location.reload();
  });
  const start = async () => {
    const registration = await navigator.serviceWorker.register('/m/worker.js', { scope: '/m/' });
    look(registration);
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', () => look(registration));
    });
    // A page that is open for days hears of a new version too.
    setInterval(() => void registration.update().catch(() => undefined), 3_600_000);
  };
  start().catch(() => undefined);
  takeOver = () => {
    took = true;
    waiting?.postMessage('take over');
  };
}

export let takeOver = (): void => undefined;
