// The JSON format. Rows are the elements of a list, consecutive values, or the values at --json-path. Each row is then
// read as one NDJSON line. A response of InfluxDB 1 is recognised by its first bytes.

import { peekSource, wrapSource } from '../../core/io/byte-source.js';
import type { ByteSource, Format, Points, Position } from '../../core/types/index.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { InfluxMapping, influxLines } from './influx-response.js';
import { isInfluxResponse } from './json-sniff.js';
import { splitJson } from './json-splitter.js';
import { Ndjson } from './ndjson.js';
import { selectPath } from './select-path.js';

/** Number of bytes at the start of the input in which a response of InfluxDB 1 is recognised. */
const headBytes = 256;

export class Json implements Format {
  readonly name = 'json';
  readonly memoryBytes: number;
  readonly #lines: Ndjson;
  readonly #path: string | null;
  readonly #influx: InfluxMapping;
  #isInflux = false;

  /** @param path path to the list of rows, such as `data.items`; null if the whole text is the list */
  constructor(rows: RowFormatMemory, path: string | null) {
    this.#influx = new InfluxMapping(rows.options.tags);
    this.#lines = new Ndjson(rows, () => (this.#isInflux ? this.#influx.complete(rows.options) : rows.options));
    this.memoryBytes = this.#lines.memoryBytes;
    this.#path = path;
  }

  reads(source: ByteSource, name: string): ByteSource {
    this.#isInflux = false;
    if (this.#path !== null) return selectPath(source, this.#path, name);
    let lines: ByteSource | null = null;
    return wrapSource(source, {
      read: async (into: Uint8Array, signal: AbortSignal) => {
        lines ??= await this.#linesOf(source, name, signal);
        return await lines.read(into, signal);
      },
      close: () => (lines ?? source).close(),
      seek: undefined,
      file: undefined,
    });
  }

  async recall(head: ByteSource, start: Position, signal: AbortSignal): Promise<void> {
    await this.#lines.recall(this.reads(head, 'the start of the input'), start, signal);
  }

  points(source: ByteSource, signal: AbortSignal, start?: Position): AsyncGenerator<Points, void> {
    return this.#lines.points(source, signal, start);
  }

  async #linesOf(source: ByteSource, name: string, signal: AbortSignal): Promise<ByteSource> {
    const { head, source: replayed } = await peekSource(source, new Uint8Array(headBytes), () => false, signal);
    const text = Buffer.from(head)
      .toString('latin1')
      .replace(/^\xef\xbb\xbf/, '');
    this.#isInflux = isInfluxResponse(text);
    return this.#isInflux ? influxLines(replayed, name, this.#influx) : splitJson(replayed, name);
  }
}
