// What a code in a file means, in words, beside it: units by name, words of the vocabulary, limits.

import { lang } from '../../store/prefs';
import { nameOf, word } from '../../i18n';
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

function known(group: 'stage' | 'urgency' | 'role', code: string): string {
  const text = word(group, code);
  return text === code ? '' : text;
}

/** '' when the cell says it itself. */
export function gloss(column: string, cell: string): string {
  if (cell === '') return '';
  if (UNITS.has(column)) return nameOf(unitByCode.value.get(cell)?.name);
  if (column === 'urgency') return known('urgency', cell);
  if (column === 'role') return known('role', cell);
  if (column === 'name') return known('stage', cell);
  const [, amount, unit] = /^(\d+)([wn][mhd])$/.exec(cell) ?? [];
  return amount === undefined ? '' : `${amount} ${SPANS[unit!]![lang.value === 'zh' ? 0 : 1]}`;
}
