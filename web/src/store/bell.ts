// One short sound, for red only, unless muted. Browsers refuse sound before the person has touched the page: then there is none.

import { sound } from './prefs';

let context: AudioContext | null = null;

export function bell(): void {
  if (sound.value !== 'on') return;
  try {
    context ??= new AudioContext();
    const tone = context.createOscillator();
    const gain = context.createGain();
    const now = context.currentTime;
    tone.frequency.setValueAtTime(880, now);
    tone.frequency.setValueAtTime(660, now + 0.18);
    gain.gain.setValueAtTime(0.12, now);
    gain.gain.exponentialRampToValueAtTime(0.001, now + 0.5);
    tone.connect(gain).connect(context.destination);
    tone.start(now);
    tone.stop(now + 0.5);
  } catch {
    // No sound on this machine.
  }
}
