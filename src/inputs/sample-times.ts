// Samples the times of the inputs for planning: from the first and last bytes of a plain file, and from the first bytes
// of a compressed file. Does not validate points. Counts the inputs whose times cannot be read.

import { isUnchanged } from '../core/io/byte-source.js';
import { orAborted } from '../core/time/wait-stats.js';
import type { FileBytes, Input, SampledRows, TimestampRange } from '../core/types/index.js';
import { RowSampler } from './sample-rows.js';

/** Number of bytes that are sampled at each end of a file. */
const sampleBytes = 64 * 1024;
/**
 * Largest number of sampled inputs. Of a longer list, the first 32 and the last 32 inputs are sampled, because most
 * files are named by time.
 */
const maxInputs = 64;
const maxSpans = 256;
/** Longest time for sampling one input, ms. */
const inputTimeoutMs = 5000;
/** Matches the timestamp of a point at the end of a line. */
const timestamp = /[^\s\\] +(-?\d{1,19})[ \r]*$/gm;

export interface TimeSample {
  /**
   * At most 256 time ranges that contain points, ascending and without overlap. Times are in the unit of the input. The
   * list is empty if the times could not be read.
   */
  readonly spans: readonly TimestampRange[];
  /**
   * Number of inputs whose end was not sampled: compressed inputs, standard input, unreadable inputs, and inputs beyond
   * `maxInputs`.
   */
  readonly unseen: number;
  /** Size of all inputs as line protocol, in bytes; null if an input is compressed or its size is unknown. */
  readonly totalBytes: number | null;
  /** Sampled points; absent without sampled points. */
  readonly rows?: SampledRows | undefined;
}

/**
 * Samples the times of the inputs. The sample is empty unless all inputs are line protocol. Throws only the signal's
 * reason.
 */
export async function timesOf(
  inputs: readonly Input[],
  formats: readonly string[],
  signal: AbortSignal,
): Promise<TimeSample> {
  if (formats.every((format) => format === 'lp')) return await sampleTimes(inputs, signal);
  return { spans: [], unseen: inputs.length, totalBytes: null };
}

/**
 * Returns `times` with the times and rows of `heads`, which sampled the first points, and with a size that is estimated
 * from this sample. Returns `times` unchanged if the sample is empty, or if the size of an input is unknown.
 * @param heads null for line protocol
 */
export function withHeads(times: TimeSample, heads: RowSampler | null, inputs: readonly Input[]): TimeSample {
  const rows = heads?.result;
  if (heads === null || rows === undefined) return times;
  const bytes = sizeOf(inputs);
  if (bytes === null || heads.textShare === null) return times;
  return { ...times, spans: spansOf(heads.times), totalBytes: Math.round(bytes * heads.textShare), rows };
}

/**
 * Samples the times of inputs. Opens only inputs of known size, reads at most 192 KiB of each input, and throws only
 * the signal's reason. If one input takes longer than `timeoutMs`, skips all later inputs, which are often on the same
 * device.
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
  const spans: (readonly TimestampRange[])[] = [];
  const sampler = new RowSampler();
  for (const input of chosen) {
    signal.throwIfAborted();
    const timeout = AbortSignal.timeout(timeoutMs);
    const stop = AbortSignal.any([signal, timeout]);
    const sample = late
      ? nothingSeen
      : await orAborted(sampleInput(input, sampler, stop), stop).catch(() => nothingSeen);
    signal.throwIfAborted();
    late ||= timeout.aborted;
    spans.push(sample.spans);
    if (!sample.whole) unseen += 1;
    plain &&= sample.plain;
  }
  // Assumes that the skipped inputs have points in the time between the first half of the sample and the second half.
  if (chosen.length < inputs.length)
    spans.push(spanOf(joined(spans.slice(0, half).flat()).at(-1)?.last, joined(spans.slice(half).flat())[0]?.first));
  return { spans: joined(spans.flat()), unseen, totalBytes: plain ? sizeOf(inputs) : null, rows: sampler.result };
}

function sizeOf(inputs: readonly Input[]): number | null {
  return inputs.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0);
}

interface InputSample {
  readonly spans: readonly TimestampRange[];
  /** True if both ends of the input were read. */
  readonly whole: boolean;
  readonly plain: boolean;
}

