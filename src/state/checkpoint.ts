// Reads and writes the checkpoint file, from which the next run resumes a load. Each write replaces the whole file, so
// a killed process leaves either the old or the new checkpoint.

import { constants } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../core/errors.js';
import { replaceFile } from '../core/io/files.js';
import { countSchema as count, positionSchema } from '../core/io/position-schema.js';
import { clusterSchema } from './cluster.js';
import { fingerprintSchema } from './fingerprint.js';
import { openStateFile, readFailure, writeFailure } from './state-dir.js';

const formatVersion = 1;

/** A started input: its identity, its progress, and its totals. */
export const inputSchema = z.strictObject({
  path: z.string(),
  fingerprint: fingerprintSchema,
  place: positionSchema,
  /** Settled ranges (loaded, or rejected and stored) after `place`. The bytes between these ranges are not settled. */
  beyond: z.array(z.strictObject({ from: count, to: positionSchema })),
  loaded: count,
  rejected: count,
  /** Number of loaded field values. */
  values: count,
  reasons: z.record(z.string(), count),
  /** Some of the tables into which points of the input were loaded; absent in files of earlier versions. */
  tables: z.array(z.string()).optional(),
  /** Cluster into which the input was loaded. Only entries in the history file need this value. */
  cluster: clusterSchema.optional(),
});

/**
 * Creates the schema of the file. This takes time, so it happens when a checkpoint is read, not when this module is
 * loaded.
 */
const checkpointSchema = () =>
  z.strictObject({
    formatVersion: z.literal(formatVersion),
    /** Start of the load, ms since 1970; generated timestamps count from this time. */
    startedMs: count,
    /** Size of each dead-letter file in bytes, by the suffix of its name; null without rejected points. */
    deadLetters: z.record(z.string(), count).nullable(),
    /** Size of the log of finished inputs at the time of this checkpoint, bytes. */
    finishedBytes: count,
    /**
     * Final name of the dead-letter files. Set once all inputs are finished and only cleaning up remains; null until
     * then.
     */
    completing: z.string().nullable(),
    /** Cluster to which the load writes; absent in files of earlier versions. */
    cluster: clusterSchema.optional(),
    inputs: z.array(inputSchema),
  });

export type CheckpointInput = z.infer<typeof inputSchema>;
export type Checkpoint = Omit<z.infer<ReturnType<typeof checkpointSchema>>, 'formatVersion'>;

/** Reads the checkpoint. Returns null for a missing file. Throws StateError for a damaged checkpoint. */
export async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  try {
    // A new load has no checkpoint, and saves the time for creating the schema.
    const content: unknown = JSON.parse(await readText(path));
    return checkpointSchema().parse(content);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw readFailure(path, error);
  }
}

async function readText(path: string): Promise<string> {
  const file = await openStateFile(path, constants.O_RDONLY);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/**
 * Returns the path of a checkpoint's temporary file. All runs use the same path, so the next run replaces the file of a
 * killed run.
 */
export function temporaryCheckpoint(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

/**
 * Writes the checkpoint. Resolves once it is durable. If this fails, throws StateError, and the file contains either
 * the earlier or the new checkpoint.
 */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  try {
    const write = async (file: FileHandle): Promise<void> => {
      await file.chmod(0o600);
      await file.writeFile(`${JSON.stringify({ formatVersion, ...checkpoint })}\n`);
    };
    await replaceFile(path, write, rename, temporaryCheckpoint(path));
    await syncDirectory(dirname(path));
  } catch (error) {
    throw writeFailure('writing the checkpoint', path, error);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
