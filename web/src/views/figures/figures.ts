// What is counted, as it stands in the address, and the calls for it.

import { get } from '../../api/client';
import { ApiError, credentials, hooks } from '../../api/http';
import type { components } from '../../api/openapi';
import type { Problem } from '../../api/types';

type Schemas = components['schemas'];
export type Figures = Schemas['Figures'];
export type Row = Schemas['FiguresRow'];
export type Rate = Pick<Row['rates'][number], 'code' | 'name' | 'numerator' | 'denominator' | 'value'>;
export type Explained = Schemas['FiguresExplained'];
export type Part = 'denominator' | 'numerator' | 'missed';

export const PERIODS = ['month', 'before', 'week', 'day', 'year', 'own'] as const;
export type Period = (typeof PERIODS)[number];
export const CHANNELS = ['phone', 'wechat', 'web', 'app', 'grid', 'unit', 'police'] as const;

export interface Scope {
  unit?: string | undefined;
  matter?: string | undefined;
  channel?: Schemas['Channel'] | undefined;
  period?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

const DAY_MS = 86_400_000;
const CITY_MS = 8 * 3_600_000;

/** A day of the city, 2026-11-22. */
export const dayOf = (ms: number) => new Date(ms + CITY_MS).toISOString().slice(0, 10);
/** The day after: the interface counts up to a day's beginning. */
export const dayAfter = (day: string) => new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);

/** The interface's words for a period; `from` and `to` (inclusive) count for 'own' only. */
export function datesOf(period: Period, now: number, from: string, to: string): Pick<Scope, 'period' | 'from' | 'to'> {
  const today = dayOf(now);
  switch (period) {
    case 'month':
      return { period: today.slice(0, 7) };
    case 'before':
      return { period: dayOf(Date.parse(`${today.slice(0, 7)}-01`) - DAY_MS).slice(0, 7) };
    case 'week':
      return { from: dayOf(now - 6 * DAY_MS), to: dayAfter(today) };
    case 'day':
      return { period: today };
    case 'year':
      return { period: today.slice(0, 4) };
    case 'own':
      return { from: from || today, to: dayAfter(to || today) };
  }
}

export type By = 'unit' | 'matter' | 'channel';
export type Each = 'day' | 'week' | 'month';

export const figures = {
  of: (scope: Scope, signal: AbortSignal) => get('/api/v1/figures', { query: scope, signal }),
  by: (scope: Scope, by: By, signal: AbortSignal) => get('/api/v1/figures', { query: { ...scope, by }, signal }),
  each: (scope: Scope, each: Each, signal: AbortSignal) => get('/api/v1/figures', { query: { ...scope, each }, signal }),
  explain: (scope: Scope, rate: string, part: Part, cursor: string | undefined, signal: AbortSignal) =>
    get('/api/v1/figures/explain', { query: { ...scope, rate, part, cursor, limit: 50 }, signal }),
  formulas: () => get('/api/v1/figures/formulas'),
};

/** The file, saved by the browser; refused is an ApiError as ever. */
export async function saveCsv(scope: Scope, by: By): Promise<void> {
  const query = new URLSearchParams({ by });
  for (const [key, value] of Object.entries(scope)) if (value) query.set(key, String(value));
  const { headers, credentials: who } = credentials();
  const answer = await fetch(`/api/v1/figures/export?${query}`, {
    headers: { ...headers, 'Accept-Language': hooks.language() },
    credentials: who,
  }).catch(() => null);
  if (answer === null) throw new ApiError(0, null, null);
  if (!answer.ok) throw new ApiError(answer.status, (await answer.json().catch(() => null)) as Problem | null, null);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `figures-${by}-${scope.period ?? `${scope.from}-${scope.to}`}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
