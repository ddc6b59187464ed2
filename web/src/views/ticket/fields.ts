// How each field a command may take is asked for. Which command takes which field is the server's to say (store/commands.ts); a
// field that is new there needs a line here, a control in ActionField.vue and its name in words.ts, and a test says so.

/** code: a single line in a fixed spelling; words: one of a set of the vocabulary; text: as many lines as it takes. */
export type Control =
  | 'unit'
  | 'units'
  | 'matter'
  | 'words'
  | 'assignment'
  | 'card'
  | 'files'
  | 'request'
  | 'time'
  | 'yes'
  | 'score'
  | 'code'
  | 'text';

interface Asking {
  as: Control;
  /** Of words: the set's name in the OpenAPI document. */
  set?: string;
  /** Of a code: what it looks like. */
  like?: string;
}

/** In the order in which a person thinks of them. `version` is ours to fill in. */
export const FIELDS: Readonly<Record<string, Asking>> = {
  unit: { as: 'unit' },
  units: { as: 'units' },
  assignment: { as: 'assignment' },
  card: { as: 'card' },
  rung: { as: 'words', set: 'Rung' },
  other: { as: 'code', like: 'T…' },
  to: { as: 'code', like: 'police-110' },
  request: { as: 'request' },
  matter: { as: 'matter' },
  urgency: { as: 'words', set: 'Urgency' },
  place: { as: 'unit' },
  until: { as: 'time' },
  result: { as: 'words', set: 'Result' },
  satisfied: { as: 'yes' },
  score: { as: 'score' },
  reason: { as: 'text' },
  basis: { as: 'text' },
  answer: { as: 'text' },
  note: { as: 'text' },
  attachments: { as: 'files' },
};
const ORDER = Object.keys(FIELDS);

/** Of a return the reason is a word, so that returns can be counted by it. */
export function asking(command: string, field: string): Asking {
  if (command === 'return' && field === 'reason') return { as: 'words', set: 'ReturnReason' };
  return FIELDS[field] ?? { as: 'text' };
}

export function inOrder<T extends { name: string }>(fields: readonly T[]): T[] {
  const place = (name: string) => (ORDER.indexOf(name) + ORDER.length + 1) % (ORDER.length + 1);
  return [...fields].sort((a, b) => place(a.name) - place(b.name));
}

/** Optional fields that belong to the act all the same. */
export const USUAL: Readonly<Record<string, readonly string[]>> = {
  dispatch: ['note', 'units'],
  adjudicate: ['basis'],
  answer: ['answer', 'result', 'attachments'],
  contact: ['attachments'],
  note: ['attachments'],
  finish: ['result', 'attachments'],
  pass: ['note', 'attachments'],
  fail: ['attachments'],
  reply: ['attachments'],
  solved: ['satisfied'],
  unsolved: ['satisfied'],
  grant_extension: ['until'],
  grant_suspension: ['until'],
  whistle: ['note'],
  supplement: ['note', 'matter', 'place', 'urgency'],
  transfer: ['to', 'basis'],
  release_assist: ['assignment'],
  score: ['assignment'],
  appeal_card: ['card'],
  withdraw_card: ['card'],
  refuse_appeal: ['card'],
};
