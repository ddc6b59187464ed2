// Sentences of one screen, in both languages, beside the screen: they travel in its chunk, not in the first one. The compiler sees
// that both languages have the same sentences. Shared ones are in zh.ts and en.ts.
//
//   const say = words({ 'hello': '你好，{who}' }, { 'hello': 'Hello {who}' });      say('hello', { who: 'A' })
//
// English that counts gives both forms: '{n} ticket|{n} tickets', chosen by `n`.

import { lang } from '../store/prefs';

export type Values = Record<string, string | number>;

export function filled(text: string, values: Values | undefined): string {
  if (values === undefined) return text;
  const [one, many] = text.split('|');
  const form = many === undefined || String(values.n) === '1' ? one! : many;
  return form.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

export function words<K extends string>(zh: Record<K, string>, en: Record<NoInfer<K>, string>) {
  return (key: K, values?: Values): string => filled(lang.value === 'zh' ? zh[key] : en[key], values);
}
