// Which time the inputs span, from a look at their ends: first and last bytes of a plain file, first bytes of a compressed
// one. A sample for planning: nothing here is checked, and what cannot be seen is counted.

import { orAborted } from '../core/abort.js';
import type { FileBytes, Input } from '../core/types/index.js';

/** Looked at, at each end. */
const lookBytes = 64 * 1024;
/** More inputs than this: the first and the last of them. Files are mostly named by their time. */
const mostInputs = 64;
/** For one of them: a sample is not worth more. */
const patience = 5000;
/** At the end of a line: a point's timestamp. */
const timestamp = /[^\s\\] +(-?\d{1,19})[ \r]*$/gm;

export interface TimeSample {
  /** Earliest and latest timestamp seen, in the unit of the input; null when none was. */
  readonly first: bigint | null;
  readonly last: bigint | null;
  /** Inputs whose end, or all of which, was not seen: compressed, standard input, unreadable, too many. */
  readonly unseen: number;
  /** Decoded bytes of all inputs; null when one is compressed or of unknown size. */
  readonly totalBytes: number | null;
}

/** Of inputs that are not looked at: they are not line protocol. */
export function emptyTimeSample(inputs: readonly Input[]): TimeSample {
  return { first: null, last: null, unseen: inputs.length, totalBytes: null };
}

/**
 * Opens what has a size only, reads 128 KiB at most of each, and never throws but the signal's reason. Once one takes longer
 * than `patienceMs` the others are not looked at: they often lie in the same place.
 */
export async function sampleTimes(
  inputs: readonly Input[],
  signal: AbortSignal,
  patienceMs = patience,
): Promise<TimeSample> {
  const half = mostInputs / 2;
  const chosen = inputs.length <= mostInputs ? inputs : [...inputs.slice(0, half), ...inputs.slice(-half)];
  let unseen = inputs.length - chosen.length;
  let plain = true;
  let late = false;
  const times: bigint[] = [];
  for (const input of chosen) {
    signal.throwIfAborted();
    const enough = AbortSignal.timeout(patienceMs);
    const stop = AbortSignal.any([signal, enough]);
    const look = late ? nothingSeen : await orAborted(lookAt(input, stop), stop).catch(() => nothingSeen);
    signal.throwIfAborted();
    late ||= enough.aborted;
    times.push(...look.times);
    if (!look.whole) unseen += 1;
    plain &&= look.plain;
  }
  const total = inputs.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0);
  return { ...ends(times), unseen, totalBytes: plain ? total : null };
}

interface TimeLook {
  readonly times: readonly bigint[];
  /** Both ends were seen. */
  readonly whole: boolean;
  readonly plain: boolean;
}

const nothingSeen: TimeLook = { times: [], whole: false, plain: false };

async function lookAt(input: Input, signal: AbortSignal): Promise<TimeLook> {
  // Without a size it is a pipe: what is read of it is gone.
  if (input.path === null || input.size === null) return nothingSeen;
  const source = await input.open(signal);
  try {
    const head = Buffer.alloc(lookBytes);
    let read = 0;
    for (let more = -1; more !== 0 && read < lookBytes; read += more)
      more = await source.read(head.subarray(read), signal);
    const times = timesIn(head.subarray(0, read), 'end');
    if (source.compression !== 'none') return { times, whole: false, plain: false };
    if (source.file === undefined) return { times, whole: false, plain: true };
    return { times: [...times, ...timesIn(await tailOf(source.file), 'start')], whole: true, plain: true };
  } finally {
    await source.close();
  }
}

async function tailOf(file: FileBytes): Promise<Uint8Array> {
  return await file.bytes(Math.max(0, file.size - lookBytes), file.size);
}

/** Earliest and latest of whole lines; of as many bytes as are looked at, the last or the first line may be cut. */
function timesIn(bytes: Uint8Array, cut: 'start' | 'end'): bigint[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const whole = text.length < lookBytes;
  const lines = whole
    ? text
    : cut === 'end'
      ? text.slice(0, text.lastIndexOf('\n'))
      : text.slice(text.indexOf('\n') + 1);
  const { first, last } = ends([...lines.matchAll(timestamp)].map(([, digits]) => BigInt(digits ?? 0)));
  return first === null || last === null ? [] : [first, last];
}

function ends(times: readonly bigint[]): { first: bigint | null; last: bigint | null } {
  return times.reduce<{ first: bigint | null; last: bigint | null }>(
    ({ first, last }, time) => ({
      first: first === null || time < first ? time : first,
      last: last === null || time > last ? time : last,
    }),
    { first: null, last: null },
  );
}
