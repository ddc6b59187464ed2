// Secrets the server tells once: they stay on the screen, whatever section is opened, until they are put away.

import { shallowReactive } from 'vue';
import { session } from '../../store/session';

export interface Told {
  label: string;
  secret: string;
}

export const told = shallowReactive<Told[]>([]);
let whose: string | undefined;

export function tellOnce(label: string, secret: string): void {
  forgetOthers();
  told.unshift({ label, secret });
}

/** Another person at this desk does not find the last one's secrets. */
export function forgetOthers(): void {
  if (whose !== session.who?.user) told.splice(0);
  whose = session.who?.user;
}
