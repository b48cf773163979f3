// The checkpoint as it lies on the disk: what has to be known to go on with a load. It is replaced as a whole, so a
// process that is killed at any instant leaves the one before or the one after.

import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { StateError } from '../core/errors.js';
import { fingerprintSchema } from './fingerprint.js';

const formatVersion = 1;
const count = z.int().nonnegative();
const placeSchema = z.strictObject({ byteOffset: count, line: z.int().positive(), ordinal: count, digits: count });

/** An input that was begun: what it is, how far it is accounted for, and the account of that. */
export const inputSchema = z.strictObject({
  path: z.string(),
  fingerprint: fingerprintSchema,
  place: placeSchema,
  /** Accounted for beyond `place`. */
  beyond: z.array(z.strictObject({ from: count, to: placeSchema })),
  loaded: count,
  rejected: count,
  /** Field values loaded. */
  values: count,
  reasons: z.record(z.string(), count),
});

const checkpointSchema = z.strictObject({
  formatVersion: z.literal(formatVersion),
  /** ms since 1970: start of the load, which stamps for missing timestamps are counted from. */
  startedMs: count,
  /** Bytes of the files of dead letters that this checkpoint stands for, by their endings; null for none. */
  deadLetters: z.record(z.string(), count).nullable(),
  /** Bytes of the log of finished inputs that belong to it. */
  finishedBytes: count,
  /** Set when all is done but the clearing up: the name that the dead letters are being given. */
  completing: z.string().nullable(),
  inputs: z.array(inputSchema),
});

export type CheckpointInput = z.infer<typeof inputSchema>;
export type Checkpoint = Omit<z.infer<typeof checkpointSchema>, 'formatVersion'>;

/** Null when there is none. Throws StateError for one that cannot be understood. */
export async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw readFailure(path, error);
  }
  try {
    return checkpointSchema.parse(JSON.parse(text));
  } catch (error) {
    throw readFailure(path, error);
  }
}

/** Resolves when it is on the disk for good. Throws StateError; what was there before is then still there. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const next = `${path}.next`;
  try {
    await written(await open(next, 'w', 0o600), `${JSON.stringify({ formatVersion, ...checkpoint })}\n`);
    await rename(next, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(next, { force: true }).catch(() => {});
    throw writeFailure('writing the checkpoint', path, error);
  }
}

async function written(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export function writeFailure(attempted: string, path: string, error: unknown): StateError {
  const got = error instanceof Error ? error.message : String(error);
  return new StateError(
    `${attempted} — expected to write ${path} — got ${got} — free the disk or name another folder with --state-dir`,
    { cause: error },
  );
}

/** What was kept of a load cannot be used: it is not guessed at. */
export function readFailure(path: string, error: unknown): StateError {
  const got = error instanceof z.ZodError ? wrong(error) : error instanceof Error ? error.message : String(error);
  return new StateError(
    `continuing the load — expected a checkpoint of this version in ${path} — got ${got} — ` +
      'continue with the version that wrote it, or load everything again with --fresh',
    { cause: error },
  );
}

function wrong({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}
