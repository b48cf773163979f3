// The figures of a run, with one row for each figure. Progress line, progress JSON, Prometheus metrics and report page
// iterate this list. A new figure needs a row here. If Snapshot lacks the value, Snapshot needs a new field that
// load/outcome/run-facts.ts fills.

import { byFactor, limitingFactors } from '../core/limiting-factors.js';
import { count } from '../core/text.js';
import type { Summary } from '../core/types/index.js';
import {
  bytesPart,
  etaPart,
  fleetPart,
  type LinePart,
  memoryPart,
  nodePart,
  part,
  percentPart,
  phasePart,
  rejectedPart,
  targetParts,
} from './progress/line-parts.js';
import type { LoadPace } from './progress/pace.js';
import type { Snapshot } from './snapshot.js';

export type { Snapshot } from './snapshot.js';

/** A Prometheus metric. `name` lacks the prefix `bulk_load_`. If the value is a record, `label` names its keys. */
export interface FigureMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly label?: string;
  /** Returns the value of the metric; null omits the metric. Absent if the progress event has the same value. */
  readonly read?: (run: Snapshot) => number | Readonly<Record<string, number>> | null;
}

export interface Figure {
  /** Path of the value in the progress event. If `read` is absent, the snapshot has the value at the same path. */
  readonly key: string;
  readonly title: string;
  readonly unit: 'points' | 'values' | 'bytes' | 'seconds' | 'ms' | 'percent' | 'count' | 'text';
  /** Returns the value in the progress event: null if unknown, undefined to omit the figure. */
  readonly read?: (run: Snapshot, pace: LoadPace) => unknown;
  readonly where?: {
    readonly line?: (run: Snapshot, pace: LoadPace) => readonly LinePart[];
    readonly metric?: FigureMetric;
    /** A large figure at the top of the report page. A value other than 0 has the colour `tone`. */
    readonly page?: { readonly label: string; readonly tone?: string; readonly read: (summary: Summary) => number };
  };
}

type MetricOptions = Omit<FigureMetric, 'name' | 'type'>;
const counter = (name: string, more: MetricOptions = {}) => ({ metric: { name, type: 'counter', ...more } }) as const;
const gauge = (name: string, more: MetricOptions = {}) => ({ metric: { name, type: 'gauge', ...more } }) as const;
const levels = ['normal', 'high', 'critical', 'stop'] as const;

