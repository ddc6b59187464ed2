// What this desk prefers, kept in the browser: language, theme, filters of the queue page. Nothing secret.

import { ref, watch, type Ref } from 'vue';

function kept<T extends string>(key: string, allowed: readonly T[], fallback: T): Ref<T> {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(`paidan.${key}`);
  } catch {
    // Storage may be switched off; the preference then lasts as long as the page.
  }
  const value = ref(allowed.includes(stored as T) ? (stored as T) : fallback) as Ref<T>;
  watch(value, (now) => {
    try {
      localStorage.setItem(`paidan.${key}`, now);
    } catch {
      // See above.
    }
  });
  return value;
}

export type Lang = 'zh' | 'en';
export type Theme = 'light' | 'dark';

const systemTheme: Theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';

export const lang = kept<Lang>('lang', ['zh', 'en'], 'zh');
export const theme = kept<Theme>('theme', ['light', 'dark'], systemTheme);
export const nonempty = kept<'yes' | 'no'>('nonempty', ['yes', 'no'], 'no');
export const sound = kept<'on' | 'off'>('sound', ['on', 'off'], 'on');
export const below = kept<'yes' | 'no'>('below', ['yes', 'no'], 'no');
export const order = kept<'plan' | 'urgent'>('order', ['plan', 'urgent'], 'plan');

watch(theme, (now) => document.documentElement.classList.toggle('dark', now === 'dark'), { immediate: true });
watch(lang, (now) => (document.documentElement.lang = now === 'zh' ? 'zh-CN' : 'en'), { immediate: true });
