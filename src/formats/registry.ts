// Which format an input has, and the objects that read it: made when the first input of their kind is begun, one each for
// a whole load. The only place that knows every format.

import type { Settings } from '../config/settings.js';
import type { ByteSource, Format, FormatName, Input, MemoryBudget } from '../core/types/index.js';
import { detect, headBytes } from './detect.js';
import { LineProtocol, type LineProtocolOptions } from './line-protocol/line-format.js';
import { apartIndexPoints, chunkBytes } from './line-protocol/lines-layout.js';
import type { RowFormats } from './row-formats.js';
import { rowLayout } from './rows/rows-layout.js';

/** Bytes of one read; a reject comes in parts of as many. */
export { chunkBytes };

/** More inputs than this: the first and the last of them are looked into, the others go by their names. */
const mostInputs = 64;

/** Memory of those formats, all of it; `wide`: as much is read at once as pays. */
export function formatMemoryBytes(settings: Settings, formats: readonly FormatName[], wide: boolean): number {
  const lines = formats.includes('lp') ? LineProtocol.memoryBytes(lineOptions(settings, { wide, apart: false })) : 0;
  return lines + (formats.some((each) => each !== 'lp') ? rowLayout(settings).bytes : 0);
}

/** What they take besides when points are found on a thread of its own; null where none of them can be. */
export function workerMemoryBytes(settings: Settings, formats: readonly FormatName[]): number | null {
  if (!formats.includes('lp')) return null;
  const here = LineProtocol.memoryBytes(lineOptions(settings, { wide: true, apart: false }));
  return LineProtocol.memoryBytes(lineOptions(settings, { wide: true, apart: true })) - here;
}

/** How points of line protocol are found. */
export interface ReadMode {
  /** As much is read at once as pays. */
  readonly wide: boolean;
  /** On a thread of its own. */
  readonly apart: boolean;
}

function lineOptions(settings: Settings, { wide, apart }: ReadMode): LineProtocolOptions {
  if (apart) return { ...settings, apart, chunkBytes: chunkBytes.apart, indexPoints: apartIndexPoints };
  return { ...settings, apart, chunkBytes: wide ? chunkBytes.wide : chunkBytes.narrow };
}

/** What names the way in which inputs are read: part of what makes a load the same load. */
export function readingIdentity(settings: Settings): string {
  const { format, measurement, tags, fields, timeColumn, timeFormat, timezone, ambiguousTime, nullWords } = settings;
  const { delimiter, quote, noHeader, skipLines, encoding, jsonPath } = settings;
  const mapping = [measurement, tags, fields, timeColumn, timeFormat, timezone, ambiguousTime, nullWords];
  const said = JSON.stringify([...mapping, delimiter, quote, noHeader, skipLines, encoding, jsonPath]);
  return format === 'lp' ? format : `${format} ${said}`;
}

/** Formats of the inputs as far as a look tells; never none. Throws UsageError for a time format that is none, and the signal's reason. */
export async function formatsOf(
  settings: Settings,
  inputs: readonly Input[],
  signal: AbortSignal,
): Promise<FormatName[]> {
  if (settings.timeFormat !== 'auto') (await import('./row-formats.js')).assertTimeFormat(settings);
  const said = saidFormat(settings);
  if (said !== null) return [said];
  const found = new Set<FormatName>();
  for (const [i, input] of inputs.entries()) {
    signal.throwIfAborted();
    const near = i < mostInputs / 2 || i >= inputs.length - mostInputs / 2;
    // Without a size it is a pipe: what is read of it is gone.
    const head = near && input.size !== null ? await headOf(input, signal).catch(() => null) : null;
    found.add(detect(head ?? new Uint8Array(0), input.name));
  }
  signal.throwIfAborted();
  return found.size > 0 ? [...found] : ['lp'];
}

