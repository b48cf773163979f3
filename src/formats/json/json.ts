// JSON: the elements of a list, or values behind each other, or what lies at a path; each a row as an object of NDJSON is.

import type { ByteSource, Format, Points, Position } from '../../core/types/index.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { asLines } from './json-lines.js';
import { Ndjson } from './ndjson.js';
import { selectPath } from './select-path.js';

export class Json implements Format {
  readonly name = 'json';
  readonly memoryBytes: number;
  readonly #lines: Ndjson;
  readonly #path: string | null;

  /** `path`: to the list, `data.items`; null where the text itself is one. */
  constructor(rows: RowFormatMemory, path: string | null) {
    this.#lines = new Ndjson(rows);
    this.memoryBytes = this.#lines.memoryBytes;
    this.#path = path;
  }

  reads(source: ByteSource, name: string): ByteSource {
    return this.#path === null ? asLines(source, name) : selectPath(source, this.#path, name);
  }

  async recall(head: ByteSource, start: Position, signal: AbortSignal): Promise<void> {
    await this.#lines.recall(this.reads(head, 'the head'), start, signal);
  }

  points(source: ByteSource, signal: AbortSignal, start?: Position): AsyncGenerator<Points, void> {
    return this.#lines.points(source, signal, start);
  }
}
