// The JSON format: rows are the elements of a list, values in sequence, or whatever lies at --json-path.
// Each row is then read as a line of NDJSON.

import type { ByteSource, Format, Points, Position } from '../../core/types/index.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { splitJson } from './json-splitter.js';
import { Ndjson } from './ndjson.js';
import { selectPath } from './select-path.js';

export class Json implements Format {
  readonly name = 'json';
  readonly memoryBytes: number;
  readonly #lines: Ndjson;
  readonly #path: string | null;

  /** @param path of the list, `data.items`; null when the text itself is the list */
  constructor(rows: RowFormatMemory, path: string | null) {
    this.#lines = new Ndjson(rows);
    this.memoryBytes = this.#lines.memoryBytes;
    this.#path = path;
  }

  reads(source: ByteSource, name: string): ByteSource {
    return this.#path === null ? splitJson(source, name) : selectPath(source, this.#path, name);
  }

  async recall(head: ByteSource, start: Position, signal: AbortSignal): Promise<void> {
    await this.#lines.recall(this.reads(head, 'the start of the input'), start, signal);
  }

  points(source: ByteSource, signal: AbortSignal, start?: Position): AsyncGenerator<Points, void> {
    return this.#lines.points(source, signal, start);
  }
}
