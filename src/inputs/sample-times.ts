// Samples the time span of the inputs for planning: the first and last bytes of a plain file, the first bytes of a
// compressed one. It validates nothing, and counts what it cannot see.

import { isUnchanged } from '../core/io/byte-source.js';
import { orAborted } from '../core/time/wait-stats.js';
import type { FileBytes, Input } from '../core/types/index.js';

/** Bytes sampled at each end. */
const sampleBytes = 64 * 1024;
/** With more inputs than this, only the first and the last of them are sampled: most files are named by time. */
const maxInputs = 64;
/** Longest time for one input. */
const inputTimeoutMs = 5000;
/** The timestamp of a point, at the end of a line. */
const timestamp = /[^\s\\] +(-?\d{1,19})[ \r]*$/gm;

export interface TimeSample {
  /** Earliest and latest timestamp seen, in the unit of the input; null without any. */
  readonly first: bigint | null;
  readonly last: bigint | null;
  /** Inputs not seen, or not seen to their end: compressed, standard input, unreadable, or too many. */
  readonly unseen: number;
  /** Decoded bytes of all inputs; null when one is compressed or of unknown size. */
  readonly totalBytes: number | null;
}

/** Returns a sample of the times of inputs; an empty one unless all are line protocol. Throws only the signal's reason. */
export async function timesOf(
  inputs: readonly Input[],
  formats: readonly string[],
  signal: AbortSignal,
): Promise<TimeSample> {
  if (formats.every((format) => format === 'lp')) return await sampleTimes(inputs, signal);
  return { first: null, last: null, unseen: inputs.length, totalBytes: null };
}

/**
 * Opens only inputs of known size, reads at most 128 KiB of each, and throws only the signal's reason. After one input
 * exceeds `timeoutMs`, the others are skipped, since they often lie in the same place.
 */
export async function sampleTimes(
  inputs: readonly Input[],
  signal: AbortSignal,
  timeoutMs = inputTimeoutMs,
): Promise<TimeSample> {
  const half = maxInputs / 2;
  const chosen = inputs.length <= maxInputs ? inputs : [...inputs.slice(0, half), ...inputs.slice(-half)];
  let unseen = inputs.length - chosen.length;
  let plain = true;
  let late = false;
  const times: bigint[] = [];
  for (const input of chosen) {
    signal.throwIfAborted();
    const timeout = AbortSignal.timeout(timeoutMs);
    const stop = AbortSignal.any([signal, timeout]);
    const sample = late ? nothingSeen : await orAborted(sampleInput(input, stop), stop).catch(() => nothingSeen);
    signal.throwIfAborted();
    late ||= timeout.aborted;
    times.push(...sample.times);
    if (!sample.whole) unseen += 1;
    plain &&= sample.plain;
  }
  const total = inputs.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0);
  return { ...ends(times), unseen, totalBytes: plain ? total : null };
}

interface InputSample {
  readonly times: readonly bigint[];
  /** Both ends were seen. */
  readonly whole: boolean;
  readonly plain: boolean;
}

const nothingSeen: InputSample = { times: [], whole: false, plain: false };

async function sampleInput(input: Input, signal: AbortSignal): Promise<InputSample> {
  // An input without a size is a pipe, which cannot be read twice.
  if (input.path === null || input.size === null) return nothingSeen;
  const source = await input.open(signal);
  try {
    const head = Buffer.alloc(sampleBytes);
    let read = 0;
    for (let more = -1; more !== 0 && read < sampleBytes; read += more)
      more = await source.read(head.subarray(read), signal);
    const times = timesIn(head.subarray(0, read), 'end');
    if (!isUnchanged(source)) return { times, whole: false, plain: false };
    if (source.file === undefined) return { times, whole: false, plain: true };
    return { times: [...times, ...timesIn(await tailOf(source.file), 'start')], whole: true, plain: true };
  } finally {
    await source.close();
  }
}

async function tailOf(file: FileBytes): Promise<Uint8Array> {
  return await file.bytes(Math.max(0, file.size - sampleBytes), file.size);
}

/** Returns the earliest and the latest time of whole lines. A full sample may cut its last or its first line. */
function timesIn(bytes: Uint8Array, cut: 'start' | 'end'): bigint[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const whole = text.length < sampleBytes;
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
