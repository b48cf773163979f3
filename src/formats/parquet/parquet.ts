// The Parquet format. Reads only uncompressed files with random access, because the footer is at the end of the file.

import { BugError, InputError } from '../../core/errors.js';
import { wrapSource } from '../../core/io/byte-source.js';
import { shellQuote } from '../../core/text.js';
import type { ByteSource, FileBytes, Format, InputOutline, MemoryBudget, Points } from '../../core/types/index.js';
import { INPUT_START } from '../../core/types/index.js';
import type { RowFormatMemory } from '../rows/rows.js';
import type { FileFieldTypes } from './parquet-reader.js';
import type { ParquetThread } from './worker/parquet-thread.js';

const unlimited: MemoryBudget = { bytes: Number.POSITIVE_INFINITY, limitFor: () => null };

export class Parquet implements Format {
  readonly name = 'parquet';
  readonly memoryBytes: number;
  readonly isRandom = true;
  readonly #rows: RowFormatMemory;
  readonly #budget: MemoryBudget;
  /** Types of fields without a declared type. The first file with a field determines its type for the whole load. */
  readonly #types: FileFieldTypes = new Map();
  /** Worker thread that reads local files; null if the main thread reads all files. */
  readonly #thread: ParquetThread | null;
  #input = '';
  /** Counts the bytes that the worker thread has read from the current input. */
  #readBytes: (bytes: number) => void = () => {};

  /** @param budget memory for reading one row group */
  constructor(rows: RowFormatMemory, budget: MemoryBudget = unlimited, thread: ParquetThread | null = null) {
    this.#rows = rows;
    this.#budget = budget;
    this.#thread = thread;
    this.memoryBytes = rows.memoryBytes;
  }

  /** Ends the worker thread. */
  async close(): Promise<void> {
    await this.#thread?.close();
  }

  /**
   * Returns a source that counts the bytes that are read from the file. Throws InputError for a source without random
   * access.
   */
  reads(source: ByteSource, name: string): ByteSource {
    const { file, compression } = source;
    this.#input = name;
    if (file === undefined || compression !== 'none') throw sequentialSource(name, compression);
    let bytesRead = 0;
    this.#readBytes = (bytes) => {
      bytesRead += bytes;
    };
    const { size, descriptor } = file;
    const counted: FileBytes = {
      size,
      ...(descriptor === undefined ? {} : { descriptor }),
      bytes: async (from, to) => {
        const bytes = await file.bytes(from, to);
        bytesRead += bytes.length;
        return bytes;
      },
    };
    return wrapSource(source, {
      get bytesRead() {
        return bytesRead;
      },
      file: counted,
    });
  }

  async outline({ file }: ByteSource, name: string): Promise<InputOutline> {
    if (file === undefined) throw new BugError('Parquet was opened without random access');
    const { parquetOutline } = await import('./outline.js');
    return await parquetOutline(file, name, this.#budget, this.#rows.options);
  }

  async *points(source: ByteSource, signal: AbortSignal, start = INPUT_START): AsyncGenerator<Points, void> {
    const { file } = source;
    if (file === undefined) throw new BugError('Parquet was opened without random access');
    const { parquetPoints } = await import('./parquet-reader.js');
    const input = { file, name: this.#input, budget: this.#budget, types: this.#types };
    const { descriptor } = file;
    yield* this.#thread !== null && descriptor !== undefined
      ? this.#thread.points({ ...input, descriptor }, signal, start, this.#readBytes)
      : parquetPoints(input, this.#rows, signal, start);
    // Reading at the end of the file reports an error if the file has changed.
    source.seek?.(file.size);
    await source.read(new Uint8Array(1), signal);
  }
}

function sequentialSource(name: string, compression: ByteSource['compression']): InputError {
  const isStream = compression === 'none';
  return new InputError({
    tried: `reading ${name === '-' ? 'standard input' : name}`,
    expected: 'Parquet in a plain file, because reading begins at the end of the file',
    found: isStream ? 'a stream' : `a file compressed with ${compression}`,
    fix: isStream
      ? 'write the stream to a file and name that file'
      : `unpack the file first: ${compression === 'gzip' ? 'gunzip' : 'zstd -d'} ${shellQuote(name)}`,
  });
}
