// After an attempt of unknown outcome, an introducing batch must not be sent again while the first may still be at work:
// two first writes at once are the race that stores values under wrong columns. The columns showing up is the proof that
// it has come to an end that matters; where nothing arrived they never will, so the patience is bounded.

import type { Clock, Shape, Target, TargetColumn } from '../core/types/index.js';
import type { Catalogue } from './catalogue.js';

const pollMs = 250;
const slowestPollMs = 2_000;
/** A request can hang at the server for this long before it acts (meta calls: up to 60 s each). */
export const landingPatienceMs = 60_000;

/**
 * Waits until the target shows every column of the shapes, or the patience is spent. What it shows goes into the
 * catalogue. Errors of the target count as "not seen yet". Rejects only when the signal aborts.
 */
export async function awaitColumns(
  target: Pick<Target, 'columns'>,
  catalogue: Catalogue,
  shapes: readonly Shape[],
  clock: Clock,
  signal: AbortSignal,
  patienceMs = landingPatienceMs,
): Promise<boolean> {
  const until = clock.monotonic() + Math.min(patienceMs, landingPatienceMs);
  for (let wait = pollMs; ; wait = Math.min(wait * 2, slowestPollMs)) {
    const seen = await refresh(target, catalogue, shapes, signal);
    if (seen && shapes.every((shape) => catalogue.look(shape).kind !== 'introduces')) return true;
    if (clock.monotonic() + wait > until) return false;
    await clock.sleep(wait, signal);
  }
}

/** Asks the target for the tables of these shapes. False when it could not be asked. */
export async function refresh(
  target: Pick<Target, 'columns'>,
  catalogue: Catalogue,
  shapes: readonly Shape[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const table of new Set(shapes.map((shape) => shape.table))) {
    const columns = await target.columns(signal, table).catch((): TargetColumn[] | null => null);
    signal.throwIfAborted();
    if (columns === null) return false;
    catalogue.refresh(table, columns);
  }
  return true;
}
