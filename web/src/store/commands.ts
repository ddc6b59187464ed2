// What each command takes, from the system's own OpenAPI document: a command that is new there has its form here.

import { shallowRef } from 'vue';
import { api } from '../api/http';
import type { Name } from '../api/types';

export interface Field {
  name: string;
  required: boolean;
}

interface Schema {
  required?: string[];
  properties?: Record<string, unknown>;
}

interface Document {
  paths: Record<string, { post?: { requestBody?: { content: { 'application/json': { schema: Schema } } } } }>;
  components: { schemas: Record<string, { 'x-words'?: Record<string, Name> }> };
}

const document_ = shallowRef<Document | null>(null);
let under: Promise<unknown> | null = null;

export function loadCommands(): Promise<unknown> {
  under ??= api<Document>('GET', '/api/openapi.json').then(
    (answer) => (document_.value = answer),
    (e: unknown) => {
      under = null;
      throw e;
    },
  );
  return under;
}

/** null while the document is not there. `version` is ours to fill in. */
export function fieldsOf(command: string): Field[] | null {
  if (document_.value === null) return null;
  const schema =
    document_.value.paths[`/api/v1/tickets/{number}/${command}`]?.post?.requestBody?.content['application/json'].schema;
  const required = schema?.required ?? [];
  return Object.keys(schema?.properties ?? {})
    .filter((name) => name !== 'version')
    .map((name) => ({ name, required: required.includes(name) }));
}

/** The words of a set, by code. */
export function wordsOf(set: string): { code: string; name: Name }[] {
  const found = document_.value?.components.schemas[set]?.['x-words'] ?? {};
  return Object.entries(found).map(([code, name]) => ({ code, name }));
}

/** Done by one press: nothing must be said with it. */
export const AT_ONCE: ReadonlySet<string> = new Set(['sign', 'arrive', 'urge']);

/** What takes an act back, where the lifecycle has it. */
export const INVERSE: Readonly<Record<string, string>> = {
  merge: 'unmerge',
  transfer: 'take_back',
  dispatch: 'triage',
  add_assist: 'release_assist',
  close: 'reopen',
};

/** What a person most likely came to do, first. */
const LIKELY = [
  ...['sign', 'dispatch', 'adjudicate', 'force', 'grant_extension', 'refuse_extension', 'grant_suspension'],
  ...['refuse_suspension', 'grant_finish', 'refuse_finish', 'arrive', 'finish', 'contact', 'answer', 'pass', 'fail'],
  ...['solved', 'unsolved', 'unreachable', 'reply', 'withdraw_card', 'refuse_appeal', 'return', 'score', 'resume', 'reopen'],
  ...['whistle', 'add_assist', 'release_assist', 'pass_down', 'pass_up', 'ask_extension', 'ask_suspension', 'ask'],
  ...['supplement', 'merge', 'unmerge', 'urge', 'supervise', 'note', 'take_back', 'transfer', 'split', 'appeal_card'],
  ...['triage', 'decline', 'close', 'void'],
];

/** `next`: what the ticket waits for, if that is a command. */
export function likelyFirst<T extends { command: string }>(possible: readonly T[], next?: string): T[] {
  const place = (command: string) => (command === next ? -1 : (LIKELY.indexOf(command) + 100) % 100);
  return [...possible].sort((a, b) => place(a.command) - place(b.command));
}
