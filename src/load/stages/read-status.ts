// Tracks how far the inputs are read: file bytes, decoded bytes, the current input, and waits for bytes.

import { isUnchanged, wrapSource } from '../../core/io/byte-source.js';
import { orAborted, WaitStats } from '../../core/time/wait-stats.js';
import type { ByteSource, Clock, Format, Input, Points } from '../../core/types/index.js';

export class ReadStatus {
  /** Measures how long writers waited for bytes of an input, including decompression. */
  readonly waits: WaitStats;
  readonly #inputs: readonly Input[];
  /** Format of each input that this run has begun. */
  readonly #formats = new Map<number, string>();
  /** Decoded size of each input that was read to its end; -1 for all other inputs. */
  readonly #decodedSizes: Float64Array;
  #current: number | null = null;
  #source: ByteSource | null = null;
  /** Numbers to add to the counters of file bytes and decoded bytes. The sums are the position in the current input. */
  #offsets: { readonly file: number; readonly decoded: number; readonly isPlain: boolean } | null = null;
  #closedBytes = 0;
  #decoded = 0;
  #done = 0;

  constructor(inputs: readonly Input[], clock: Clock) {
    this.#inputs = inputs;
    this.waits = new WaitStats(clock);
    this.#decodedSizes = new Float64Array(inputs.length).fill(-1);
  }

  /** Bytes that this run has read: `read` counts file bytes, `decoded` counts bytes after decompression. */
  get bytes(): { readonly read: number; readonly decoded: number } {
    return { read: this.#closedBytes + this.#openBytes, decoded: this.#decoded };
  }

  get inputs(): { readonly done: number; readonly current: string | null } {
    return { done: this.#done, current: this.#current === null ? null : this.#inputs[this.#current]!.name };
  }

  get #openBytes(): number {
    return this.#source?.bytesRead ?? 0;
  }

  /** Returns the format of an input; null if this run has not begun the input. */
  formatOf(input: number): string | null {
    return this.#formats.get(input) ?? null;
  }

  /** Returns true if this run has read the input to its end, or does not need to read the input. */
  isRead(input: number): boolean {
    return this.#decodedSizes[input]! >= 0;
  }

  /**
   * Returns the position up to which this run has read an input, as file bytes and decoded bytes. Both numbers count
   * from the start of the input or of its piece. Returns null for an input that this run has not begun.
   */
  positionIn(input: number): { readonly file: number; readonly decoded: number } | null {
    if (this.isRead(input)) return { file: this.#inputs[input]!.size ?? 0, decoded: this.#decodedSizes[input]! };
    if (this.#current !== input || this.#offsets === null) return null;
    const decoded = this.#offsets.decoded + this.#decoded;
    return { file: this.#offsets.isPlain ? decoded : this.#offsets.file + this.#openBytes, decoded };
  }

  begin(input: number): void {
    this.#current = input;
    this.#offsets = null;
  }

  opened(source: ByteSource): void {
    this.#source = source;
  }

  /**
   * Records the source from which points are parsed.
   * @param from decoded offset at which reading begins
   */
  reads(input: number, format: Format, source: ByteSource, from: number): void {
    this.#formats.set(input, format.name);
    this.#source = source;
    const isPlain = isUnchanged(source) && format.reads === undefined && format.isRandom !== true;
    // `bytesRead` of a source that can seek excludes the skipped bytes, so this code adds the skipped bytes.
    const file = source.seek === undefined ? 0 : from - source.bytesRead;
    const begin = this.#inputs[input]!.piece?.from.byteOffset ?? 0;
    this.#offsets = { file, decoded: from - begin - this.#decoded, isPlain };
  }

  /** Called immediately before the source of the current input is closed. */
  closing(): void {
    if (this.#offsets !== null) this.#offsets = { ...this.#offsets, file: this.#offsets.file + this.#openBytes };
    this.#closedBytes += this.#openBytes;
    this.#source = null;
  }

  end(input: number): void {
    this.#decodedSizes[input] = Math.max(0, this.positionIn(input)?.decoded ?? 0);
    this.#offsets = null;
    this.#done += 1;
  }

  /** Records that all inputs are read. */
  endAll(): void {
    this.#current = null;
  }

  /** Parses the points of an input, and counts decoded bytes and waiting time. */
  async *count(
    points: (source: ByteSource) => AsyncGenerator<Points, void>,
    { isRandom }: Format,
    source: ByteSource,
    from: number,
    signal: AbortSignal,
  ): AsyncGenerator<Points, void> {
    const { file } = source;
    if (isRandom !== true) {
      yield* points(
        wrapSource(source, {
          read: async (into: Uint8Array, stop: AbortSignal) => {
            const read = await this.waits.during(orAborted(source.read(into, stop), stop));
            this.#decoded += read;
            return read;
          },
        }),
      );
      return;
    }
    const bytes = (first: number, to: number): Promise<Uint8Array> =>
      this.waits.during(orAborted(file!.bytes(first, to), signal));
    const counted = file === undefined ? source : wrapSource(source, { file: { ...file, bytes } });
    let end = from;
    for await (const run of points(counted)) {
      this.#decoded += run.end - end;
      end = run.end;
      yield run;
    }
  }
}
