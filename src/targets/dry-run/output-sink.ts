// Outputs of `--dry-run`: standard output, or a file that is complete or absent.

import { fstatSync, write as writeCallback } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { InterruptedError, StateError, UsageError } from '../../core/errors.js';
import { openFifoForWriting, temporaryBeside } from '../../core/io/files.js';

export interface OutputSink {
  /** Name in messages. */
  readonly name: string;
  /** Opens the output. Throws UsageError if the output cannot be written. */
  open(): Promise<void>;
  /**
   * Resolves once the bytes are written. Until then, the caller must not change the bytes. Throws StateError if writing
   * fails, and InterruptedError if the reader has closed the pipe.
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Closes the output. Throws StateError if closing fails.
   * @param complete true if the file holds every point and may replace the old file
   */
  close(complete: boolean): Promise<void>;
}

/** The part of a stream that the sink uses. */
export interface StandardOutput {
  readonly fd?: number;
  readonly isTTY?: boolean | undefined;
  write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown;
}

const write = promisify(writeCallback);

export function standardOutputSink(stream: StandardOutput): OutputSink {
  const name = 'standard output';
  const writeBytes = isFile(stream)
    ? (bytes: Uint8Array) => writeAll(stream.fd!, bytes)
    : (bytes: Uint8Array) => writeToStream(stream, bytes);
  return {
    name,
    open: () => Promise.resolve(),
    write: (bytes) => writeBytes(bytes).catch((error: unknown) => throwWriteError(error, name)),
    close: () => Promise.resolve(),
  };
}

/**
 * Creates a sink for a file or pipe.
 * @param reserved input files, which must not be overwritten
 * @param readerWaitsMs pauses before further attempts to open a pipe that has no reader, ms; absent for the default
 * pauses
 */
export function fileSink(
  path: string,
  reserved: readonly (string | null)[],
  readerWaitsMs?: readonly number[],
): OutputSink {
  let file: OpenFile | null = null;
  return {
    name: path,
    async open() {
      file = await openFile(path, reserved, readerWaitsMs).catch((error: unknown) => throwOpenError(error, path));
    },
    write: (bytes) => writeAll(file!.handle.fd, bytes).catch((error: unknown) => throwWriteError(error, path)),
    async close(complete) {
      const closing = file;
      file = null;
      if (closing !== null) await closeFile(closing, complete).catch((error: unknown) => throwWriteError(error, path));
    },
  };
}

interface OpenFile {
  readonly handle: FileHandle;
  /** The path with links resolved. */
  readonly path: string;
  /**
   * Temporary file that replaces `path` when all bytes are written; null if the bytes are written to `path` itself,
   * such as a pipe.
   */
  readonly temporary: string | null;
}

async function openFile(
  name: string,
  reserved: readonly (string | null)[],
  readerWaitsMs: readonly number[] | undefined,
): Promise<OpenFile> {
  const path = await realpath(name).catch(() => name);
  const found = await stat(path).catch(() => null);
  if (reserved.includes(path)) throw new Error('an input of this load');
  if (found?.isDirectory()) throw new Error('a directory');
  const replaces = found === null || found.isFile();
  const temporary = replaces ? temporaryBeside(path) : null;
  const handle = found?.isFIFO() ? await openFifoForWriting(path, readerWaitsMs) : await open(temporary ?? path, 'w');
  return { handle, path, temporary };
}

async function closeFile({ handle, path, temporary }: OpenFile, complete: boolean): Promise<void> {
  try {
    if (complete && temporary !== null) await handle.sync();
    await handle.close();
    if (complete && temporary !== null) await rename(temporary, path);
  } finally {
    if (temporary !== null) await rm(temporary, { force: true });
  }
}

/**
 * Tests for a regular file or a device such as /dev/null. The loader writes to both without Node's stream. If a full
 * disk cuts a write short, the stream would ignore this.
 */
function isFile({ fd, isTTY }: StandardOutput): boolean {
  if (fd === undefined || isTTY) return false;
  const found = fstatSync(fd);
  return found.isFile() || found.isCharacterDevice();
}

async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await write(fd, bytes, at)).bytesWritten;
}

/** Writes to a stream. Resolves once the bytes are written; a reader that stops reading delays this. */
async function writeToStream(stream: StandardOutput, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

function throwOpenError(cause: unknown, path: string): never {
  const problem = {
    tried: `opening ${path} for --dry-run`,
    expected: 'a file that can be written',
    found: messageOf(cause),
    fix: 'name another file',
  };
  throw new UsageError([problem], { cause });
}

function throwWriteError(cause: unknown, name: string): never {
  if (cause instanceof Error && 'code' in cause && cause.code === 'EPIPE') throw new InterruptedError('SIGPIPE');
  const problem = {
    tried: `writing the points to ${name}`,
    expected: 'room for all points',
    found: messageOf(cause),
    fix: 'free some disk space, or name another file',
  };
  throw new StateError(problem, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
