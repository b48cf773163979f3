// Waits until every endpoint shows new columns. If the outcome of a request is unknown, the target may still apply the
// request. Meanwhile, its batch must not be sent again: two simultaneous first writes of a column would store values
// under wrong columns. Columns that appear prove that the request was applied. If the request was lost, the columns
// never appear, so the wait has a limit.

import { RefusedError } from '../core/errors.js';
import type { Clock, Shape, Target, TargetColumn } from '../core/types/index.js';
import { Catalogue } from './catalogue.js';

const pollMs = 20;
const maxPollMs = 2_000;
/** Largest number of tables that are queried one by one. For more tables, one query lists the columns of all tables. */
const maxQueries = 10;
/**
 * Longest wait for columns, ms. In CnosDB, a request can hang for up to 60 s in a call to the meta service, and only
 * then write its columns.
 */
export const maxAwaitMs = 60_000;

/** The part of a target that lists its columns. */
export type ColumnSource = Pick<Target, 'columns' | 'listsColumns'>;

/**
 * Waits until the target lists every column of the shapes (tables with columns), but at most `limitMs`. Adds the listed
 * columns to the catalogue. Columns of the shapes count as introduced by this load. A failed query counts as "not
 * listed yet". Returns false after the time limit. Returns false at once for a target that does not list columns.
 * Rejects only when the signal aborts.
 */
export async function awaitColumns(
  target: ColumnSource,
  catalogue: Catalogue,
  shapes: readonly Shape[],
  clock: Clock,
  signal: AbortSignal,
  limitMs = maxAwaitMs,
): Promise<boolean> {
  const until = clock.monotonic() + Math.min(limitMs, maxAwaitMs);
  for (let wait = pollMs; ; wait = Math.min(wait * 2, maxPollMs)) {
    const seen = target.listsColumns !== false && (await refresh(target, catalogue, shapes, signal));
    if (seen && shapes.every((shape) => catalogue.match(shape).kind !== 'introduces')) return true;
    if (target.listsColumns === false || clock.monotonic() + wait > until) return false;
    await clock.sleep(wait, signal);
  }
}

/**
 * Waits until every endpoint shows the columns. Throws RefusedError if an endpoint responds for a minute without
 * showing the columns.
 */
export async function assertShown(
  target: ColumnSource,
  shapes: readonly Shape[],
  sharedNames: boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const shown = new Catalogue([], sharedNames);
  if (shapes.length === 0 || (await awaitColumns(target, shown, shapes, clock, signal))) return;
  if (target.listsColumns === false) return;
  const { table } = shapes.find((shape) => shown.match(shape).kind === 'introduces')!;
  throw new RefusedError({
    tried: `introducing columns of table ${JSON.stringify(table)}`,
    expected: 'every endpoint to show the new columns',
    found: 'an endpoint that answered, but did not show these columns within a minute',
    fix: 'check that every --url belongs to one cluster',
  });
}

/**
 * Queries the columns of the shapes' tables, and adds them to the catalogue. Returns false if the target did not list
 * the columns.
 * @param introduced shapes whose columns count as introduced by this load
 */
export async function refresh(
  target: Pick<Target, 'columns'>,
  catalogue: Catalogue,
  shapes: readonly Shape[],
  signal: AbortSignal,
  introduced = shapes,
): Promise<boolean> {
  const tables = new Set(shapes.map((shape) => shape.table));
  const list = async (table?: string): Promise<TargetColumn[] | null> => {
    const columns = await target.columns(signal, table).catch((): TargetColumn[] | null => null);
    signal.throwIfAborted();
    return columns;
  };
  const take = (table: string, columns: readonly TargetColumn[]): void =>
    catalogue.refresh(
      table,
      columns.filter((column) => column.table === table),
      introduced,
    );
  if (tables.size > maxQueries) {
    const all = await list();
    for (const table of tables) take(table, all ?? []);
    if (all !== null && all.length > 0) return true;
    // Queries each table now. The list of all columns can be too long to read, and an empty list may mean that the
    // target does not list columns.
  }
  for (const table of tables) {
    const columns = await list(table);
    if (columns === null) return false;
    take(table, columns);
    if (columns.length === 0 && tables.size > maxQueries) return false;
  }
  return true;
}
