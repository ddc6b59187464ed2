// Reference data every screen may need: units, matters, areas. Read once when first asked for; what failed is asked for again.

import { computed, shallowRef, type ShallowRef } from 'vue';
import { directory } from '../api/console';
import type { Areas, Matter, Unit } from '../api/types';

function once<T>(read: () => Promise<T>): { value: ShallowRef<T | null>; load: () => Promise<T> } {
  const value = shallowRef<T | null>(null);
  let under: Promise<T> | null = null;
  return {
    value,
    load() {
      under ??= read().then(
        (answer) => (value.value = answer),
        (e: unknown) => {
          under = null;
          throw e;
        },
      );
      return under;
    },
  };
}

const unitsOnce = once(async () => (await directory.units()).units as Unit[]);
const mattersOnce = once(async () => (await directory.matters()).matters as Matter[]);
const gridsOnce = once(() => directory.areas('grid'));

export const units = unitsOnce.value;
export const matters = mattersOnce.value;
export const loadUnits = unitsOnce.load;
export const loadMatters = mattersOnce.load;
export const loadGrids: () => Promise<Areas> = gridsOnce.load;

export const unitByCode = computed(() => new Map((units.value ?? []).map((unit) => [unit.code, unit])));
