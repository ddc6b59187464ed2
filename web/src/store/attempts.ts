// An act that has no answer yet is sent again as it was, under its key and for the version it was meant for, so that it happens once:
// also after its form was closed in between, and after the page has read the ticket again.

import { ticket as calls } from '../api/console';
import { ApiError, mayPass } from '../api/http';
import { newKey } from '../api/key';
import type { Done, TicketDetail } from '../api/types';

/** After so long it is a new act that is meant. */
const MEANT_MS = 10 * 60_000;
const unanswered = new Map<string, { key: string; version: string; said: string; at: number }>();

/** Whether the act happened is not known; who is signed out tells nothing of an earlier try. */
const isUnknown = (e: unknown): boolean => mayPass(e) || (e instanceof ApiError && e.status === 401);

/** Throws what it was refused with. `said`: the command's fields but the version. */
export async function act(
  { number, version }: Pick<TicketDetail, 'number' | 'version'>,
  command: string,
  said: Record<string, unknown> = {},
): Promise<Done> {
  const id = `${number} ${command}`;
  const text = JSON.stringify(said);
  const last = unanswered.get(id);
  const before = last !== undefined && Date.now() - last.at < MEANT_MS ? last : undefined;
  // Said differently it is another request; if the first one happened after all, the version tells.
  const attempt = before?.said === text ? before : { key: newKey(), version: before?.version ?? version, said: text, at: Date.now() };
  unanswered.set(id, attempt);
  try {
    const done = await calls.act(number, command, { version: attempt.version, ...said }, attempt.key);
    unanswered.delete(id);
    return done;
  } catch (e) {
    if (!isUnknown(e)) unanswered.delete(id);
    throw e;
  }
}
