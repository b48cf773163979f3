// The messages between coordinator and workers in Redis. Everything read from Redis must match these schemas: a job names no
// target, no credential and no absolute path, and an unknown key is refused.

import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { countSchema as count } from '../../core/io/position-schema.js';
import { limitingFactors } from '../../core/limiting-factors.js';
import { type Outcome, outcomeNames } from '../../core/outcomes.js';
import { excerpt } from '../../core/text.js';
import type { Summary } from '../../core/types/index.js';
import { fieldTypesSchema, inputContentSchema, pieceSchema, timesSchema } from '../plan-file.js';

const formatVersion = z.literal(1);
const loadId = z.string().regex(/^[0-9a-f]{12}$/);
/** Largest JSON text of a job, bytes. */
const maxJobBytes = 16 * 1024;
/** Largest JSON text of the description of a load, bytes. */
const maxLoadBytes = 1024 * 1024;
const maxResultBytes = 4 * 1024 * 1024;
/** Largest dead letters of a piece in Redis, bytes. Larger dead letters stay on the worker's disk. */
export const maxLetterBytes = 8 * 1024 * 1024;
/** Largest number of reject reasons in a result. A piece has fewer. */
const maxReasons = 100;
/** A reason or example, cut to 2,000 characters because it quotes data. */
const someText = z.string().transform((text) => excerpt(text, 2000));

/** Description of a load for its workers. */
const fleetLoadSchema = z.strictObject({
  formatVersion,
  id: loadId,
  /** Version of bulk-load in the coordinator. */
  version: z.string(),
  plan: z.string(),
  /** Changes whenever the coordinator writes the load to Redis again. */
  epoch: z.string(),
  /** Hash of the target's kind, tenant and database. A worker with another target ignores the load. */
  target: z.string(),
  /** Hash of the identity of the plan. */
  identity: z.string(),
  /** Options of the load that the user gave. The limits among them apply to the whole fleet. */
  options: z.record(z.string(), z.unknown()),
  fieldTypes: fieldTypesSchema,
  times: timesSchema,
  pieces: count,
  startedAt: z.string(),
});

/** A job: a part of an input. `path` is a URL, or lies below a folder of --allow-input. */
const pieceJobSchema = z.strictObject({
  formatVersion,
  plan: z.string(),
  input: inputContentSchema,
  piece: pieceSchema,
});

const numbers = <K extends string>(...keys: K[]) =>
  z.strictObject(Object.fromEntries(keys.map((key) => [key, z.number()])) as Record<K, z.ZodNumber>);
const maybe = z.number().nullable();
export const pointsSchema = z
  .strictObject({ read: count, loaded: count, rejected: count, undelivered: count })
  .refine(({ read, loaded, rejected, undelivered }) => read === loaded + rejected + undelivered);
const byFactorSchema = numbers(...limitingFactors.map(({ key }) => key));

/** The figures of a piece that the summary of the load adds up. */
export type PieceFigures = Pick<
  Summary,
  | 'seconds'
  | 'phases'
  | 'points'
  | 'values'
  | 'thisRun'
  | 'bytes'
  | 'batches'
  | 'requests'
  | 'latencyMs'
  | 'memory'
  | 'pressure'
  | 'target'
>;

const figuresSchema: z.ZodType<PieceFigures> = z.strictObject({
  seconds: z.number(),
  phases: numbers('startSeconds', 'sendSeconds', 'verifySeconds'),
  points: pointsSchema,
  values: z.strictObject({ loaded: count }),
  thisRun: numbers('read', 'loaded', 'rejected'),
  bytes: numbers('read', 'decoded', 'sent'),
  batches: numbers('loaded', 'alone').extend({ cut: numbers('points', 'bytes', 'inputEnd', 'idle', 'split') }),
  requests: numbers('sent', 'accepted', 'overloaded', 'unreachable', 'rejected', 'refused', 'retried'),
  latencyMs: numbers('p50', 'p95', 'p99', 'max'),
  memory: numbers(
    ...(['limitBytes', 'peakRssBytes', 'slots', 'slotBytes', 'highSeconds', 'criticalSeconds', 'forcedGcs'] as const),
  ).extend({ limitSource: z.string() }),
  pressure: numbers(
    ...(['workers', 'limitMin', 'limitFinal', 'bodyBytesMin', 'bodyBytesFinal', 'throttledSeconds'] as const),
  ).extend({ heldBackBy: byFactorSchema }),
  target: numbers('flushes', 'rinses', 'nodeDeaths', 'newTables', 'newColumns').extend({
    version: z.string().nullable(),
    planBytesPerNode: maybe,
    estimatedPeakBytesPerNode: maybe,
    gaugeDifferenceBytes: maybe,
    advice: z.string().nullable(),
  }),
});

