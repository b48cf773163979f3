// Parquet: rows under types of their own. It has to be read at random, its end first, so it has to be a file as it is.

import { BugError, InputError } from '../../core/errors.js';
import type { ByteSource, FileBytes, Format, MemoryBudget, Points } from '../../core/types/index.js';
import { INPUT_START } from '../../core/types/index.js';
import type { RowFormatMemory } from '../rows/rows.js';

/** Without a plan nothing is refused. */
const unlimited: MemoryBudget = { bytes: Number.POSITIVE_INFINITY, limitFor: () => null };

export class Parquet implements Format {
  readonly name = 'parquet';
  readonly memoryBytes: number;
  readonly isRandom = true;
  readonly #rows: RowFormatMemory;
  readonly #room: MemoryBudget;
  #input = '';

  /** `room`: for the row group that is being read. */
  constructor(rows: RowFormatMemory, room: MemoryBudget = unlimited) {
    this.#rows = rows;
    this.#room = room;
    this.memoryBytes = rows.memoryBytes;
  }

  /** Throws InputError for what cannot be read at random. */
  reads(source: ByteSource, name: string): ByteSource {
    const { file, compression } = source;
    this.#input = name;
    if (file === undefined || compression !== 'none') throw sequential(name, compression);
    let bytesRead = 0;
    const counted: FileBytes = {
      size: file.size,
      bytes: async (from, to) => {
        const bytes = await file.bytes(from, to);
        bytesRead += bytes.length;
        return bytes;
      },
    };
    return {
      ...(source.seek === undefined ? {} : { seek: (to: number): void => source.seek?.(to) }),
      read: (into, signal) => source.read(into, signal),
      close: () => source.close(),
      get bytesRead() {
        return bytesRead;
      },
      compression,
      file: counted,
    };
  }

  async *points(source: ByteSource, signal: AbortSignal, start = INPUT_START): AsyncGenerator<Points, void> {
    const { file } = source;
    if (file === undefined) throw new BugError('reading Parquet from something that is no file');
    // What reads Parquet is loaded when the first such file comes.
    const { parquetPoints } = await import('./parquet-reader.js');
    yield* parquetPoints({ file, name: this.#input, room: this.#room }, this.#rows, signal, start);
    // The end of a file is where one that changed meanwhile is found out.
    source.seek?.(file.size);
    await source.read(new Uint8Array(1), signal);
  }
}

function sequential(name: string, compression: ByteSource['compression']): InputError {
  const [got, how] =
    compression === 'none'
      ? ['a stream', 'put it into a file and name that']
      : [`one inside ${compression}`, `unpack it first: ${compression === 'gzip' ? 'gunzip' : 'zstd -d'} ${name}`];
  return new InputError(
    `reading ${name === '-' ? 'standard input' : name}: expected Parquet as a file of its own, since it is read from its end, got ${got}; ${how} (its columns are compressed inside)`,
  );
}
