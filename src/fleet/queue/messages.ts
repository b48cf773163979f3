// The messages between coordinator and workers in Redis. Everything read from Redis must match these schemas; a message
// with an unknown key is refused. A job contains no target, no credential and no absolute path.

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
/**
 * Largest size of the dead letters of one piece in Redis, bytes before compression. Larger dead letters remain on the
 * disk of the worker.
 */
export const maxLetterBytes = 8 * 1024 * 1024;
/** Largest accepted number of reject reasons in a result. A real piece has fewer reasons. */
const maxReasons = 100;
/** A reason or an example of a reject, cut to 2,000 characters because it may quote much data. */
const someText = z.string().transform((text) => excerpt(text, 2000));

/** Description of a load that the coordinator stores for the workers. */
const fleetLoadSchema = z.strictObject({
  formatVersion,
  id: loadId,
  /** Version of bulk-load that the coordinator runs. */
  version: z.string(),
  plan: z.string(),
  /** Random text that changes whenever the coordinator writes this description to Redis again. */
  epoch: z.string(),
  /** Hash of the target's kind, tenant, database and retention policy. Workers with other targets ignore the load. */
  target: z.string(),
  /** Hash of the `identity` of the plan. */
  identity: z.string(),
  /** Options that the user gave for the load. The limits among these options apply to the whole fleet. */
  options: z.record(z.string(), z.unknown()),
  fieldTypes: fieldTypesSchema,
  times: timesSchema,
  pieces: count,
  startedAt: z.string(),
});

/** A job: a piece of an input to load. `input.path` is a URL, or a path below a folder of --allow-input. */
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

/** Figures of a piece. For the summary of the load, the coordinator adds the figures of all pieces. */
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

/** Returns the figures of a piece that was not loaded: all figures are zero. */
export function noFigures(): PieceFigures {
  return emptyOf(figuresSchema) as PieceFigures;
}

function emptyOf(schema: unknown): unknown {
  if (schema instanceof z.ZodObject)
    return Object.fromEntries(Object.entries(schema.shape).map(([key, value]) => [key, emptyOf(value)]));
  return schema instanceof z.ZodNullable ? null : schema instanceof z.ZodString ? '' : 0;
}

/** A file with dead letters of a piece. Contains the end of the file's path, but not the folder of the worker. */
const letterFileSchema = z.strictObject({
  /** End of the file's path, such as `.lp` or `host=a/.csv`. */
  suffix: z.string().regex(/^(?:(?=[^/]{1,255}\/)[^/\0]+=[^/\0]*\/)*\.[\w.]{1,100}$/),
  /**
   * Number of bytes of the byte order mark and the header line at the start of the file. The coordinator appends all
   * files with the same suffix to one file, and keeps only the first of these starts.
   */
  headBytes: count,
  gzip: z.base64(),
});

const lettersSchema = z.strictObject({
  /** Dead-letter files, compressed with gzip, in base64; null if the files are too large for Redis. */
  files: z.array(letterFileSchema).refine(areLetters).nullable(),
  /** Folder of the dead-letter files on the worker's machine; null if `files` contains them. */
  keptIn: z.string().nullable(),
  /** Size of all dead-letter files before compression, bytes. */
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
  /** Reason why the worker could not read the piece to its end; otherwise null. */
  error: someText.nullable(),
  inputBytes: count,
  /** Null if the worker did not load the piece. */
  figures: figuresSchema.nullable(),
  rejects: z
    .record(z.string().max(300), z.strictObject({ points: count, example: someText }))
    .refine((rejects) => Object.keys(rejects).length <= maxReasons),
  letters: lettersSchema.nullable(),
});

/** Status that a worker sends each second. It is only displayed, and is not part of the totals of a load. */
const workerStatusSchema = z.strictObject({
  formatVersion,
  id: z.string(),
  machine: z.string(),
  version: z.string(),
  /** Id of the load and id of the piece that the worker is loading; both are null while the worker waits. */
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

/** The coordinator that holds the lock of a load. */
const holderSchema = z.object({ machine: z.string(), pid: z.int() });

/**
 * Each of these functions parses one kind of message. The function returns null for text that is too long or does not
 * match the schema.
 */
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

/** Tests whether all files can be decompressed, and have at most `maxLetterBytes` in total after decompression. */
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
