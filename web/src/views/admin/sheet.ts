// A file of reference data as a sheet of text: read from CSV or JSON, changed row by row, written back as CSV. Pure; what a column
// means is the server's business, which names mistakes by row and column.

export interface Sheet {
  columns: string[];
  rows: string[][];
}

/** A mistake the server found. `row` counts in `rows`; null: of the whole file. */
export interface Fault {
  row: number | null;
  column: string;
  detail: string;
}

/** The title row is the file's row 1. */
const FIRST = 2;

/** The number a person sees before the row, and the server says. */
export const numberOf = (row: number): number => row + FIRST;

export class SheetError extends Error {}

export function readCsv(text: string): Sheet {
  const table: string[][] = [[]];
  let field = '';
  let quoted = false;
  const end = (): void => {
    table.at(-1)!.push(field);
    field = '';
  };
  const all = text.replace(/^\ufeff/, '');
  for (let i = 0; i < all.length; i++) {
    const c = all[i]!;
    if (quoted) {
      if (c !== '"') field += c;
      else if (all[i + 1] === '"') field += all[++i];
      else quoted = false;
    } else if (c === '"' && field === '') quoted = true;
    else if (c === ',') end();
    else if (c === '\n' || c === '\r') {
      if (c === '\r' && all[i + 1] === '\n') i++;
      end();
      table.push([]);
    } else field += c;
  }
  if (quoted) throw new SheetError('quote');
  end();
  const rows = table.filter((row) => row.some((text) => text.trim() !== ''));
  const [columns, ...rest] = rows.map((row) => row.map((text) => text.trim()));
  if (columns === undefined) throw new SheetError('empty');
  return { columns, rows: rest.map((row) => columns.map((_, i) => row[i] ?? '')) };
}

/** A list of flat objects; columns in the order in which they first appear. */
export function readJson(text: string): Sheet {
  let list: unknown;
  try {
    list = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    throw new SheetError('json');
  }
  if (!Array.isArray(list) || list.length === 0) throw new SheetError('list');
  const columns = [...new Set(list.flatMap((one) => Object.keys((one ?? {}) as object)))];
  const say = (value: unknown): string => {
    if (value === null || value === undefined) return '';
    if (typeof value === 'object') throw new SheetError('flat');
    return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value).trim();
  };
  return { columns, rows: list.map((one) => columns.map((column) => say((one as Record<string, unknown>)[column]))) };
}

export function writeCsv({ columns, rows }: Sheet): string {
  const field = (text: string): string => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  return [columns, ...rows].map((row) => row.map(field).join(',')).join('\r\n') + '\r\n';
}

/** Spreadsheets in China still write GB18030 where nothing else is said. */
export function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}

/** What problem+json says of a file: pointers are /rows/N/COLUMN, N as in the file. */
export function faultsOf(errors: readonly { pointer: string; detail: string }[]): Fault[] {
  return errors.map(({ pointer, detail }) => {
    const [, row, column] = /^\/rows\/(\d+)(?:\/(.*))?$/.exec(pointer) ?? [];
    const number = row === undefined ? null : Number(row) - FIRST;
    return { row: number !== null && number >= 0 ? number : null, column: column ?? '', detail };
  });
}

const sameColumns = (a: Sheet, b: Sheet): boolean => a.columns.length === b.columns.length && a.columns.every((c, i) => c === b.columns[i]);

/** Rows that are not in the other sheet as they are; all of them when the columns differ. */
export function changedRows(now: Sheet, before: Sheet): Set<number> {
  const known = new Set(sameColumns(now, before) ? before.rows.map((row) => JSON.stringify(row)) : []);
  return new Set(now.rows.flatMap((row, i) => (known.has(JSON.stringify(row)) ? [] : [i])));
}

/**
 * What was changed of `before`, made on `theirs`, which somebody else has put in force meanwhile: rows taken away are taken away there
 * too, rows written stand where the row stood that they replace, or behind the one they stood behind. A row both have changed stands
 * there twice, for the check to say so. Sheets of other columns are left as they are.
 */
export function rebase(mine: Sheet, before: Sheet, theirs: Sheet): Sheet {
  if (!sameColumns(mine, theirs) || !sameColumns(mine, before)) return mine;
  const text = (row: string[]): string => JSON.stringify(row);
  const old = before.rows.map(text);
  const place = new Map(old.map((is, i) => [is, i]));
  const kept = new Set(mine.rows.map(text));
  const there = new Set(theirs.rows.map(text));
  const written = new Map<string, string[][]>(); // by the row of theirs behind which, or in whose place, they stand; '' the first
  let last = -1;
  for (const row of mine.rows) {
    const is = text(row);
    const at = place.get(is);
    if (at !== undefined) last = at;
    if (at !== undefined || there.has(is)) continue;
    const replaced = old[last + 1];
    let slot = last;
    while (slot >= 0 && !there.has(old[slot]!)) slot--;
    const where = replaced !== undefined && !kept.has(replaced) && there.has(replaced) ? replaced : (old[slot] ?? '');
    written.set(where, [...(written.get(where) ?? []), row]);
  }
  const rows = [...(written.get('') ?? [])];
  for (const row of theirs.rows) {
    const is = text(row);
    if (!place.has(is) || kept.has(is)) rows.push(row);
    rows.push(...(written.get(is) ?? []));
    written.delete(is);
  }
  return { columns: mine.columns, rows };
}
