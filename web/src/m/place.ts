// Where the page is: a handful of addresses under /m/, and the way back. The phone's page is too small for a router.

import { shallowRef } from 'vue';

export type View = 'home' | 'report' | 'tasks' | 'task' | 'sent' | 'progress' | 'login';

export interface Where {
  view: View;
  /** task: its number; report: a matter's code, or '' */
  of: string;
}

const VIEWS: readonly string[] = ['report', 'tasks', 'sent', 'progress', 'login'];

function read(): Where {
  const [first = '', second = ''] = location.pathname.replace(/^\/m\/?/, '').split('/');
  if (first === 'task' && /^T\d{17}$/.test(second)) return { view: 'task', of: second };
  if (first === 'progress') return { view: 'progress', of: /^R\d{17}$/.test(second) ? second : '' };
  return VIEWS.includes(first) ? { view: first as View, of: second } : { view: 'home', of: '' };
}

export const where = shallowRef<Where>(read());
let depth = 0;

function path({ view, of }: Where): string {
  return view === 'home' ? '/m/' : `/m/${view}${of === '' ? '' : `/${of}`}`;
}

export function go(view: View, of = '', instead = false): void {
  const to = { view, of };
  if (instead) history.replaceState(null, '', path(to));
  else {
    history.pushState(null, '', path(to));
    depth++;
  }
  where.value = to;
  scrollTo(0, 0);
}

/** As the phone's own back does; from a page opened by its address, to the first one. */
export function back(): void {
  if (depth > 0) history.back();
  else go('home', '', true);
}

addEventListener('popstate', () => {
  depth = Math.max(0, depth - 1);
  where.value = read();
});
