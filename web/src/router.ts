// Where is what (screens.ts), and who may open it without being signed in.

import { createRouter, createWebHistory } from 'vue-router';
import { home, mayOpen, screens } from './screens';
import { loadSession, session } from './store/session';
import { watch } from 'vue';

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: () => import('./views/NoneView.vue') },
    { path: '/login', name: 'login', component: () => import('./views/LoginView.vue'), meta: { open: true } },
    ...screens.map(({ name, path, view, open }) => ({ name, path, component: view, meta: { open: open === true } })),
    { path: '/:rest(.*)*', name: 'none', component: () => import('./views/NoneView.vue') },
  ],
});

router.beforeEach(async (to) => {
  if (session.state === 'unknown') await loadSession();
  if (session.state === 'out' && to.meta.open !== true) {
    return { name: 'login', query: to.name === 'home' ? {} : { to: to.fullPath } };
  }
  if (session.state === 'in' && to.name === 'home') return home();
  if (session.state === 'in' && to.name === 'login') return inside(to.query.to);
  const screen = screens.find(({ name }) => name === to.name);
  if (session.state === 'in' && screen !== undefined && !mayOpen(screen, session.who?.role)) {
    return { name: 'none', params: { rest: to.path.slice(1).split('/') }, replace: true };
  }
  return true;
});

/** Only a path of our own: a link in a mail must not send anybody elsewhere after signing in. */
export function inside(path: unknown): string {
  return typeof path === 'string' && /^\/[^/\\]/.test(path) ? path : home();
}

watch(
  () => session.state,
  (state) => {
    const route = router.currentRoute.value;
    if (state === 'out' && route.meta.open !== true && route.matched.length > 0) void router.replace({ name: 'login' });
  },
);
