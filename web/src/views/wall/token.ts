// The wall's token: taken from the address (#token=...) or the set-up page, kept on this machine, and out of the address bar at once,
// since everybody in the hall can read that. While the wall is shown every call is made with it.

import { ref } from 'vue';
import { hooks } from '../../api/http';

const KEY = 'paidan.wall.token';

function stored(): string {
  try {
    return localStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

export const token = ref('');

export function useToken(given: string): void {
  token.value = given.trim();
  try {
    if (token.value === '') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, token.value);
  } catch {
    // Storage is switched off: the token lasts as long as the page, and the address must be opened again.
  }
}

/** Before the first call; returns what undoes it. */
export function beginWithToken(): () => void {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    useToken(given);
    history.replaceState(history.state, '', location.pathname + location.search);
  } else token.value = stored();
  const before = hooks.bearer;
  hooks.bearer = () => token.value;
  return () => (hooks.bearer = before);
}
