// Compares, point by point, the time windows whose digests differ. Writes the inputs' points and the target's points to
// separate sets of files. The hash of table, tags and time chooses the number of a point's file. So a point of the
// inputs and the same point of the target are in files with the same number. Compares each such pair of files in
// memory. Windows with too many points for 256 files are compared in several rounds.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AuditPoint, eachPoint, type PointFilter } from '../points/audit-points.js';
import type { AuditContext } from '../types.js';
import { tableSpans } from '../windows/compare-windows.js';
import type { AuditPlan } from '../windows/digest-inputs.js';
import { TargetReader } from '../windows/target-reader.js';
import { millisecondsOf } from '../windows/time-buckets.js';
import { WindowIndex } from '../windows/windows.js';
import { FileComparison, type PointComparison } from './compare-files.js';
import { PointFiles } from './point-files.js';

/** Largest number of files for the inputs' points, and for the target's points. Each file has a buffer of 16 KiB. */
const maxFiles = 256;

export interface DifferingWindow {
  readonly index: number;
  /** Size of the window's points as line protocol, bytes: in the inputs or in the target, whichever is larger. */
  readonly bytes: number;
}

/**
 * Splits the differing windows into rounds. The points of one round fit into `maxFiles` files of `fileBytes` each. A
 * window that is too large for these files has its own round.
 */
export function rounds(windows: readonly DifferingWindow[], fileBytes: number): DifferingWindow[][] {
  const found: DifferingWindow[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const window of windows) {
    if (bytes + window.bytes > maxFiles * fileBytes) {
      found.push([]);
      bytes = 0;
    }
    found.at(-1)!.push(window);
    bytes += window.bytes;
  }
  return found;
}

/** Compares the windows of one round, and adds the results to `comparison`. */
export async function comparePoints(
  context: AuditContext,
  plan: AuditPlan,
  round: readonly DifferingWindow[],
  comparison: PointComparison,
): Promise<void> {
  const { folder, memoryBytes } = context;
  const bytes = round.reduce((sum, window) => sum + window.bytes, 0);
  const files = Math.min(maxFiles, Math.ceil(bytes / fileBytesOf(memoryBytes)));
  const inputs = new PointFiles(folder, 'inputs', files);
  const target = new PointFiles(folder, 'target', files);
  const windowIndex = new WindowIndex(plan.windows);
  try {
    await writePoints(context, plan, windowIndex, round, inputs, target);
    for (let i = 0; i < files; i += 1) {
      await nextTurn(); // gives signals and the timer of the lock time to run
      context.signal.throwIfAborted();
      new FileComparison(context.precision, windowIndex, comparison).run(inputs.read(i), target.read(i));
    }
  } finally {
    inputs.close();
    target.close();
  }
}

/**
 * Returns the planned size of one file, bytes. Memory contains one file of the inputs, one file of the target, and an
 * index about as large as both files.
 */
export function fileBytesOf(memoryBytes: number): number {
  return Math.floor(memoryBytes / 4);
}

async function writePoints(
  context: AuditContext,
  { windows, span }: AuditPlan,
  windowIndex: WindowIndex,
  round: readonly DifferingWindow[],
  inputs: PointFiles,
  target: PointFiles,
): Promise<void> {
  const wanted = new Set(round.map(({ index }) => index));
  const isWanted: PointFilter = (table, time) => wanted.has(windowIndex.find(table, millisecondsOf(time)));
  const each = eachPoint(context.precision, span, isWanted);
  await context.readInputs((block) => each(block, (point) => inputs.write(point)));
  inputs.commit();
  const reader = new TargetReader(context);
  const spans = tableSpans(windows, span, (index) => wanted.has(index));
  const sink = {
    isWanted,
    take: (point: AuditPoint) => target.write(point),
    commit: () => target.commit(),
    rollback: () => target.rollback(),
  };
  for (const [i, each] of spans.entries()) {
    context.progress('points', i, spans.length);
    await reader.read(each, sink);
  }
}
