import { afterAll, expect, test } from 'vitest';
import { BugError } from '../../../../src/core/errors.js';
import type { ByteSource, Points } from '../../../../src/core/types/index.js';
import { Csv } from '../../../../src/formats/csv/csv.js';
import { Ndjson } from '../../../../src/formats/json/ndjson.js';
import { RowFormatMemory } from '../../../../src/formats/rows/rows.js';
import { RowThread } from '../../../../src/formats/rows/worker/row-thread.js';
import { casesOf } from '../../../support/effort.js';
import { random } from '../../kernel/oracle.js';
import { bytesSource, readAll } from '../../support.js';
import { cases } from '../cases.js';
import { field, type Options, plain, tag } from '../options.js';

const created: RowFormatMemory[] = [];
const never = new AbortController().signal;

function format(name: string, more: Partial<Options>, threads: number): Csv | Ndjson {
  const options = { ...plain, infersTypes: false, threads, threadWindowBytes: 4096, ...more };
  const rows = new RowFormatMemory(options);
  created.push(rows);
  return name === 'ndjson' ? new Ndjson(rows) : new Csv(name as 'csv' | 'tsv', rows, options);
}

afterAll(async () => {
  for (const rows of created) await rows.close();
});

/** Writes points, rejects and the end of an input, or its error, as text. */
async function allOf(one: Csv | Ndjson, input: Buffer, chunks: number[]): Promise<string> {
  const found = await readAll(one, input, chunks).catch(String);
  return JSON.stringify(found, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

const rowsOf = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `h${i % 7},${i}.5,${from + i}\n`).join('');
const typed = { tags: [tag('host')], fields: [field('v', 'float')] };

/** Counts the points that lie in the memory of a thread. */
async function pointsOfThreads(runs: AsyncIterable<Points>): Promise<number> {
  let count = 0;
  for await (const run of runs) if (run.bytes.buffer instanceof SharedArrayBuffer) count += run.count;
  return count;
}

test('worker threads find the same points, places, shapes and rejects in random rows of text', {
  timeout: 120_000,
}, async () => {
  const next = random(20_261_130);
  const texts = cases.flatMap(({ name, options, rows }) => (rows === null ? [] : [{ name, options, rows }]));
  for (const { name, options, rows } of texts) {
    const [threads, alone] = [format(name, options, 1 + next(2)), format(name, options, 0)];
    for (let i = 0; i < casesOf(60, 1); i += 1) {
      const [first, ...others] = Array.from({ length: 2 + next(20) }, () => rows(next));
      // The heads of the other inputs become rows, mostly bad ones.
      const input = Buffer.concat([first!, ...others]);
      const chunks = next(2) === 0 ? [] : Array.from({ length: next(60) }, () => 1 + next(900));
      expect(await allOf(threads, input, chunks)).toBe(await allOf(alone, input, chunks));
    }
  }
});

test('threads take nearly all common rows, and quotes that hold line ends do not confuse them', async () => {
  const threads = format('csv', typed, 2);
  const plainRows = Buffer.from(`host,v,time\n${rowsOf(2000)}`);
  const runs = threads.points(bytesSource(plainRows), never);
  expect(await pointsOfThreads(runs)).toBeGreaterThan(1500);
  const quoted = Buffer.from(`host,v,time\n${'"a\nb,1,2\n",3.5,4\n'.repeat(500)}${rowsOf(1000)}`);
  expect(await readAll(threads, quoted, [])).toEqual(await readAll(format('csv', typed, 0), quoted, []));
});

test('threads take every row of later buffers, also rows that begin in one buffer and end in the next', async () => {
  const input = Buffer.from(`host,v,time\n${rowsOf(20_000)}`);
  const threads = format('csv', typed, 2);
  expect(await readAll(threads, input, [])).toEqual(await readAll(format('csv', typed, 0), input, []));
  let [total, alone] = [0, 0];
  for await (const run of threads.points(bytesSource(input), never)) {
    total += run.count;
    // The main thread reads the first buffers, until all columns are known.
    if (run.end > 10 * 4096 && !(run.bytes.buffer instanceof SharedArrayBuffer)) alone += run.count;
  }
  expect(total).toBe(20_000);
  expect(alone).toBeLessThan(20);
});

test('a row that the kernel leaves, a long row and a new column keep the order of points', async () => {
  const objects = (count: number, more = ''): string => `{"time":1,"a":1${more}}\n`.repeat(count);
  const parts = [
    objects(300),
    `{"time":2,"a":"${'x'.repeat(9000)}"}\n`,
    objects(300, ',"b":"c"'),
    '{"time":\n',
    objects(300),
  ];
  const input = Buffer.from(parts.join(''));
  const [threads, alone] = [format('ndjson', {}, 2), format('ndjson', {}, 0)];
  const found = await readAll(threads, input, [700, 3, 5000]);
  expect(found).toEqual(await readAll(alone, input, [700, 3, 5000]));
  expect(found.points).toHaveLength(900);
});

test('complete rows of an idle input arrive, and an abort ends the wait', async () => {
  const stop = new AbortController();
  const text = `host,v,time\n${rowsOf(3)}h1,`;
  const source = bytesSource(Buffer.from(text), [text.length]);
  let reads = 0;
  const idle: ByteSource = {
    ...source,
    read: async (into, signal) => {
      reads += 1;
      if (reads === 1) return await source.read(into, signal);
      return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  };
  const runs = format('csv', typed, 1).points(idle, stop.signal);
  expect((await runs.next()).value).toMatchObject({ count: 3 });
  const waiting = runs.next();
  stop.abort(new Error('stopped here'));
  await expect(waiting).rejects.toThrow('stopped here');
});

test('points before a read error arrive first, and an abandoned input leaves nothing behind', async () => {
  const [threads, alone] = [format('csv', typed, 2), format('csv', typed, 0)];
  const whole = bytesSource(
    Buffer.from(`host,v,time\n${rowsOf(1000)}`),
    Array.from({ length: 20 }, () => 500),
  );
  let reads = 0;
  const broken: ByteSource = {
    ...whole,
    read: async (into, signal) => {
      reads += 1;
      if (reads > 15) throw new Error('it broke');
      return await whole.read(into, signal);
    },
  };
  let points = 0;
  const pull = async (): Promise<void> => {
    for await (const { count } of threads.points(broken, never)) points += count;
  };
  await expect(pull()).rejects.toThrow('it broke');
  expect(points).toBeGreaterThan(400);
  for (let taken = 0; taken < 6; taken += 1) {
    const runs = threads.points(bytesSource(Buffer.from(`host,v,time\n${rowsOf(2000)}`)), never);
    for (let i = 0; i < taken; i += 1) await runs.next();
    await runs.return();
    const input = Buffer.from(`v,host,time\n${'1.5,a,2\n'.repeat(400)}`);
    expect(await readAll(threads, input, [])).toEqual(await readAll(alone, input, []));
  }
});

test('a crash of a thread is an error with its stack', async () => {
  const rows = new RowFormatMemory({ ...plain, ...typed });
  const warm = new Csv('csv', rows, { ...plain, ...typed, infersTypes: false });
  await readAll(warm, Buffer.from('host,v,time\na,1.5,1\na,2.5,2\n'), []);
  const thread = await new Promise<RowThread>((resolve) => {
    const each = new RowThread(plain, 2048, () => resolve(each));
    // It has no such slot.
    expect(each.send({ slot: 9, from: 0, limit: 1 }, rows.kernel!, () => {})).toBe(true);
  });
  expect(thread.failure).toBeInstanceOf(BugError);
  expect((thread.failure!.cause as Error).stack).toContain('row-worker-main');
  await thread.idle();
  await thread.close();
});