/** Returns the figures of a piece that was not loaded: all are zero. */
export function noFigures(): PieceFigures {
  return emptyOf(figuresSchema) as PieceFigures;
}

function emptyOf(schema: unknown): unknown {
  if (schema instanceof z.ZodObject)
    return Object.fromEntries(Object.entries(schema.shape).map(([key, value]) => [key, emptyOf(value)]));
  return schema instanceof z.ZodNullable ? null : schema instanceof z.ZodString ? '' : 0;
}

/** Dead letters of a piece. */
const letterFileSchema = z.strictObject({
  /** `.lp`, or `host=a/.csv`. */
  ending: z.string().regex(/^(?:(?=[^/]{1,255}\/)[^/\0]+=[^/\0]*\/)*\.[\w.]{1,100}$/),
  /** Length of byte order mark and header at the start of the file. The coordinator's file of this ending has them once. */
  headBytes: count,
  gzip: z.base64(),
});

const lettersSchema = z.strictObject({
  /** Files with their content, compressed with gzip, in base64; null if they are too large. */
  files: z.array(letterFileSchema).refine(areLetters).nullable(),
  /** Folder of the files on the worker's machine; null if `files` contains them. */
  keptIn: z.string().nullable(),
  /** Bytes of all files. */
  bytes: count,
});

const pieceResultSchema = z.strictObject({
  formatVersion,
  machine: z.string(),
  /** Identifier of the worker. */
  worker: z.string(),
  outcome: z.enum(outcomeNames as [Outcome, ...Outcome[]]),
  reason: someText.nullable(),
  format: z.string(),
  /** Reason why the input could not be read to the end of the piece; null if it was. */
  error: someText.nullable(),
  inputBytes: count,
  /** Null if the piece was never loaded. */
  figures: figuresSchema.nullable(),
  rejects: z
    .record(z.string().max(300), z.strictObject({ points: count, example: someText }))
    .refine((rejects) => Object.keys(rejects).length <= maxReasons),
  letters: lettersSchema.nullable(),
});

/** Status that a worker sends each second, for display only: the totals do not include it. */
const workerStatusSchema = z.strictObject({
  formatVersion,
  id: z.string(),
  machine: z.string(),
  version: z.string(),
  /** Load and piece that the worker is loading; null while it waits. */
  load: z.string().nullable(),
  piece: z.string().nullable(),
  points: numbers('read', 'loaded', 'rejected'),
  bytes: numbers('read', 'decoded', 'sent'),
  inFlight: count,
  writers: count,
  rssBytes: count,
  nodeBytes: maybe,
});

export type FleetLoad = z.infer<typeof fleetLoadSchema>;
export type PieceJob = z.infer<typeof pieceJobSchema>;
export type PieceResult = z.infer<typeof pieceResultSchema>;
export type PieceLetters = z.infer<typeof lettersSchema>;
export type WorkerStatus = z.infer<typeof workerStatusSchema>;

/** The coordinator in the lock of a load. */
const holderSchema = z.object({ machine: z.string(), pid: z.int() });

/** Parses a message of one kind; returns null for anything else. */
export const parseFleetLoad = reader(fleetLoadSchema, maxLoadBytes);
export const parsePieceJob = reader(pieceJobSchema, maxJobBytes);
export const parsePieceResult = reader(pieceResultSchema, maxResultBytes);
export const parseWorkerStatus = reader(workerStatusSchema, maxJobBytes);
export const parseHolder = reader(holderSchema, maxJobBytes);

/** Returns the JSON of a value; an empty text if the value has no JSON, for example because it is nested too deep. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

/** Tests whether files can be decompressed and have at most `maxLetterBytes` in total. */
function areLetters(files: readonly z.infer<typeof letterFileSchema>[]): boolean {
  try {
    let left = maxLetterBytes;
    for (const { gzip } of files)
      left -= gunzipSync(Buffer.from(gzip, 'base64'), { maxOutputLength: Math.max(1, left) }).length;
    return left >= 0;
  } catch {
    return false;
  }
}

function reader<T>(schema: z.ZodType<T>, maxBytes: number): (json: string) => T | null {
  return (json) => {
    if (Buffer.byteLength(json) > maxBytes) return null;
    try {
      const found = schema.safeParse(JSON.parse(json));
      return found.success ? found.data : null;
    } catch {
      return null;
    }
  };
}
