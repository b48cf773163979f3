// Reads the target range by range. If a read fails, halves the range and reads its two parts. Repeats this until
// --retry-for has passed.

import { UnavailableError } from '../../core/errors.js';
import { excerpt, plural } from '../../core/text.js';
import type { TimeSpan } from '../../core/types/index.js';
import { type AuditPoint, eachPoint, type PointFilter } from '../points/audit-points.js';
import type { AuditContext } from '../types.js';

/** A range of times of one table, and the windows in this range. */
export interface TableSpan {
  readonly table: string;
  readonly span: TimeSpan;
  /** Index of the first window in the range, and index of the first window after the range. */
  readonly first: number;
  readonly end: number;
}

/**
 * Receives points. `commit` makes the points since the last commit permanent; `rollback` drops the points since then.
 */
export interface PointSink {
  /** Selects the points that `take` receives; absent to receive every point. */
  readonly isWanted?: PointFilter;
  take(point: AuditPoint): void;
  commit(): void;
  rollback(): void;
}

/** Largest number of times that a range is halved after failures. */
const maxHalvings = 6;
const firstWaitMs = 1_000;
const maxWaitMs = 30_000;

type Piece = TimeSpan & { readonly halvings: number };

export class TargetReader {
  readonly #context: AuditContext;

  constructor(context: AuditContext) {
    this.#context = context;
  }

  /** Passes every selected point of a range to the sink. Throws the errors of `Target.scan`. */
  async read({ table, span }: TableSpan, sink: PointSink): Promise<void> {
    const { clock, retryForMs, signal } = this.#context;
    const since = clock.monotonic();
    const pieces: Piece[] = [{ ...span, halvings: 0 }];
    for (let failures = 0; pieces.length > 0; ) {
      const piece = pieces.shift()!;
      try {
        await this.#readPiece(table, piece, sink);
        sink.commit();
        failures = 0;
      } catch (error) {
        sink.rollback();
        if (!(error instanceof UnavailableError) || clock.monotonic() - since > retryForMs) throw error;
        failures += 1;
        pieces.unshift(...halved(piece));
        this.#report(table, error, pieces.length);
        await clock.sleep(Math.min(maxWaitMs, firstWaitMs * 2 ** Math.min(failures - 1, 10)), signal);
      }
    }
  }

  async #readPiece(table: string, span: TimeSpan, sink: PointSink): Promise<void> {
    const { scan, admit, signal } = this.#context;
    const each = eachPoint('ns', null, sink.isWanted);
    for await (const block of scan(table, span, signal)) {
      await admit(
        each(block, (point) => sink.take(point)),
        block.length,
      );
    }
  }

  #report(table: string, error: UnavailableError, pieces: number): void {
    const reason = excerpt(error.problem?.found ?? error.message);
    const message = `reading a time range of table ${JSON.stringify(table)} failed: ${reason}; the audit reads the range again in ${plural(pieces, 'part')}`;
    this.#context.notify({ level: 'warn', kind: 'audit-read', message });
  }
}

function halved(piece: Piece): Piece[] {
  const { from, to, halvings } = piece;
  const middle = (from + to) / 2n;
  if (halvings === maxHalvings || middle === from) return [piece];
  return [
    { from, to: middle, halvings: halvings + 1 },
    { from: middle, to, halvings: halvings + 1 },
  ];
}