/** Words for options that say how rows become points, where nothing of the inputs has rows; null: there is nothing to say. */
export function unusedMapping(settings: Settings, kinds: readonly string[]): string | null {
  const { measurement, tags, fields, timeColumn } = settings;
  const given = Object.entries({
    '--measurement': measurement !== null,
    '--tags': tags !== null && tags.length > 0,
    '--fields': fields !== null && fields.length > 0,
    '--time-column': timeColumn !== null,
  }).flatMap(([flag, said]) => (said ? [flag] : []));
  if (given.length === 0 || kinds.length === 0 || kinds.some((kind) => kind !== 'lp')) return null;
  return `${given.join(', ')} ${given.length === 1 ? 'has' : 'have'} no effect: the inputs are line protocol; say --format if they are not`;
}

/** Only JSON has paths. */
function saidFormat({ format, jsonPath }: Settings): FormatName | null {
  if (format !== 'auto') return format;
  return jsonPath === null ? null : 'json';
}

async function headOf(input: Input, signal: AbortSignal): Promise<Uint8Array> {
  const source = await input.open(signal);
  try {
    return (await peek(source, new Uint8Array(headBytes), signal)).head;
  } finally {
    await source.close();
  }
}

export class Formats {
  readonly #settings: Settings;
  readonly #room: MemoryBudget | undefined;
  readonly #scratch = new Uint8Array(headBytes);
  readonly #made = new Map<FormatName, Format>();
  readonly #means: ReadMode;
  #rows: RowFormats | null = null;

  /**
   * @param room for what is read at random; without it nothing is refused for its size
   */
  constructor(settings: Settings, room?: MemoryBudget, means: ReadMode = { wide: false, apart: false }) {
    this.#settings = settings;
    this.#room = room;
    this.#means = means;
    // Its thread starts while the target is asked.
    if (means.apart) this.#lines();
  }

  /** Ends what was begun for them. Nothing may be pulled any more. */
  async close(): Promise<void> {
    for (const format of this.#made.values()) await format.close?.();
  }

  /**
   * The format of an input, from its first bytes where that was not said, and the source with those bytes in it still.
   * @param source at the input's first byte
   */
  async choose(
    name: string,
    source: ByteSource,
    signal: AbortSignal,
  ): Promise<{ readonly format: Format; readonly source: ByteSource }> {
    const said = saidFormat(this.#settings);
    if (said !== null) return { format: await this.#of(said), source };
    const { head, source: again } = await peek(source, this.#scratch, signal);
    const format = await this.#of(detect(head, name));
    return { format, source: format.isRandom ? source : again };
  }

  async #of(name: FormatName): Promise<Format> {
    if (name === 'lp') return this.#lines();
    const made = this.#made.get(name);
    if (made !== undefined) return made;
    if (this.#rows === null) {
      const rows = await import('./row-formats.js');
      this.#rows = new rows.RowFormats(this.#settings, this.#room);
    }
    const format = this.#rows.make(name);
    this.#made.set(name, format);
    return format;
  }

  #lines(): Format {
    const format = this.#made.get('lp') ?? new LineProtocol(lineOptions(this.#settings, this.#means));
    this.#made.set('lp', format);
    return format;
  }
}

/** Reads the first line, or as much as tells, without taking it away: the source returned gives it again. */
async function peek(
  source: ByteSource,
  buffer: Uint8Array,
  signal: AbortSignal,
): Promise<{ head: Uint8Array; source: ByteSource }> {
  let length = 0;
  while (length < buffer.length && !buffer.subarray(0, length).includes(10)) {
    const read = await source.read(buffer.subarray(length), signal);
    if (read === 0) break;
    length += read;
  }
  const head = buffer.slice(0, length);
  return { head, source: replay(head, source) };
}

/** Not to be sought in: what was read before is part of it. */
function replay(head: Uint8Array, source: ByteSource): ByteSource {
  let given = 0;
  return {
    async read(into, signal) {
      if (given === head.length) return await source.read(into, signal);
      signal.throwIfAborted();
      const part = head.subarray(given, given + into.length);
      into.set(part);
      given += part.length;
      return part.length;
    },
    close: () => source.close(),
    get bytesRead() {
      return source.bytesRead;
    },
    compression: source.compression,
  };
}
