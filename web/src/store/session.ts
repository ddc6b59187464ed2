// Who is at this desk. 'expired' keeps the page and its typed text and asks for the password on top of it.

import { shallowReactive } from 'vue';
import { session as calls } from '../api/console';
import { ApiError, hooks } from '../api/http';
import type { Session } from '../api/types';
import { lang } from './prefs';

/** Other tabs of this browser share the cookie: they hear who signed in or off. */
const SIGN = 'paidan.signed';
const sign = (user: string): void => localStorage.setItem(SIGN, `${user} ${Date.now()}`);

export const session = shallowReactive({
  state: 'unknown' as 'unknown' | 'in' | 'out' | 'expired' | 'unreachable',
  who: null as Session | null,
});

hooks.csrf = () => session.who?.csrf ?? '';
hooks.language = () => (lang.value === 'zh' ? 'zh-CN' : 'en');

/** Calls that were refused because the session had ended; they go on when the same person is back. */
let waiting: ((again: boolean) => void)[] = [];

hooks.unauthorised = () => {
  expire();
  if (session.state !== 'expired') return Promise.resolve(false);
  return new Promise((resolve) => waiting.push(resolve));
};

export function expire(): void {
  if (session.state === 'in') session.state = 'expired';
}

function settle(again: boolean): void {
  const calls = waiting;
  waiting = [];
  for (const call of calls) call(again);
}

function enter(who: Session): void {
  const same = session.who?.user === who.user;
  session.who = who;
  session.state = 'in';
  settle(same);
}

/** Asks the server who we are; returns when it is known, or the server cannot be reached. */
export async function loadSession(): Promise<void> {
  try {
    enter(await calls.get());
  } catch (e) {
    session.who = null;
    session.state = e instanceof ApiError && e.status >= 400 && e.status < 500 ? 'out' : 'unreachable';
  }
}

export async function login(user: string, password: string): Promise<void> {
  enter(await calls.login(user, password));
  sign(session.who!.user);
}

/** Asks again who we are, without disturbing anything: the session lives on, and what another tab did is noticed. */
export async function renew(): Promise<void> {
  try {
    const who = await calls.get();
    if (session.who !== null && who.user !== session.who.user) location.assign('/');
    else enter(who);
  } catch (e) {
    if (e instanceof ApiError && e.status === 401) expire();
  }
}

addEventListener('storage', ({ key, newValue }) => {
  if (key !== SIGN || (session.state !== 'in' && session.state !== 'expired')) return;
  const user = newValue?.split(' ')[0] ?? '';
  if (user !== '') void renew();
  else leave();
});

function leave(): void {
  session.who = null;
  session.state = 'out';
  settle(false);
}

export async function logout(): Promise<void> {
  try {
    await calls.logout();
  } finally {
    sign('');
    leave();
  }
}
