// What is played: the requests of db/demo/day.csv, or of a file of real messages (DATA=messages.csv), each with the moment at which
// it arrives. The day played is the last 24 hours: a request comes at its own time of day, so that what is said of the night
// happens at night, and the day ends now.
import fs from 'node:fs';
import path from 'node:path';

import { parseCsv } from './csv.mjs';
import { root } from './house.mjs';

export const DAY_MS = 24 * 3600 * 1000;
const LOCAL_MS = 8 * 3600 * 1000; // local time is +08:00 all year
const QUIET_END_MS = 90 * 1000; // the last ones arrive a little before the end

// The last moment before `end` with this time of day.
export function momentOf(timeOfDayMs, end) {
  const midnight = Math.floor((end + LOCAL_MS) / DAY_MS) * DAY_MS - LOCAL_MS;
  const today = midnight + timeOfDayMs;
  return today <= end ? today : today - DAY_MS;
}

function timeOfDay(text) {
  const [, h, m, s] = /(\d\d):(\d\d):(\d\d)/.exec(text) ?? [];
  if (h === undefined) throw new Error(`no time of day: ${text}`);
  return ((+h * 60 + +m) * 60 + +s) * 1000;
}

const rfc3339 = (ms) => `${new Date(ms + LOCAL_MS).toISOString().slice(0, 19)}+08:00`;

function ofDemo(row, at) {
  const location = {};
  if (row.lon) Object.assign(location, { lon: Number(row.lon), lat: Number(row.lat) });
  if (row.address) location.address = row.address;
  if (row.grid) location.grid = row.grid;
  const requester = {};
  if (row.requester_phone) requester.phone = row.requester_phone;
  if (row.confidential === 'yes') requester.confidential = true;
  return {
    source: row.source,
    external_id: row.external_id,
    channel: row.channel,
    title: row.title,
    description: row.description,
    occurred_at: rfc3339(at),
    ...(row.matter && { matter: row.matter }),
    ...(row.urgency && { urgency: row.urgency }),
    ...(Object.keys(location).length && { location }),
    ...(Object.keys(requester).length && { requester }),
  };
}

// A line of real messages has a moment, a number and a subject; nothing in it says where, so an operator reads it.
const ofMessage = (row, at) => ({ source: 'hotline-12345', external_id: row.external_id, title: row.subject, occurred_at: rfc3339(at) });

// [{at, body}] by time. `end`: when the day ends.
export function readDay(file, end) {
  const rows = parseCsv(fs.readFileSync(file || path.join(root, 'db/demo/day.csv'), 'utf8'));
  const isMessages = rows.length > 0 && 'subject' in rows[0];
  if (!rows.length || (!isMessages && !('external_id' in rows[0]))) throw new Error(`${file}: neither messages (submitted_at,external_id,subject,likes) nor a sample day`);
  const day = rows.map((row) => {
    const at = momentOf(timeOfDay(isMessages ? row.submitted_at : row.time), end - QUIET_END_MS);
    return { at, body: isMessages ? ofMessage(row, at) : ofDemo(row, at) };
  });
  return day.map((item, i) => [item, i]).sort(([a, i], [b, j]) => a.at - b.at || i - j).map(([item]) => item);
}
