// Sums up the results of a fleet's pieces. Each piece counts once, and the order of the pieces does not matter.

import type { Summary } from '../../../core/types/index.js';
import { version } from '../../../core/version.js';
import type { FleetPlan } from '../../../fleet/plan-file.js';
import { noFigures, type PieceResult } from '../../../fleet/queue/messages.js';
import { within } from '../../ledger/ledger.js';
import { mergeSummaries } from '../../outcome/merge-results.js';
import { type FleetOutcome, totalOutcome, worstFirst } from '../reconcile.js';
import type { BookedPiece } from './fleet-record.js';

/** Row of one input in the summary, with its totals so far. */
type FleetInputRow = Summary['inputs'][number];
type MachineRow = NonNullable<Summary['machines']>[number];

/** A piece with the index of its input in the plan, and with the number of bytes that it takes in its file. */
export interface PlacedPiece {
  readonly input: number;
  readonly bytes: number;
}

export class FleetTotals {
  readonly points = { read: 0, loaded: 0, rejected: 0, undelivered: 0 };
  readonly byReason = new Map<string, number>();
  /** For each reject reason, the message of the first reject. */
  readonly examples = new Map<string, string>();
  readonly inputs: readonly FleetInputRow[];
  readonly #plan: FleetPlan;
  readonly #pieces: ReadonlyMap<string, PlacedPiece>;
  readonly #booked = new Set<string>();
  readonly #piecesLeft: number[];
  readonly #machines = new Map<string, MachineRow>();
  #values = 0;
  #bytes = 0;
  #inputsDone = 0;
  #thisRun: Summary | null = null;
  /** The worst outcome so far that ends the whole load, with its reason; null before such an outcome. */
  #worst: FleetOutcome | null = null;

  constructor(plan: FleetPlan, pieces: ReadonlyMap<string, PlacedPiece>) {
    this.#plan = plan;
    this.#pieces = pieces;
    this.inputs = plan.inputs.map(({ name, error }) => inputRow(name, error));
    this.#piecesLeft = plan.inputs.map(({ pieces }) => pieces.length);
  }

  get settledPieces(): number {
    return this.#booked.size;
  }

  isBooked(piece: string): boolean {
    return this.#booked.has(piece);
  }

  /** The figures that this run of the load has summed up so far. */
  get run(): Readonly<Summary> {
    return this.#thisRun ?? emptySummary();
  }

  /** Returns the figures of this run. If the run ended before it had totals, all figures are zero. */
  static runOf(totals: FleetTotals | null): Readonly<Summary> {
    return totals?.run ?? emptySummary();
  }

  get values(): number {
    return this.#values;
  }

  /** Number of bytes that the counted pieces take in their files. */
  get settledBytes(): number {
    return this.#bytes;
  }

  get inputsDone(): number {
    return this.#inputsDone;
  }

  /** Counts a piece. Returns false and counts nothing if the piece was counted before or is not in the plan. */
  book(piece: BookedPiece): boolean {
    const placed = this.#pieces.get(piece.id);
    if (placed === undefined || this.#booked.has(piece.id)) return false;
    const { input: i, bytes } = placed;
    this.#booked.add(piece.id);
    this.#piecesLeft[i]! -= 1;
    if (this.#piecesLeft[i] === 0) this.#inputsDone += 1;
    this.#bytes += bytes;
    const input = this.inputs[i]!;
    for (const key of ['read', 'loaded', 'rejected', 'undelivered'] as const) {
      this.points[key] += piece.points[key];
      input[key] += piece.points[key];
    }
    this.#values += piece.values;
    input.bytes += piece.inputBytes;
    input.format = piece.format;
    input.error ??= piece.error;
    for (const [reason, { points, example }] of Object.entries(piece.rejects)) {
      this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + points);
      if (!this.examples.has(reason)) this.examples.set(reason, example);
    }
    this.#rank(piece, input.name);
    return true;
  }

  /** Adds the figures of a piece to the figures of this run and of the machine that loaded the piece. */
  add({ machine, figures }: PieceResult): void {
    const row = this.#machines.get(machine) ?? { name: machine, pieces: 0, loaded: 0, seconds: 0, peakRssBytes: 0 };
    this.#machines.set(machine, row);
    if (figures === null) return;
    row.pieces += 1;
    row.loaded += figures.points.loaded;
    row.seconds += figures.seconds;
    row.peakRssBytes = Math.max(row.peakRssBytes, figures.memory.peakRssBytes);
    const part = { ...emptySummary(), ...figures };
    this.#thisRun = this.#thisRun === null ? part : mergeSummaries([this.#thisRun, part]);
  }

  /** One row for each machine whose workers ended a piece in this run. */
  get machines(): MachineRow[] {
    return [...this.#machines.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** True as soon as the number of rejected points exceeds --max-rejected. */
  get exceedsRejects(): boolean {
    const { rejected, read } = this.points;
    return this.#worst?.outcome === 'too-many-rejects' || !within(rejected, read, this.#plan.limits.maxRejected);
  }

  /** Returns the outcome of the load. Valid only after all pieces were counted. */
  outcome(): FleetOutcome {
    return this.#worst ?? totalOutcome(this.#plan, this.points, this.inputs, 'adding up the pieces');
  }

  #rank({ outcome, reason }: BookedPiece, name: string): void {
    const rank = worstFirst.indexOf(outcome);
    if (rank < 0 || (this.#worst !== null && worstFirst.indexOf(this.#worst.outcome) <= rank)) return;
    this.#worst = { outcome, reason: reason ?? `a piece of ${name} ended with ${outcome}` };
  }
}

/** Returns the row of an input before any of its pieces is counted. */
export function inputRow(name: string, error: string | null): FleetInputRow {
  return { name, format: '', read: 0, loaded: 0, rejected: 0, undelivered: 0, bytes: 0, resumedFromByte: 0, error };
}

/** Returns a summary in which all figures are zero. */
function emptySummary(): Summary {
  return {
    ...{ formatVersion: 1, version: version(), outcome: 'complete', exitCode: 0, reason: null, continueWith: null },
    ...{ startedAt: '', endedAt: '', inputs: [], endpoints: [], verify: null, checkpoint: null },
    ...{ shard: null, machines: null, rate: { pointsPerSecond: 0, decodedBytesPerSecond: 0 } },
    rejects: { byReason: {}, deadLetters: null, reasons: null },
    ...noFigures(),
  };
}
