// Where `--dry-run` writes: standard output as it comes, or a file that is there whole or not at all.

import { constants, fstatSync, write as writeTo } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { InterruptedError, StateError, UsageError } from '../../core/errors.js';

export interface OutputSink {
  /** For people. */
  readonly shown: string;
  /** Throws UsageError where nothing can be written. */
  open(): Promise<void>;
  /**
   * Resolves once the bytes are written; they must not change before. Throws StateError when not all of them could be, and
   * InterruptedError when whoever reads has gone away.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** @param whole nothing is missing. Throws StateError. */
  close(whole: boolean): Promise<void>;
}

/** The part of a stream that is used. */
export interface StandardOutput {
  readonly fd?: number;
  readonly isTTY?: boolean | undefined;
  write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown;
}

const writing = promisify(writeTo);

export function standardOutputSink(stream: StandardOutput): OutputSink {
  const shown = 'standard output';
  const write = isFile(stream)
    ? (bytes: Uint8Array) => whollyWritten(stream.fd!, bytes)
    : (bytes: Uint8Array) => streamed(stream, bytes);
  return {
    shown,
    open: () => Promise.resolve(),
    write: (bytes) => write(bytes).catch((error: unknown) => failed(error, shown)),
    close: () => Promise.resolve(),
  };
}

/** When it is looked for a reader of a pipe: ms after the look before. */
const readerLooks = [0, 100, 400, 1500, 3000];

/**
 * @param taken files that must not be written over: they are read from
 * @param looks ms before each look for a reader, should it be a pipe
 */
export function fileSink(
  path: string,
  taken: readonly (string | null)[],
  looks: readonly number[] = readerLooks,
): OutputSink {
  let writing: Opened | null = null;
  const finish = async (whole: boolean): Promise<void> => {
    const opened = writing;
    writing = null;
    if (opened !== null) await closed(opened, whole);
  };
  return {
    shown: path,
    async open() {
      writing = await opened(path, taken, looks).catch((error: unknown) => unprepared(error, path));
    },
    write: (bytes) => whollyWritten(writing!.handle.fd, bytes).catch((error: unknown) => failed(error, path)),
    close: (whole) => finish(whole).catch((error: unknown) => failed(error, path)),
  };
}

interface Opened {
  readonly handle: FileHandle;
  readonly place: string;
  /** Where it is until it is whole; null where `place` is written to as it is, such as a pipe. */
  readonly temporary: string | null;
}

async function opened(path: string, taken: readonly (string | null)[], looks: readonly number[]): Promise<Opened> {
  const place = await realpath(path).catch(() => path);
  const found = await stat(place).catch(() => null);
  if (taken.includes(place)) throw new Error('a file that is read from');
  if (found?.isDirectory()) throw new Error('a directory');
  const replaces = found === null || found.isFile();
  const temporary = replaces ? join(dirname(place), `.${basename(place)}.${process.pid}.tmp`) : null;
  const handle = found?.isFIFO() ? await openPipe(place, looks) : await open(temporary ?? place, 'w');
  return { handle, place, temporary };
}

/** To open a pipe that nobody reads from never ends, and no signal ends it: asked first, it says so. */
async function openPipe(pipe: string, looks: readonly number[]): Promise<FileHandle> {
  for (const wait of looks) {
    await sleep(wait);
    const asked = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => null);
    if (asked === null) continue;
    // Kept until then: whoever reads must not see the end in between.
    try {
      return await open(pipe, 'w');
    } finally {
      await asked.close();
    }
  }
  throw new Error('a pipe that nobody reads from');
}

async function closed({ handle, place, temporary }: Opened, whole: boolean): Promise<void> {
  try {
    if (whole && temporary !== null) await handle.sync();
    await handle.close();
    if (whole && temporary !== null) await rename(temporary, place);
  } finally {
    if (temporary !== null) await rm(temporary, { force: true });
  }
}

/** Node's own stream to a file passes over what did not fit: a full disk would cut a point without a word. */
function isFile({ fd, isTTY }: StandardOutput): boolean {
  if (fd === undefined || isTTY) return false;
  const found = fstatSync(fd);
  return found.isFile() || found.isCharacterDevice();
}

async function whollyWritten(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await writing(fd, bytes, at)).bytesWritten;
}

/** A pipe that nobody reads from just now holds nothing up but this. */
async function streamed(stream: StandardOutput, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

function unprepared(error: unknown, path: string): never {
  const problem = `preparing ${path} for --dry-run — expected a place for a file — got ${said(error)} — name another file`;
  throw new UsageError([problem], { cause: error });
}

function failed(error: unknown, shown: string): never {
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') throw new InterruptedError('SIGPIPE');
  throw new StateError(
    `writing the points to ${shown} — expected it to take all of them — got ${said(error)} — free space or name another place`,
    { cause: error },
  );
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
