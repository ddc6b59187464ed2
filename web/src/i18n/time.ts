// Times and spans in words. The city's time zone is shown everywhere, whatever the desk is set to.

import { t } from './index';

const MINUTE = 60_000;
/** The city is this far ahead of UTC. */
export const CITY_OFFSET_MS = 8 * 60 * MINUTE;

const two = (n: number) => String(n).padStart(2, '0');

function city(ms: number): Date {
  return new Date(ms + CITY_OFFSET_MS);
}

/** 14:32:07 */
export function clock(ms: number): string {
  const d = city(ms);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
}

/** 14:32 today, else 11-21 14:32, in another year with it. */
export function moment(ms: number, now: number): string {
  const d = city(ms);
  const n = city(now);
  const time = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
  const day = `${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
  if (d.getUTCFullYear() !== n.getUTCFullYear()) return `${d.getUTCFullYear()}-${day} ${time}`;
  return d.getUTCMonth() === n.getUTCMonth() && d.getUTCDate() === n.getUTCDate() ? time : `${day} ${time}`;
}

/** A span to the minute, in the two largest units. */
export function span(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / MINUTE);
  if (minutes < 60) return t('time.m', { m: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t('time.h', { h: hours, m: two(minutes % 60) });
  return t('time.d', { d: Math.floor(hours / 24), h: hours % 24 });
}

/** A span in its largest unit alone, for narrow columns. */
export function roughly(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / MINUTE);
  if (minutes < 60) return t('time.m', { m: minutes });
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? t('time.hours', { h: hours }) : t('time.days', { d: Math.floor(hours / 24) });
}

/** How long ago, to the minute. */
export function age(ms: number): string {
  return ms < MINUTE ? t('time.now') : span(ms);
}

/** 1:02:03, or 2:03 under an hour. */
export function countdown(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1_000);
  const h = Math.floor(seconds / 3_600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return h > 0 ? `${h}:${rest}` : rest;
}
