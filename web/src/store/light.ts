// A ticket's light at a moment, so that it turns on this screen at the second and not when the next message comes.

import type { Light } from '../api/types';

export function ticketLight(due: string | null, yellowAt: string | null, now: number): Light {
  if (due !== null && now >= Date.parse(due)) return 'red';
  return yellowAt !== null && now >= Date.parse(yellowAt) ? 'yellow' : 'green';
}
