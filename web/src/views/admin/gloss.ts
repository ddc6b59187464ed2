// What a code in a file means, in words, beside it: units by name, words of the vocabulary, limits.

import { lang } from '../../store/prefs';
import { nameOf, sentence, word } from '../../i18n';
import { moment } from '../../i18n/time';
import { nowMinute } from '../../store/clock';
import { loadCommands, wordsOf } from '../../store/commands';
import { unitByCode } from '../../store/directory';

const UNITS: ReadonlySet<string> = new Set(['parent', 'lead', 'unit', 'place', 'target', 'community']);
const SPANS: Record<string, [zh: string, en: string]> = {
  wm: ['工作分钟', 'working minutes'],
  wh: ['工作小时', 'working hours'],
  wd: ['个工作日', 'working days'],
  nm: ['分钟', 'minutes'],
  nh: ['小时', 'hours'],
  nd: ['天', 'days'],
};

/** Kinds of rows in files of calendars and policies. */
const ROWS: Record<string, [zh: string, en: string]> = {
  published: ['已公布的年份', 'published years'],
  nominal: ['一个工作日的长度', 'length of a working day'],
  hours: ['工作时间', 'hours'],
  off: ['放假', 'off'],
  work: ['调休上班', 'worked'],
  half: ['半天', 'half a day'],
  limit: ['期限', 'limit'],
  rung: ['预警', 'rung'],
  setting: ['设置', 'setting'],
};

function known(group: 'stage' | 'urgency' | 'role', code: string): string {
  const text = word(group, code);
  return text === code ? '' : text;
}

/** '' when the cell says it itself. */
export function gloss(column: string, cell: string): string {
  if (cell === '') return '';
  if (UNITS.has(column)) return nameOf(unitByCode.value.get(cell)?.name);
  if (column === 'urgency') return known('urgency', cell);
  if (column === 'kind') return wordOf('UnitKind', cell);
  if (column === 'row') return ROWS[cell]?.[lang.value === 'zh' ? 0 : 1] ?? '';
  if (column === 'role') return known('role', cell);
  if (column === 'name') return known('stage', cell);
  const [, amount, unit] = /^(\d+)([wn][mhd])$/.exec(cell) ?? [];
  return amount === undefined ? '' : `${amount} ${SPANS[unit!]![lang.value === 'zh' ? 0 : 1]}`;
}

/** By the system's own vocabulary; '' until it is here, and of what it does not know. */
function wordOf(set: string, code: string): string {
  void loadCommands().catch(() => null);
  return sentence(wordsOf(set).find((one) => one.code === code)?.name);
}

export const eventName = (code: string): string => wordOf('EventType', code) || code;

/** A time as the server writes it, as people say it; "—" when there is none. */
export const when = (time: string | null | undefined): string => (time ? moment(Date.parse(time), nowMinute.value) : '—');
