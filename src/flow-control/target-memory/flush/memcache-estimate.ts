// Estimates the rows of this load that a node has not flushed yet. Acknowledgements are counted, and the target's
// memory gauge corrects the count. The gauge is up to 10 s old, so it is compared with the estimates of the last 12 s.

import type { SampledRows } from '../../../core/types/index.js';

/**
 * Memory of a row in CnosDB's memcache, measured, bytes (mem_cache/row_data.rs of version 2.4.3). A row takes `rowNode`
 * for its node in a skip list, and `fieldSlot` for each field of its table, even for an unset field. Each string takes
 * `stringHead` and its text. The gauge counts `gaugedRow` instead of `rowNode`, and omits `stringHead`.
 */
const rowNode = 144;
const gaugedRow = 32;
const fieldSlot = 16;
const stringHead = 30;
/**
 * Bytes that a vnode retains for a field that a point leaves unset. A vnode retains a body as columns: every row has a
 * value of 8 bytes and one bit in each column of the body (protocol_parser/src/lines_convert.rs of version 2.4.3).
 */
const unsetField = 8 + 1 / 8;

/**
 * Memory of rows per byte of line protocol. `resident`: resident bytes. `gauged`: bytes that the target's memory gauge
 * counts. `retained`: bytes that vnodes retain while the body is among their newest 256 bodies. A small body has few
 * columns, so few unset fields: for each byte of a body of n bytes, vnodes retain at most 1 + n × `retainedGrowth`.
 */
export interface RowWeight {
  readonly resident: number;
  readonly gauged: number;
  readonly retained: number;
  readonly retainedGrowth: number;
}

/**
 * Returns the bytes that vnodes retain for the unset fields of a body. `slots`: number of fields if each row has all
 * columns of the body.
 */
export function unsetBytes({ slots, values }: Pick<SampledRows, 'slots' | 'values'>): number {
  return unsetField * Math.max(0, slots - values);
}

export function weighRows(rows: Omit<SampledRows, 'series'>): RowWeight {
  const { points, slots, values, rowsPerPoint, strings, bytes } = rows;
  const weight = (all: number): number => (strings.bytes + all) / Math.max(1, bytes);
  const allocated = points === 0 ? fieldSlot * slots : points * allocatedBytes((fieldSlot * slots) / points);
  return {
    resident: weight(allocated + rowNode * points + stringHead * strings.count),
    gauged: weight(fieldSlot * slots + gaugedRow * points),
    retained: 1 + unsetBytes({ slots: slots * rowsPerPoint, values }) / Math.max(1, bytes),
    retainedGrowth: (unsetField * points * rowsPerPoint * values) / Math.max(1, bytes) ** 2,
  };
}

/** Returns the bytes that vnodes retain for each byte of a body of this size. */
export function retainedOf(
  { retained, retainedGrowth }: Pick<RowWeight, 'retained' | 'retainedGrowth'>,
  bodyBytes: number,
): number {
  return Math.min(retained, 1 + retainedGrowth * bodyBytes);
}

/**
 * Rounds up to a size that jemalloc allocates. There are four sizes from one power of two to the next, such as 80, 96,
 * 112 and 128 bytes.
 */
function allocatedBytes(bytes: number): number {
  const step = 2 ** (Math.ceil(Math.log2(Math.max(16, bytes))) - 3);
  return Math.ceil(bytes / step) * step;
}

/** Estimate of the unflushed rows, resident bytes on the fullest node. */
export interface MemcacheEstimate {
  /** Bytes acknowledged before the last flush began, unless they are known to be on disk. */
  readonly pending: number;
  /** Bytes acknowledged since the last flush began. */
  readonly fresh: number;
  /**
   * Acknowledged bytes are multiplied by this factor, 1 to 4. The factor grows when a gauge shows more than was
   * counted.
   */
  readonly factor: number;
  /** Estimates of the last 12 seconds, the oldest first. */
  readonly history: readonly { readonly at: number; readonly bytes: number }[];
}

const gaugeAgeMs = 12_000;
const historyStepMs = 500;
/** A gauge that differs from an estimate by at most this share plus `slackBytes` does not correct the estimate. */
const tolerance = 0.15;
const slackBytes = 4 * 1024 * 1024;
const maxFactorStep = 2;
const maxFactor = 4;
const factorDecay = 0.9;

/** Adds the estimate to the history. */
export function recordEstimate(state: MemcacheEstimate, at: number): MemcacheEstimate {
  const last = state.history.at(-1);
  if (last !== undefined && at - last.at < historyStepMs) return state;
  const recent = state.history.filter((each) => at - each.at <= gaugeAgeMs);
  return { ...state, history: [...recent, { at, bytes: state.pending + state.fresh }] };
}

/**
 * Corrects the estimate by the gauges of the nodes. A gauge above all recent estimates raises the estimate, because
 * other clients write too, or because rows take more memory than expected. If the gauges of all nodes are below all
 * recent estimates, the target has flushed by itself. Then the estimate falls.
 */
export function correctByGauges(
  state: MemcacheEstimate,
  gauges: readonly (number | null)[],
  nodes: number,
): MemcacheEstimate {
  const known = gauges.filter((each) => each !== null);
  if (known.length === 0 || state.history.length === 0) return state;
  const gauge = Math.max(...known);
  const estimates = state.history.map(({ bytes }) => bytes);
  const [min, max] = [Math.min(...estimates), Math.max(...estimates)];
  if (gauge > max * (1 + tolerance) + slackBytes) return raised(state, gauge, max);
  const complete = known.length === gauges.length && gauges.length >= nodes;
  if (!complete || gauge >= min * (1 - tolerance) - slackBytes) return state;
  return lowered(state, min - gauge);
}

/**
 * Returns by how many bytes the largest gauge is above (positive) or below (negative) all recent estimates; 0 if it
 * lies between them.
 */
export function differenceOf({ history }: MemcacheEstimate, gauges: readonly (number | null)[]): number {
  const known = gauges.filter((each) => each !== null);
  if (known.length === 0 || history.length === 0) return 0;
  const gauge = Math.max(...known);
  const estimates = history.map(({ bytes }) => bytes);
  return Math.max(0, gauge - Math.max(...estimates)) + Math.min(0, gauge - Math.min(...estimates));
}

function raised(state: MemcacheEstimate, gauge: number, max: number): MemcacheEstimate {
  const ratio = max > slackBytes ? Math.min(maxFactorStep, gauge / max) : 1;
  return {
    ...state,
    fresh: state.fresh + gauge - max,
    factor: Math.min(maxFactor, state.factor * ratio),
    history: shifted(state, gauge - max),
  };
}

function lowered(state: MemcacheEstimate, by: number): MemcacheEstimate {
  const fromPending = Math.min(state.pending, by);
  return {
    pending: state.pending - fromPending,
    fresh: Math.max(0, state.fresh - (by - fromPending)),
    factor: Math.max(1, state.factor * factorDecay),
    history: shifted(state, -by),
  };
}

/** Adds `by` to all estimates of the history. So a gauge that is read twice does not correct the count twice. */
function shifted({ history }: MemcacheEstimate, by: number): MemcacheEstimate['history'] {
  return history.map(({ at, bytes }) => ({ at, bytes: Math.max(0, bytes + by) }));
}
