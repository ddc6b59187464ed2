// What was typed into forms that are not sent yet: closing a form, leaving the page or signing in again loses nothing. In memory only,
// because it may name people.

const drafts = new Map<string, Record<string, unknown>>();

export function draftOf(ticket: string, command: string): Record<string, unknown> {
  const key = `${ticket} ${command}`;
  let draft = drafts.get(key);
  if (draft === undefined) drafts.set(key, (draft = {}));
  return draft;
}

export function dropDraft(ticket: string, command: string): void {
  drafts.delete(`${ticket} ${command}`);
}
