// Waits for the columns of an introducing batch whose outcome is unknown. The batch must not be sent again while the first
// attempt may still run: two first writes at once store values under wrong columns. Once the columns appear, the attempt was
// applied. If the request was lost, the columns never appear, so the wait is bounded.

import type { Clock, Shape, Target, TargetColumn } from '../core/types/index.js';
import type { Catalogue } from './catalogue.js';

const pollMs = 20;
const maxPollMs = 2_000;
/** Up to this many tables, each is listed by a separate query. For more tables, one query lists all columns. */
const maxQueries = 10;
/** A request can hang in the server this long before it takes effect: meta calls take up to 60 s each. */
export const maxAwaitMs = 60_000;

/**
 * Waits until the target lists every column of the shapes, at most `limitMs`. Adds listed columns to the catalogue. A failed
 * query counts as "not listed yet". Rejects only when the signal aborts.
 * @param isFutile returns true to end the wait, because the target lists no columns
 */
export async function awaitColumns(
  target: Pick<Target, 'columns'>,
  catalogue: Catalogue,
  shapes: readonly Shape[],
  clock: Clock,
  signal: AbortSignal,
  limitMs = maxAwaitMs,
  isFutile = (): boolean => false,
): Promise<boolean> {
  const until = clock.monotonic() + Math.min(limitMs, maxAwaitMs);
  for (let wait = pollMs; ; wait = Math.min(wait * 2, maxPollMs)) {
    const seen = await refresh(target, catalogue, shapes, signal);
    if (seen && shapes.every((shape) => catalogue.match(shape).kind !== 'introduces')) return true;
    if (isFutile() || clock.monotonic() + wait > until) return false;
    await clock.sleep(wait, signal);
  }
}

/** Adds the columns of the shapes' tables to the catalogue. Returns false if they could not be listed. */
export async function refresh(
  target: Pick<Target, 'columns'>,
  catalogue: Catalogue,
  shapes: readonly Shape[],
  signal: AbortSignal,
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
    );
  if (tables.size > maxQueries) {
    const all = await list();
    for (const table of tables) take(table, all ?? []);
    if (all !== null && all.length > 0) return true;
    // The list of all columns can be too long to read, and an empty list may mean that the target lists no columns.
  }
  for (const table of tables) {
    const columns = await list(table);
    if (columns === null) return false;
    take(table, columns);
    if (columns.length === 0 && tables.size > maxQueries) return false;
  }
  return true;
}