/** Rows in the order of the progress line and of the keys in JSON. */
export const figures: readonly Figure[] = [
  { key: 'at', title: 'Time of the event, in milliseconds since 1970-01-01 UTC', unit: 'ms' },
  { key: 'seconds', title: 'Seconds since this run began', unit: 'seconds', where: gauge('run_seconds') },
  { key: 'phase', title: 'Phase of the run: starting, sending, verifying or ending', unit: 'text' },
  {
    key: 'percent',
    title:
      'Percentage of the whole load that the target has acknowledged; unknown while the size of an input is unknown',
    unit: 'percent',
    where: { line: ({ percent, phase }) => [...percentPart(percent), ...phasePart(phase)], ...gauge('percent') },
  },
  {
    key: 'points.read',
    title: 'Points read, over all runs of the load',
    unit: 'points',
    where: { ...counter('points_read_total'), page: { label: 'points read', read: ({ points }) => points.read } },
  },
  {
    key: 'points.loaded',
    title: 'Points that the target acknowledged, over all runs of the load',
    unit: 'points',
    where: {
      line: ({ points }) => [part('points', `${count(points.loaded)} points`, `${count(points.loaded)} pts`)],
      ...counter('points_loaded_total'),
      page: { label: 'loaded', read: ({ points }) => points.loaded },
    },
  },
  {
    key: 'pointsPerSecond',
    title: 'Acknowledged points per second, over the last 15 s',
    unit: 'points',
    read: (_, { pointsPerSecond }) => pointsPerSecond,
    where: { line: (_, { pointsPerSecond }) => [part('rate', `${count(pointsPerSecond)}/s`)] },
  },
  {
    key: 'etaSeconds',
    title: 'Estimated seconds to the end of the load, at the rate of the last 15 s',
    unit: 'seconds',
    read: (_, { etaSeconds }) => etaSeconds,
    where: { line: ({ percent }, pace) => etaPart(percent, pace) },
  },
  {
    key: 'points.rejected',
    title:
      'Points that were rejected because of their content, over all runs of the load; the dead letters contain these points',
    unit: 'points',
    where: {
      line: ({ points }) => rejectedPart(points.rejected),
      ...counter('points_rejected_total'),
      page: { label: 'rejected', tone: 'warn', read: ({ points }) => points.rejected },
    },
  },
  {
    key: 'points.undelivered',
    title: 'Points that were read, but neither acknowledged nor rejected, when the run ended',
    unit: 'points',
    read: () => undefined,
    where: { page: { label: 'undelivered', tone: 'bad', read: ({ points }) => points.undelivered } },
  },
  {
    key: 'rate.pointsPerSecond',
    title: 'Acknowledged points per second, over the time in which points were sent',
    unit: 'points',
    read: () => undefined,
    where: { page: { label: 'points/s', read: ({ rate }) => rate.pointsPerSecond } },
  },
  {
    key: 'values.loaded',
    title: 'Field values of the loaded points, over all runs of the load',
    unit: 'values',
    where: counter('values_loaded_total'),
  },
  {
    key: 'bytes.read',
    title: 'Bytes read from the inputs, before decompression',
    unit: 'bytes',
    where: counter('input_bytes_total'),
  },
  {
    key: 'bytes.total',
    title: 'Bytes of all inputs, before decompression; unknown while the size of an input is unknown',
    unit: 'bytes',
    where: gauge('input_size_bytes'),
  },
  {
    key: 'bytes.decoded',
    title: 'Bytes of the inputs after decompression',
    unit: 'bytes',
    where: counter('decoded_bytes_total'),
  },
  {
    key: 'bytes.sent',
    title: 'Bytes of the sent request bodies, including retries',
    unit: 'bytes',
    where: counter('sent_bytes_total'),
  },
  {
    key: 'fleet.pieces',
    title: 'Pieces of a load with a queue, by state: settled (finished), active or waiting; absent in other loads',
    unit: 'count',
    read: ({ fleet }) => fleet?.pieces,
    where: {
      line: ({ fleet }) => fleetPart(fleet),
      ...gauge('pieces', { label: 'state', read: ({ fleet }) => fleet?.pieces ?? null }),
    },
  },
  {
    key: 'fleet.workers',
    title: 'Workers of a load with a queue that load a piece at this moment; absent in other loads',
    unit: 'count',
    read: ({ fleet }) => fleet?.workers,
    where: gauge('fleet_workers', { read: ({ fleet }) => fleet?.workers ?? null }),
  },
  { key: 'inputs.done', title: 'Inputs read to their end', unit: 'count', where: gauge('inputs_done') },
  { key: 'inputs.total', title: 'Inputs of this run', unit: 'count', where: gauge('inputs') },
  { key: 'inputs.current', title: 'Name of the input that is being read', unit: 'text' },
  {
    key: 'writers.limit',
    title: 'Number of writers that the load may use at this moment',
    unit: 'count',
    where: gauge('writers'),
  },
  {
    key: 'writers.max',
    title: 'Maximum number of writers that --workers and --memory-limit allow',
    unit: 'count',
    where: gauge('writers_max'),
  },
  {
    key: 'memory.rssBytes',
    title: 'Resident memory of this process',
    unit: 'bytes',
    where: { line: ({ memory }) => memoryPart(memory), ...gauge('resident_memory_bytes') },
  },
  {
    key: 'memory.limitBytes',
    title: 'Limit of the resident memory',
    unit: 'bytes',
    where: gauge('memory_limit_bytes'),
  },
  {
    key: 'memory.level',
    title: '1 for the current level of resident memory: normal, high, critical or stop',
    unit: 'text',
    where: gauge('memory_level', {
      label: 'level',
      read: ({ memory }) => Object.fromEntries(levels.map((level) => [level, Number(memory.level === level)])),
    }),
  },
  {
    key: 'latencyMs',
    title: 'Latency of acknowledged writes of this run',
    unit: 'ms',
    where: gauge('request_latency_seconds', {
      label: 'quantile',
      read: ({ latencyMs: { p50, p99 } }) => ({ '0.5': p50 / 1000, '0.99': p99 / 1000 }),
    }),
  },
  {
    key: 'requests',
    title: 'Writes to all endpoints, by their result',
    unit: 'count',
    where: counter('requests_total', {
      label: 'result',
      read: ({ requests: { sent: _sent, retried: _retried, ...results } }) => results,
    }),
  },
  {
    key: 'requests.retried',
    title: 'Writes that repeat an earlier write',
    unit: 'count',
    where: counter('retries_total'),
  },
  {
    key: 'heldBackBy',
    title: `1 for the factor that limits the load at this moment: ${limitingFactors.map(({ key }) => key).join(', ')}`,
    unit: 'text',
    where: gauge('held_back', { label: 'by', read: (run) => byFactor((key) => Number(run.heldBackBy === key)) }),
  },
  { key: 'heldBack', title: 'Seconds for which each factor has limited the load so far', unit: 'seconds' },
  { key: 'target.flushes', title: 'Flush requests sent', unit: 'count', where: counter('target_flushes_total') },
  {
    key: 'target.rinses',
    title: 'Time buckets that bulk-load rinsed. Small writes to them made nodes release the previous request bodies',
    unit: 'count',
    where: counter('target_rinses_total'),
  },
  {
    key: 'endpoints',
    title: 'For each endpoint: acknowledged points, seconds with an open circuit, results of writes, and latency',
    unit: 'count',
    where: { line: ({ endpoints }, pace) => targetParts(endpoints.length, pace) },
  },
  {
    key: 'bytesPerSecond',
    title: 'Decoded bytes per second, over the last 15 s',
    unit: 'bytes',
    read: (_, { bytesPerSecond }) => bytesPerSecond,
    where: { line: (_, pace) => bytesPart(pace) },
  },
  {
    key: 'inFlight',
    title: 'Writes that wait for a response',
    unit: 'count',
    where: {
      line: ({ inFlight, writers }) => [part('in flight', `in flight ${inFlight}/${writers.limit}`)],
      ...gauge('requests_in_flight'),
    },
  },
  {
    key: 'target.nodeBytes',
    title: 'Estimated memory of the fullest node',
    unit: 'bytes',
    where: { line: ({ target }) => nodePart(target.nodeBytes), ...gauge('target_node_bytes') },
  },
];

/** Returns the value of a figure. `key` is its path in the snapshot, such as `points.loaded`. */
export function valueAt(run: Snapshot, key: string): unknown {
  return key.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null)?.[name], run);
}

/** Builds the progress event of `--progress json`. */
export function progressEvent(run: Snapshot, pace: LoadPace): Record<string, unknown> {
  const event: Record<string, unknown> = { event: 'progress' };
  for (const { key, read } of figures) {
    const value = read === undefined ? valueAt(run, key) : read(run, pace);
    if (value === undefined) continue;
    const [group = '', name] = key.split('.');
    event[group] = name === undefined ? value : { ...(event[group] as object | undefined), [name]: value };
  }
  return event;
}
