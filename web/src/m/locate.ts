// Where the phone is: asked once a report begins, made better while it is written, never asked for otherwise.

import { onBeforeUnmount, shallowRef } from 'vue';

export interface Point {
  lon: number;
  lat: number;
}
export interface Found extends Point {
  /** Metres. */
  accuracy: number;
}
export type Locating = 'idle' | 'asking' | 'found' | 'denied' | 'failed';

const PATIENCE_MS = 15_000;
const GOOD_M = 15;

export function useLocation() {
  const state = shallowRef<Locating>('idle');
  const found = shallowRef<Found | null>(null);
  let watching: number | null = null;

  function stop(): void {
    if (watching !== null) navigator.geolocation.clearWatch(watching);
    watching = null;
  }

  function start(): void {
    stop();
    if (navigator.geolocation === undefined) {
      state.value = 'failed';
      return;
    }
    state.value = 'asking';
    watching = navigator.geolocation.watchPosition(
      ({ coords }) => {
        const now = { lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy };
        if (found.value === null || now.accuracy <= found.value.accuracy) found.value = now;
        state.value = 'found';
        if (now.accuracy <= GOOD_M) stop();
      },
      (error) => {
        stop();
        if (found.value === null) state.value = error.code === error.PERMISSION_DENIED ? 'denied' : 'failed';
      },
      { enableHighAccuracy: true, timeout: PATIENCE_MS, maximumAge: 30_000 },
    );
  }

  onBeforeUnmount(stop);
  return { state, found, start };
}
