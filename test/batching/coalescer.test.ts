import { describe, expect, test } from 'vitest';
import { Arena } from '../../src/batching/arena.js';
import { coalesce, shares } from '../../src/batching/coalescer.js';
import { InputError } from '../../src/core/errors.js';
import type { Batch } from '../../src/core/types/index.js';
import { VirtualClock } from '../support/clock.js';
import { type Bench, bench, never, runs } from './support.js';

const text = new TextDecoder();

/** Inputs one after the other through one batcher, as a load does. */
async function* inputsOf({ batcher }: Bench, inputs: readonly string[]): AsyncGenerator<Batch, void> {
  for (const [i, input] of inputs.entries()) yield* batcher.batches(i, runs(input), never);
}

function options(abandoned: Batch[] = [], clock = new VirtualClock()): Parameters<typeof coalesce>[1] {
  return { points: 1000, bodyBytes: () => 1 << 16, lingerMs: 5000, clock, abandon: (batch) => abandoned.push(batch) };
}

/** Takes batches and releases each at once, as a writer does. */
async function sent(batches: AsyncGenerator<Batch, void>): Promise<{ body: string; inputs: number[] }[]> {
  const all: { body: string; inputs: number[] }[] = [];
  for await (const batch of batches) {
    const inputs = (batch.parts ?? [batch]).map(({ span }) => span.input);
    all.push({ body: text.decode(batch.body), inputs });
    batch.release();
  }
  return all;
}

const files = Array.from({ length: 300 }, (_, i) => `# file ${i}\nm f=${i} ${i}\nm f=${i} ${i + 1000}\n`);

