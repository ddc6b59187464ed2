// Words on the screen. t() reads the language, so whatever uses it is redrawn when the language changes.

import { lang } from '../store/prefs';
import { ApiError } from '../api/http';
import type { Name } from '../api/types';
import { en } from './en';
import { filled } from './words';
import { zh, type Key } from './zh';

export type { Key };

export function t(key: Key, values?: Record<string, string | number>): string {
  return filled(lang.value === 'zh' ? zh[key] : en[key], values);
}

/** For codes the server sends: a known one in words, an unknown one as it is. */
export function word(group: 'state' | 'role' | 'stage' | 'urgency', code: string | null | undefined): string {
  if (!code) return '';
  const key = `${group}.${code.replace(/-/g, '_')}`;
  return key in zh ? t(key as Key) : code;
}

export function nameOf(name: Name | null | undefined): string {
  if (name === null || name === undefined) return '';
  return lang.value === 'zh' ? name.zh || name.en : name.en || name.zh;
}

/** An action as a sentence: the vocabulary's English is lower case. */
export function sentence(name: Name | null | undefined): string {
  const text = nameOf(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const grouped = new Intl.NumberFormat('en-US');
export function number(n: number): string {
  return grouped.format(n);
}

export function errorText(e: unknown): string {
  if (!(e instanceof ApiError)) return e instanceof Error ? e.message : String(e);
  if (e.status === 0) return t('error.network');
  if (e.status === 503 || e.status === 502 || e.status === 504) return t('error.busy');
  if (e.problem?.detail) return e.problem.detail;
  if (e.status === 403) return t('error.forbidden');
  if (e.status === 404) return t('error.notfound');
  return t('error.other', { n: e.status });
}
