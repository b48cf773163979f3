// Reads the first megabyte of an input (the sample) before the rest, to infer the types of its columns.

import { replay } from '../../../core/io/byte-source.js';
import type { ByteSource } from '../../../core/types/index.js';

const sampleBytes = 1024 * 1024;
/** Size in bytes of the memory for decoded cells of the sample. */
const scratchBytes = 64 * 1024;
/** Size in bytes of the memory for the sample, one LF that ends every search, and decoded cells. */
export const sampleMemoryBytes = sampleBytes + 1 + scratchBytes;
/** Longest wait for a full sample, ms. After this time, one complete line is enough, because a pipe may be idle. */
const patienceMs = 1000;

/** The first bytes of an input. */
export interface HeadSample {
  /** Memory of `sampleMemoryBytes` bytes. The sample is at its start. */
  readonly memory: Uint8Array;
  readonly length: number;
  /** True if the input ends with the sample. */
  readonly isWhole: boolean;
}

/** Reads the first bytes of a source into `memory`. Returns the sample, and a source that yields these bytes again. */
export async function takeSample(
  source: ByteSource,
  memory: Uint8Array,
  signal: AbortSignal,
): Promise<{ readonly sample: HeadSample; readonly source: ByteSource }> {
  const buffer = memory.subarray(0, sampleBytes);
  let length = 0;
  let isWhole = false;
  let pending: Promise<number> | null = null;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs);
  });
  try {
    while (length < buffer.length) {
      pending = source.read(buffer.subarray(length), signal);
      const read = await Promise.race([pending, ...(buffer.subarray(0, length).includes(0x0a) ? [late] : [])]);
      if (read === null) break;
      pending = null;
      isWhole = read === 0;
      if (isWhole) break;
      length += read;
    }
  } finally {
    clearTimeout(timer);
  }
  pending?.catch(() => {}); // the replay awaits this read
  // A pending read may still write into `memory` after the sample, where `readRows` stores an LF. So the sample is
  // copied.
  const own = pending === null ? memory : memory.slice();
  return { sample: { memory: own, length, isWhole }, source: replay(source, buffer, length, pending) };
}
