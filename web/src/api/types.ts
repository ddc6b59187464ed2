// The shapes of the console API as this front end uses them (docs: /api/openapi.json). Ids and versions are strings, times RFC 3339.

export interface Name {
  zh: string;
  en: string;
}

export type Light = 'green' | 'yellow' | 'red';

export interface UnitRef {
  code: string;
  name: Name;
}

export interface Session {
  user: string;
  role: string;
  unit: UnitRef;
  csrf: string;
}

/** One unit's own queue; sums over a subtree are made by store/model.ts. */
export interface QueueRow {
  unit: string;
  kind: string;
  parent: string | null;
  name: Name;
  states: Record<string, number>;
  depth: number;
  oldest: string | null;
  yellow: number;
  red: number;
  breach_30: number;
  breach_60: number;
  breach_120: number;
}

export interface Totals {
  received: number;
  closed: number;
  in_progress: number;
  supervised: number;
}

export interface Snapshot {
  version: string;
  at: string;
  degraded: boolean;
  totals: Totals;
  units: QueueRow[];
}

export interface TicketChange {
  number: string;
  unit: string | null;
  state: string;
  due: string | null;
  version: string;
}

export interface Delta {
  version: string;
  at: string;
  totals: Totals;
  units: QueueRow[];
  tickets: TicketChange[];
}

export interface Action {
  code: string;
  zh: string;
  en: string;
}

export interface QueueTicket {
  number: string;
  title: string;
  state: string;
  unit: string | null;
  matter: UnitRef | null;
  urgency: string | null;
  light: Light | null;
  supervised?: boolean;
  entered: string;
  yellow_at: string | null;
  due: string | null;
  next_action: Action | null;
  owner: UnitRef | null;
}

export interface QueuePage {
  version: string;
  unit: Partial<QueueRow> & { unit?: string; code?: string };
  tickets: QueueTicket[];
  next_cursor: string | null;
}

export interface ExplainLine extends Name {
  at: string | null;
}

export interface Explanation {
  route: Name;
  /** Who sent it on since, when a person did. */
  moved?: Name | null;
  deadlines: {
    stage: string;
    unit?: UnitRef | null;
    due?: string | null;
    paused?: boolean;
    /** The limit for the whole way, not of the present stage. */
    total?: boolean;
    lines: ExplainLine[];
  }[];
}

/** The ticket itself; only what the drawer shows is named here. */
export interface TicketDetail extends QueueTicket {
  description?: string | null;
  location?: { address?: string | null; unit?: UnitRef | null } | null;
  assignments?: { no: number; kind: Action; state: Action; unit: UnitRef; forced?: boolean }[];
  requests?: { number: string; channel?: Action | null; received_at?: string }[];
}

export interface HistoryEvent extends Name {
  seq: string;
  at: string;
  event: string;
  actor?: Name | null;
  return_reason?: Action | null;
  reason?: string;
  basis?: string;
  note?: string;
  answer?: string;
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
}
