// The shapes of the console API under the names this front end uses: taken from the OpenAPI document (openapi.json, dev/api.mjs), so
// that what the document does not say does not compile. Ids and versions are strings, times RFC 3339.

import type { components } from './openapi';

type Schemas = components['schemas'];

export type Name = Schemas['Name'];
/** A word of the vocabulary. */
export type Word = Schemas['Word'];
export type Action = Word;
export type Light = Schemas['Light'];
export type State = Schemas['State'];
export type UnitKind = Schemas['UnitKind'];
export type UnitRef = Schemas['UnitRef'];

export interface Session extends Omit<Schemas['Session'], 'csrf' | 'unit'> {
  csrf: string;
  /** null: an administrator, who belongs to no unit. */
  unit: UnitRef | null;
}

/** One unit's own queue; sums over a subtree are made by store/model.ts. */
export type QueueRow = Omit<Schemas['QueueRow'], 'kind' | 'states'> & { kind: string; states: Record<string, number> };
export type Totals = Schemas['Totals'];
export type Snapshot = Omit<Schemas['Queues'], 'units'> & { units: QueueRow[] };
export type Delta = Omit<Schemas['QueueDelta'], 'units'> & { units: QueueRow[] };
export type TicketChange = Delta['tickets'][number];

export type QueueTicket = Schemas['TicketRow'];
export type QueuePage = Omit<Schemas['Queue'], 'unit'> & { unit: QueueRow };
export type TicketPage = Schemas['Tickets'];

export type TicketDetail = Schemas['Ticket'];
export type TicketRequest = TicketDetail['requests'][number];
export type Assignment = Schemas['Assignment'];
export type Possible = TicketDetail['possible'][number];
export type Explanation = Schemas['Explanation'];
export type ExplainLine = Explanation['deadlines'][number]['lines'][number];
/** What an event has depends on what happened. */
export type HistoryEvent = Pick<Schemas['Event'], 'seq' | 'version' | 'at' | 'event' | 'zh' | 'en' | 'actor'> &
  Partial<Schemas['Event']>;
export type FeedEvent = HistoryEvent & { ticket: string };
export type Person = Schemas['Person'];
export type Done = Schemas['CommandDone'];

export type Unit = Schemas['Units']['units'][number];
export type Matter = Schemas['Matters']['matters'][number];
export type Areas = Schemas['Areas'];
export type Flow = Schemas['Flow'];
export type MapAnswer = Schemas['Map'];
export type MapTicket = MapAnswer['tickets'][number];

/** RFC 9457; a refused command also says where the ticket stands and what is possible instead. */
export type Problem = Pick<Schemas['Problem'], 'title' | 'status'> & Partial<Schemas['Problem']>;