describe('small inputs', () => {
  test('small inputs share a request up to its limits', async () => {
    const all = await sent(coalesce(inputsOf(bench(), files), options()));
    expect(all.map(({ inputs }) => inputs.length)).toEqual([256, 44]);
    expect(all.map(({ body }) => body).join('')).toBe(files.map((file) => file.replace(/^#.*\n/, '')).join(''));
  });

  test('combined batches keep the lines, offsets and bytes of their own inputs', async () => {
    const { value: batch } = await coalesce(inputsOf(bench(), files.slice(0, 3)), options()).next();
    const parts = batch!.parts!;
    expect(parts.map(({ span }) => [span.input, span.byteOffset, span.bytes])).toEqual(
      [0, 1, 2].map((i) => [i, 0, files[i]!.length]),
    );
    for (const [i, part] of parts.entries()) {
      const { bytes, line, byteOffset } = part.source(1);
      expect([text.decode(bytes), line]).toEqual([`m f=${i} ${i + 1000}`, 3]);
      expect(files[i]!.slice(byteOffset, byteOffset + bytes.length)).toBe(text.decode(bytes));
      expect(batch!.source(2 * i + 1)).toEqual(part.source(1));
      expect(text.decode(part.body.subarray(part.bodyEnd(0)))).toBe(`m f=${i} ${i + 1000}\n`);
    }
    expect([batch!.points, batch!.values, batch!.bodyEnd(5)]).toEqual([6, 6, batch!.body.length]);
  });

  test('batches with rejects or rewritten points are not combined, and the order is kept', async () => {
    const inputs = ['m f=1 1\n', 'm f=2 2\n', 'm f=x 3\nm f=3 3\n', 'm f=4 4\n', 'm f=5 5   \n', 'm f=6 6\n'];
    const all = await sent(coalesce(inputsOf(bench(), inputs), options()));
    expect(all.map((each) => each.inputs)).toEqual([[0, 1], [2], [3], [4], [5]]);
  });

  /** Four inputs of two points and 16 bytes each. */
  const four = Array.from({ length: 4 }, (_, i) => `m f=${i} 1\nm f=${i} 2\n`);

  test.each<[string, number, number, number[]]>([
    ['no limit is reached', 1000, 1000, [4]],
    ['two inputs have exactly as many points as allowed', 4, 1000, [2, 2]],
    ['two inputs have one point too many', 3, 1000, [1, 1, 1, 1]],
    ['three inputs have exactly as many bytes as allowed', 1000, 48, [3, 1]],
    ['three inputs have one byte too many', 1000, 47, [2, 2]],
  ])('requests keep to their limits when %s', async (_, points, bytes, expected) => {
    const all = await sent(coalesce(inputsOf(bench(), four), { ...options(), points, bodyBytes: () => bytes }));
    expect(all.map(({ inputs }) => inputs.length)).toEqual(expected);
  });

  test.each<[string, Partial<ConstructorParameters<typeof Arena>[1]>, number[]]>([
    ['points', { points: 6 }, [3, 1]],
    ['body bytes', { bodyBytes: 32 }, [2, 2]],
  ])('requests keep to the %s of a slot', async (_, sizes, expected) => {
    const arena = new Arena(2, { bodyBytes: 1 << 16, sideBytes: 1 << 16, points: 1000, ...sizes });
    const all = await sent(coalesce(inputsOf(bench({ points: 6 }, undefined, arena), four), options()));
    expect(all.map(({ inputs }) => inputs.length)).toEqual(expected);
  });

  test.each([
    ['64 KiB', 64 * 1024, [2]],
    ['one byte more', 64 * 1024 + 1, [1, 1]],
  ])('a batch of %s is combined only up to 64 KiB', async (_, bytes, expected) => {
    const arena = new Arena(2, { bodyBytes: 1 << 18, sideBytes: 1 << 16, points: 1000 });
    const large = 1 << 18;
    const limits = { ...options(), bodyBytes: () => large };
    const first = `m s="${'x'.repeat(bytes - 'm s="" 1\n'.length)}" 1\n`;
    const work = bench({ bodyBytes: () => large }, undefined, arena);
    async function* inputs(): AsyncGenerator<Batch, void> {
      for (const [i, input] of [first, four[0]!].entries())
        yield* work.batcher.batches(i, runs(input, { maxPointBytes: 1 << 17 }), never);
    }
    expect((await sent(coalesce(inputs(), limits))).map((each) => each.inputs.length)).toEqual(expected);
  });

  test('every point of a combined batch keeps its end and its source', async () => {
    const inputs = ['m f=1 1\n\nm f=22 2\n', '# c\nm f=333 3\n', 'm f=4 4\nm f=5 5\n'];
    const { value: batch } = await coalesce(inputsOf(bench(), inputs), options()).next();
    const points = Array.from({ length: 5 }, (_, i) => {
      const { bytes, line, byteOffset } = batch!.source(i);
      const body = batch!.body.subarray(i === 0 ? 0 : batch!.bodyEnd(i - 1), batch!.bodyEnd(i));
      return [text.decode(body), text.decode(bytes), line, byteOffset];
    });
    expect(points).toEqual([
      ['m f=1 1\n', 'm f=1 1', 1, 0],
      ['m f=22 2\n', 'm f=22 2', 3, 9],
      ['m f=333 3\n', 'm f=333 3', 2, 4],
      ['m f=4 4\n', 'm f=4 4', 1, 0],
      ['m f=5 5\n', 'm f=5 5', 2, 8],
    ]);
    expect(() => batch!.source(5)).toThrow(RangeError);
    expect(batch!.parts!.map((part) => text.decode(part.source(0).bytes))).toEqual(['m f=1 1', 'm f=333 3', 'm f=4 4']);
  });

  test('small inputs are sent after the linger time, and a later input follows', async () => {
    const clock = new VirtualClock();
    const work = bench();
    async function* slow(): AsyncGenerator<Batch, void> {
      yield* inputsOf(work, files.slice(0, 2));
      await clock.sleep(60_000);
      yield* inputsOf(work, files.slice(2, 3));
    }
    const batches = coalesce(slow(), options([], clock));
    const next = batches.next();
    await clock.advance(6000);
    expect((await next).value!.parts!.length).toBe(2);
    await clock.advance(60_000);
    expect((await sent(batches)).map(({ body }) => body)).toEqual(['m f=2 2\nm f=2 1002\n']);
  });

  test('small inputs are sent before the error of a later input', async () => {
    async function* failing(): AsyncGenerator<Batch, void> {
      yield* inputsOf(bench(), files.slice(0, 2));
      throw new InputError('broken');
    }
    const batches = coalesce(failing(), options());
    expect((await batches.next()).value!.parts!.length).toBe(2);
    await expect(batches.next()).rejects.toThrow('broken');
  });

  test('batches that are not sent release their slots and are abandoned', async () => {
    const arena = new Arena(3, { bodyBytes: 1 << 16, sideBytes: 1 << 16, points: 1000 });
    const abandoned: Batch[] = [];
    const batches = coalesce(inputsOf(bench({}, undefined, arena), ['m f=1 1\n', 'm f=x 2\n']), options(abandoned));
    const { value } = await batches.next();
    await batches.return();
    value!.release();
    expect(abandoned.map(({ span }) => span.input)).toEqual([1]);
    expect(arena.free).toBe(3);
  });
});

describe('the receipt of a combined batch', () => {
  test('each input gets its part of the receipt', async () => {
    const { value: batch } = await coalesce(inputsOf(bench(), files.slice(0, 3)), options()).next();
    const bad = { point: 3, reason: 'bad', message: 'no', endpoint: null };
    const receipt = {
      loaded: [
        { from: 0, to: 3 },
        { from: 4, to: 5 },
      ],
      rejected: [bad],
      undelivered: [{ from: 5, to: 6 }],
    };
    const all = [...shares(batch!, receipt)];
    expect(all.map(([part]) => part.span.input)).toEqual([0, 1, 2]);
    expect(all.map(([, share]) => share)).toEqual([
      { loaded: [{ from: 0, to: 2 }], rejected: [], undelivered: [] },
      { loaded: [{ from: 0, to: 1 }], rejected: [{ ...bad, point: 1 }], undelivered: [] },
      { loaded: [{ from: 0, to: 1 }], rejected: [], undelivered: [{ from: 1, to: 2 }] },
    ]);
  });

  test('a reject at the seam of two inputs belongs to one of them', async () => {
    const { value: batch } = await coalesce(inputsOf(bench(), files.slice(0, 3)), options()).next();
    const rejected = [0, 1, 2, 3, 4, 5].map((point) => ({ point, reason: 'bad', message: 'no', endpoint: null }));
    const all = [...shares(batch!, { loaded: [], rejected, undelivered: [] })];
    expect(all.map(([, share]) => share.rejected.map(({ point }) => point))).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
  });

  test('a batch that combines nothing gets the whole receipt', async () => {
    const { value: batch } = await coalesce(inputsOf(bench(), files.slice(0, 1)), options()).next();
    const receipt = { loaded: [{ from: 0, to: 2 }], rejected: [], undelivered: [] };
    expect([...shares(batch!, receipt)]).toEqual([[batch, receipt]]);
  });
});
