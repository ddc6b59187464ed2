// A report as it is written: kept at each keystroke, so that neither a call nor an empty battery loses it, and made into what is sent.

import { lang } from '../store/prefs';
import type { Found, Point } from './locate';
import { newId, type Entry } from './outbox';
import type { Photo } from './photo';
import { say } from './words';

export interface Draft {
  /** The number it will have at its source; the same when it is mended. */
  id: string;
  at: string | null;
  matter: string;
  matterName: string;
  text: string;
  address: string;
  urgency: 'normal' | 'urgent' | 'danger';
  handled: boolean;
  answer: string;
  name: string;
  phone: string;
  confidential: boolean;
  photos: Photo[];
  /** Chosen by hand; null: where the phone is. 'grid': the own one. */
  chosen: Point | 'grid' | null;
  /** Where the phone was, when it knew. */
  found: Found | null;
}

export const blank = (matter = '', matterName = ''): Draft => ({
  id: newId(),
  at: null,
  matter,
  matterName,
  text: '',
  address: '',
  urgency: 'normal',
  handled: false,
  answer: '',
  name: '',
  phone: '',
  confidential: false,
  photos: [],
  chosen: null,
  found: null,
});

/** Whether somebody would miss it. */
export function isWritten(d: Draft): boolean {
  return [d.text, d.address, d.answer].some((text) => text.trim() !== '') || d.photos.length > 0;
}

const PHONE = /^[+\d][\d\s-]*$/;
export function isPhone(text: string): boolean {
  const digits = text.replace(/\D/g, '').length;
  return PHONE.test(text.trim()) && digits >= 7 && digits <= 15;
}

export type Missing = 'text' | 'answer' | 'phone';

export function missing(d: Draft, resident: boolean): Missing | null {
  if (d.text.trim() === '' && d.photos.length === 0 && (resident || d.matter === '')) return 'text';
  if (d.handled && d.answer.trim() === '') return 'answer';
  return resident && !isPhone(d.phone) ? 'phone' : null;
}

function locationOf(d: Draft, grid: string | null): Record<string, unknown> | undefined {
  const point = d.chosen !== null && d.chosen !== 'grid' ? d.chosen : d.chosen === null ? d.found : null;
  const location: Record<string, unknown> = {};
  if (point !== null) Object.assign(location, { lon: Number(point.lon.toFixed(6)), lat: Number(point.lat.toFixed(6)) });
  else if (grid !== null) location.grid = grid;
  if (d.address.trim() !== '') location.address = d.address.trim();
  return Object.keys(location).length > 0 ? location : undefined;
}

/** Bytes, as the server counts. */
function cut(text: string, bytes: number): string {
  const encoder = new TextEncoder();
  let out = '';
  let used = 0;
  for (const letter of text) {
    used += encoder.encode(letter).length;
    if (used > bytes) break;
    out += letter;
  }
  return out;
}

export function entryOf(d: Draft, who: { user: string; grid: string | null } | null): Entry {
  const at = d.at ?? new Date().toISOString();
  const text = d.text.trim();
  const title = cut(d.matterName || text.split('\n')[0]! || say('report.photo.only'), 120);
  const handled = who !== null && d.handled ? d.answer.trim() : undefined;
  const description = [text, handled === undefined ? '' : say('report.handled.note', { answer: handled })].filter(Boolean).join('\n');
  const phone = d.phone.trim();
  const body: Record<string, unknown> = { external_id: d.id, title, occurred_at: at };
  if (description !== '') body.description = description;
  if (d.matter !== '') body.matter = d.matter;
  const location = locationOf(d, who?.grid ?? null);
  if (location !== undefined) body.location = location;
  if (who !== null) body.urgency = d.urgency;
  else body.requester = { phone, confidential: d.confidential, ...(d.name.trim() === '' ? {} : { name: d.name.trim() }) };
  return {
    id: d.id,
    kind: 'report',
    by: who?.user ?? null,
    at,
    lang: lang.value,
    title,
    path: who === null ? '/api/v1/public/requests' : '/api/v1/requests',
    body,
    photos: d.photos,
    handled,
    state: 'waiting',
    tries: 0,
    next: 0,
    digits: who === null ? phone.replace(/\D/g, '').slice(-4) : undefined,
  };
}

/** What was refused, to be mended: under the same number and time, unless that number is taken. */
export function draftOf(entry: Entry, matterName: string): Draft {
  const body = entry.body as Record<string, string> & {
    location?: { lon?: number; lat?: number; address?: string; grid?: string };
    requester?: { phone?: string; name?: string; confidential?: boolean };
  };
  const { lon, lat } = body.location ?? {};
  return {
    ...blank(body.matter ?? '', matterName),
    id: entry.status === 409 ? newId() : entry.id,
    at: entry.at,
    text: entry.handled === undefined ? (body.description ?? '') : (body.description ?? '').split('\n').slice(0, -1).join('\n'),
    address: body.location?.address ?? '',
    urgency: (body.urgency as Draft['urgency'] | undefined) ?? 'normal',
    handled: entry.handled !== undefined,
    answer: entry.handled ?? '',
    name: body.requester?.name ?? '',
    phone: body.requester?.phone ?? '',
    confidential: body.requester?.confidential ?? false,
    photos: entry.photos,
    chosen: lon !== undefined && lat !== undefined ? { lon, lat } : body.location?.grid !== undefined ? 'grid' : null,
  };
}