const nothingSeen: InputSample = { spans: [], whole: false, plain: false };

async function sampleInput(input: Input, rows: RowSampler, signal: AbortSignal): Promise<InputSample> {
  // An input without a size is a pipe, which cannot be read twice.
  if (input.path === null || input.size === null) return nothingSeen;
  const source = await input.open(signal);
  try {
    const bytes = Buffer.alloc(sampleBytes);
    let read = 0;
    for (let more = -1; more !== 0 && read < sampleBytes; read += more)
      more = await source.read(bytes.subarray(read), signal);
    const head = timesIn(bytes.subarray(0, read), 'end');
    if (!isUnchanged(source)) return { spans: spansOf(head), whole: false, plain: false };
    rows.take(bytes.subarray(0, read));
    rows.takeSeries(bytes.subarray(0, read));
    rows.takeAdjacent(bytes.subarray(0, read));
    if (source.file === undefined) return { spans: spansOf(head), whole: false, plain: true };
    if (read < sampleBytes) return { spans: spansOf(head), whole: true, plain: true };
    await rows.takeFile(source);
    const end = await tailOf(source.file);
    rows.takeSeries(end);
    const tail = timesIn(end, 'start');
    return {
      spans: joined([...spansOf(head), ...spansOf(tail), ...spanOfMedians(head, tail)]),
      whole: true,
      plain: true,
    };
  } finally {
    await source.close();
  }
}

async function tailOf(file: FileBytes): Promise<Uint8Array> {
  return await file.bytes(Math.max(0, file.size - sampleBytes), file.size);
}

/**
 * Returns the times of the whole lines, in ascending order.
 * @param cut where a line may be incomplete: at the start or at the end of the bytes; this line is ignored
 */
function timesIn(bytes: Uint8Array, cut: 'start' | 'end'): bigint[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const whole = text.length < sampleBytes;
  const lines = whole
    ? text
    : cut === 'end'
      ? text.slice(0, text.lastIndexOf('\n'))
      : text.slice(text.indexOf('\n') + 1);
  return [...lines.matchAll(timestamp)].map(([, digits]) => BigInt(digits ?? 0)).sort(ascending);
}

/**
 * Returns a list with the range from `first` to `last`. The list is empty if `first` or `last` is unknown, or if `last`
 * is before `first`.
 */
function spanOf(first: bigint | undefined, last: bigint | undefined): TimestampRange[] {
  return first === undefined || last === undefined || last < first ? [] : [{ first, last }];
}

/**
 * Returns the range from the median time at the start of a file to the median time at its end. A few wrong times hardly
 * change a median.
 */
function spanOfMedians(head: readonly bigint[], tail: readonly bigint[]): TimestampRange[] {
  const [first, last] = [head, tail].flatMap((times) => times[times.length >> 1] ?? []).sort(ascending);
  return spanOf(first, last);
}

function spansOf(times: readonly bigint[]): TimestampRange[] {
  return joined(times.map((time) => ({ first: time, last: time })));
}

/** Joins overlapping ranges. Then closes the smallest gaps between ranges until at most 256 ranges are left. */
function joined(spans: readonly TimestampRange[]): TimestampRange[] {
  const apart: TimestampRange[] = [];
  for (const span of [...spans].sort((a, b) => ascending(a.first, b.first))) {
    const before = apart.at(-1);
    if (before === undefined || span.first > before.last) apart.push(span);
    else if (span.last > before.last) apart[apart.length - 1] = { first: before.first, last: span.last };
  }
  const gaps = apart.slice(1).map(({ first }, i) => ({ at: i + 1, size: first - apart[i]!.last }));
  const cuts = gaps.sort((a, b) => ascending(b.size, a.size)).slice(0, maxSpans - 1);
  const starts = [0, ...cuts.map(({ at }) => at).sort((a, b) => a - b)];
  return apart.length === 0
    ? []
    : starts.map((start, i) => ({
        first: apart[start]!.first,
        last: apart[(starts[i + 1] ?? apart.length) - 1]!.last,
      }));
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
