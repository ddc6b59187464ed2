// Who is at this desk. 'expired' keeps the page and its typed text and asks for the password on top of it.

import { shallowReactive } from 'vue';
import { session as calls } from '../api/console';
import { ApiError, hooks } from '../api/http';
import type { Session } from '../api/types';
import { lang } from './prefs';

export const session = shallowReactive({
  state: 'unknown' as 'unknown' | 'in' | 'out' | 'expired' | 'unreachable',
  who: null as Session | null,
});

hooks.csrf = () => session.who?.csrf ?? '';
hooks.language = () => (lang.value === 'zh' ? 'zh-CN' : 'en');
hooks.unauthorised = expire;

export function expire(): void {
  if (session.state === 'in') session.state = 'expired';
}

function enter(who: Session): void {
  session.who = who;
  session.state = 'in';
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
}

export async function logout(): Promise<void> {
  try {
    await calls.logout();
  } finally {
    session.who = null;
    session.state = 'out';
  }
}
