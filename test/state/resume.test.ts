// Format, batcher, settled ranges and progress together: the next run sends exactly what the last one left open.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Batch, Receipt, ResumePoint } from '../../src/core/types/index.js';
import { INPUT_START } from '../../src/core/types/index.js';
import { LineProtocol } from '../../src/formats/line-protocol/line-format.js';
import { InputProgress } from '../../src/state/input-progress.js';
import { settledRanges } from '../../src/state/settled-ranges.js';
import { bench, never } from '../batching/support.js';
import { bytesSource } from '../formats/support.js';
import { casesOf, isSoak } from '../support/effort.js';

/** A point with a timestamp, one without, a bad one, a comment, a blank line; each with its own number. */
const kinds = [
  (n: number) => `m,n=${n} f="a\nb" 16000000000${n}`,
  (n: number) => `m,n=${n} f=1`,
  (n: number) => `bad ${n}`,
  (n: number) => `# ${n}`,
  () => '',
];
const texts = fc
  .array(fc.nat(kinds.length - 1), { maxLength: 80, size: isSoak ? 'max' : 'small' })
  .map((each) => each.map((kind, i) => `${kinds[kind]!(100 + i)}\n`).join(''));

/** The points sent or rejected, as text, and the progress. */
interface Run {
  readonly done: string[];
  readonly progress: InputProgress;
  readonly lines: Map<string, number>;
}

async function run(text: string, start: ResumePoint, size: number, random: () => number, before?: Run): Promise<Run> {
  const { batcher } = bench({ points: size });
  const format = new LineProtocol({ maxPointBytes: 512, precision: 'ns', missingTimestamp: 'now', chunkBytes: 1024 });
  const rest = Buffer.from(text).subarray(start.place.byteOffset);
  const progress = before?.progress ?? new InputProgress(INPUT_START);
  const result: Run = { done: before?.done ?? [], progress, lines: before?.lines ?? new Map() };
  const settled: [Batch, Receipt][] = [];
  for await (const batch of batcher.batches(0, format.points(bytesSource(rest), never, start.place), never, start)) {
    const receipt = fate(batch, random);
    for (const { from, to } of receipt.loaded) for (let i = from; i < to; i += 1) note(result, batch, i);
    for (const { bytes, line } of batch.rejects) noteText(result, Buffer.from(bytes).toString(), line);
    settled.push([batch, receipt]);
    for (const piece of settledRanges(batch, receipt, true).settled) progress.add(piece);
    batch.release();
  }
  return result;
}

function note(result: Run, batch: Batch, i: number): void {
  const from = i === 0 ? 0 : batch.bodyEnd(i - 1);
  noteText(result, Buffer.from(batch.body.subarray(from, batch.bodyEnd(i))).toString(), batch.source(i).line);
}

function noteText({ done, lines }: Run, text: string, line: number): void {
  done.push(text);
  lines.set(text, line);
}

/** Loads some ranges of a batch and leaves the others undelivered. */
function fate({ points }: Batch, random: () => number): Receipt {
  const loaded: { from: number; to: number }[] = [];
  const undelivered: { from: number; to: number }[] = [];
  for (let from = 0; from < points; ) {
    const to = Math.min(points, from + 1 + Math.floor(random() * points));
    (random() < 0.5 ? loaded : undelivered).push({ from, to });
    from = to;
  }
  return { loaded, rejected: [], undelivered };
}

test('every point is sent once with its timestamp and line, whatever was acknowledged and however batches are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      texts,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (text, size, other, numbers) => {
        const whole = await run(text, { place: INPUT_START, covered: [] }, 1000, () => 0.499);
        const random = (): number => numbers.next().value as number;
        let partly = await run(text, { place: INPUT_START, covered: [] }, size, random);
        partly = await run(text, partly.progress.start, other, random, partly);
        partly = await run(text, partly.progress.start, size, () => 0.499, partly);
        expect([...partly.done].sort()).toEqual([...whole.done].sort());
        expect(partly.lines).toEqual(whole.lines);
        expect(partly.progress.beyond).toEqual([]);
      },
    ),
    { numRuns: casesOf(60, 20) },
  );
});
