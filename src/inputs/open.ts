// From a name to decoded bytes: opens what is there, looks at its first bytes, puts the decoder on top.

import { fstatSync } from 'node:fs';
import { open as openHandle, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { InputError } from '../core/errors.js';
import type { ByteSource, MemoryBudget } from '../core/types/index.js';
import { gunzipSource } from './decompress/gzip.js';
import { detectCompression, inputLabel, peek } from './decompress/sniff.js';
import { zstdSource } from './decompress/zstd.js';
import { smallBytes, smallFile } from './local/buffered-file.js';
import { openFifo } from './local/fifo.js';
import { descriptorSource, fileSource } from './local/file.js';
import { pipeSource } from './local/pipe.js';
import { describeSystemError, type RawSource } from './local/raw-source.js';
import { StreamSource } from './local/stream-source.js';

/** Opens a file, a named pipe or a device. Throws InputError. */
export async function openPath(
  path: string,
  name: string,
  signal: AbortSignal,
  room?: MemoryBudget,
): Promise<ByteSource> {
  return decompress(await rawPath(path, name, signal), name, signal, room);
}

/** Any stream. Throws InputError. */
export async function openStream(
  stream: Readable,
  name: string,
  signal: AbortSignal,
  room?: MemoryBudget,
): Promise<ByteSource> {
  return decompress(new StreamSource(stream, failureOf(name)), name, signal, room);
}

/** A pipe, a socket or a file that is open already, from where it stands. Throws InputError. */
export async function openDescriptor(
  descriptor: number,
  name: string,
  signal: AbortSignal,
  room?: MemoryBudget,
): Promise<ByteSource> {
  const isFile = fstatSync(descriptor).isFile();
  const raw = isFile
    ? descriptorSource(descriptor, failureOf(name))
    : pipeSource(descriptor, new Uint8Array(0), failureOf(name));
  return decompress(raw, name, signal, room);
}

async function rawPath(path: string, name: string, signal: AbortSignal): Promise<RawSource> {
  signal.throwIfAborted();
  try {
    const what = await stat(path);
    if (what.isDirectory())
      throw new InputError(
        `reading ${name}: expected a file, got a directory; name a file in it, or run the same command again`,
      );
    if (what.isFIFO()) return await openFifo(path, signal, failureOf(name));
    if (what.isFile() && what.size > 0 && what.size <= smallBytes) return smallFile(path, name, what.size);
    return await fileSource(await openHandle(path, 'r'), name);
  } catch (error) {
    if (error instanceof InputError || signal.aborted) throw error;
    throw new InputError(`opening ${name}: ${describeSystemError(error)}`, { cause: error });
  }
}

function failureOf(name: string): (error: unknown) => InputError {
  return (error) => new InputError(`reading ${inputLabel(name)}: ${describeSystemError(error)}`, { cause: error });
}

/** Puts the decoder for its content on top. Takes over `raw`. Throws InputError. */
export async function decompress(
  raw: RawSource,
  name: string,
  signal: AbortSignal,
  room?: MemoryBudget,
): Promise<ByteSource> {
  try {
    const { head, source } = await peek(raw, signal);
    const compression = detectCompression(head, name, raw.command);
    if (compression === 'gzip') return gunzipSource(source, name);
    if (compression === 'zstd') return await zstdSource(source, name, room);
    return plain(source);
  } catch (error) {
    await raw.close();
    throw error;
  }
}

function plain(source: RawSource): ByteSource {
  const { file } = source;
  return {
    compression: 'none',
    ...(file === undefined ? {} : { file }),
    ...(source.seek === undefined ? {} : { seek: (to: number): void => source.seek?.(to) }),
    read: (into, signal) => source.read(into, signal),
    close: () => source.close(),
    get bytesRead() {
      return source.bytesRead;
    },
  };
}
