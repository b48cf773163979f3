// The checkpoint on disk, from which the next run resumes a load. Each write replaces the whole file, so a killed process
// leaves either the old or the new checkpoint.

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
  /** Settled pieces beyond `place`. */
  beyond: z.array(z.strictObject({ from: count, to: positionSchema })),
  loaded: count,
  rejected: count,
  /** Field values loaded. */
  values: count,
  reasons: z.record(z.string(), count),
  /** Some of the tables that hold the input's points; absent in files of earlier versions. */
  tables: z.array(z.string()).optional(),
  /** Cluster that holds the input's points, for the history. */
  cluster: clusterSchema.optional(),
});

const checkpointSchema = z.strictObject({
  formatVersion: z.literal(formatVersion),
  /** Start of the load, ms since 1970; generated timestamps count from it. */
  startedMs: count,
  /** Bytes of each dead-letter file at this checkpoint, by ending; null without dead letters. */
  deadLetters: z.record(z.string(), count).nullable(),
  /** Bytes of the log of finished inputs at this checkpoint. */
  finishedBytes: count,
  /** Final name of the dead letters, once the load only has to clean up; null before. */
  completing: z.string().nullable(),
  /** Cluster that the load writes to; absent in files of earlier versions. */
  cluster: clusterSchema.optional(),
  inputs: z.array(inputSchema),
});

export type CheckpointInput = z.infer<typeof inputSchema>;
export type Checkpoint = Omit<z.infer<typeof checkpointSchema>, 'formatVersion'>;

/** Reads the checkpoint; returns null if there is no file. Throws StateError for a damaged checkpoint. */
export async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  try {
    return checkpointSchema.parse(JSON.parse(await readText(path)));
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

/** Names the temporary file of a checkpoint. All runs use one name, so the next run replaces the file of a killed run. */
export function temporaryCheckpoint(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

/** Resolves once the checkpoint is durable. If it throws StateError, the earlier checkpoint still exists. */
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
