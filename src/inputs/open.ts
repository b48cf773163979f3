// Opens an input, detects its compression and UTF-16, and wraps it with the decoders.

import { fstatSync, statSync } from 'node:fs';
import { open as openHandle, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { InputError } from '../core/errors.js';
import { peekSource } from '../core/io/byte-source.js';
import type { ByteSource, MemoryBudget } from '../core/types/index.js';
import { fileForThread, GunzipThread } from './decompress/gunzip-thread.js';
import { gunzipSource } from './decompress/gzip.js';
import { detectCompression, signatureBytes } from './decompress/sniff.js';
import { zstdSource } from './decompress/zstd.js';
import { decodedUtf16Source, utf16Source } from './encoding/utf8-source.js';
import { smallFile, smallFileBytes } from './local/buffered-file.js';
import { openFifo } from './local/fifo.js';
import { descriptorSource, fileSource } from './local/file.js';
import { pipeSource } from './local/pipe.js';
import { inputLabel, type RawSource, unreadable, withChecksum } from './local/raw-source.js';
import { StreamSource } from './local/stream-source.js';

/**
 * Opens a file, a named pipe or a device. Throws InputError.
 * @param size size of the file when it was found; null if unknown
 */
export async function openPath(
  path: string,
  name: string,
  signal: AbortSignal,
  room?: MemoryBudget,
  size: number | null = null,
): Promise<ByteSource> {
  return decompress(await openRaw(path, name, signal, size), name, signal, room);
}

/** Opens a stream. Throws InputError. */
export async function openStream(
  stream: Readable,
  name: string,
  signal: AbortSignal,
  room?: MemoryBudget,
): Promise<ByteSource> {
  return decompress(new StreamSource(stream, failureOf(name)), name, signal, room);
}

/** Reads an open pipe, socket or file from its current position. Throws InputError. */
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

async function openRaw(path: string, name: string, signal: AbortSignal, size: number | null): Promise<RawSource> {
  signal.throwIfAborted();
  try {
    // A small file is read synchronously. An asynchronous call for its size would take longer than reading the file.
    const found = size !== null && size <= smallFileBytes ? statSync(path) : await stat(path);
    if (found.isDirectory())
      throw new InputError({
        tried: `reading ${name}`,
        expected: 'a file',
        found: 'a directory',
        fix: 'run the same command again, or name a file in the directory',
      });
    if (found.isFIFO()) return await openFifo(path, signal, failureOf(name));
    if (found.isFile() && found.size > 0 && found.size <= smallFileBytes) return smallFile(path, name, found.size);
    return await fileSource(await openHandle(path, 'r'), name);
  } catch (error) {
    if (error instanceof InputError || signal.aborted) throw error;
    throw unreadable(`opening ${name}`, error);
  }
}

function failureOf(name: string): (error: unknown) => InputError {
  return (error) => unreadable(`reading ${inputLabel(name)}`, error);
}

/** Adds the decoder for the source's content. Closing the result closes `raw`. Throws InputError. */
export async function decompress(
  raw: RawSource,
  name: string,
  signal: AbortSignal,
  room?: MemoryBudget,
): Promise<ByteSource> {
  try {
    const enough = (head: Uint8Array): boolean => head.length === signatureBytes;
    const peeked = await peekSource(raw, new Uint8Array(signatureBytes), enough, signal);
    const compression = detectCompression(peeked.head, name, raw.command);
    const isSmall = (raw.file?.size ?? 0) <= smallFileBytes;
    const source = withChecksum(peeked.source, compression !== 'none' || isSmall);
    if (compression === 'none') return utf16Source(source, peeked.head);
    if (compression === 'zstd') return decodedUtf16Source(await zstdSource(source, name, room));
    const file = room?.hasThread === true ? fileForThread(source) : null;
    return decodedUtf16Source(file === null ? gunzipSource(source, name) : new GunzipThread(source, file, name));
  } catch (error) {
    await raw.close();
    throw error;
  }
}
