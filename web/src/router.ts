// The screens and who may open them without being signed in. Later screens are lazy: one line each.

import { createRouter, createWebHistory } from 'vue-router';
import { loadSession, session } from './store/session';
import { watch } from 'vue';

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/queues' },
    { path: '/login', name: 'login', component: () => import('./views/LoginView.vue'), meta: { open: true } },
    { path: '/queues/:unit?', name: 'queues', component: () => import('./views/QueuesView.vue') },
    { path: '/:rest(.*)*', redirect: '/queues' },
  ],
});

router.beforeEach(async (to) => {
  if (session.state === 'unknown') await loadSession();
  if (session.state === 'out' && to.meta.open !== true) {
    return { name: 'login', query: to.fullPath === '/queues' ? {} : { to: to.fullPath } };
  }
  if (session.state === 'in' && to.name === 'login') return inside(to.query.to);
  return true;
});

/** Only a path of our own: a link in a mail must not send anybody elsewhere after signing in. */
export function inside(path: unknown): string {
  return typeof path === 'string' && /^\/[^/\\]/.test(path) ? path : '/queues';
}

watch(
  () => session.state,
  (state) => {
    const route = router.currentRoute.value;
    if (state === 'out' && route.meta.open !== true && route.matched.length > 0) void router.replace({ name: 'login' });
  },
);
