import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StateError, TooManyRejectsError } from '../../../src/core/errors.js';
import { LineProtocol } from '../../../src/formats/line-protocol/line-format.js';
import type { LongLetterPart } from '../../../src/state/dead-letters/dead-letters.js';
import { DeadLetters } from '../../../src/state/dead-letters/dead-letters.js';
import { bytesSource } from '../../formats/support.js';
import { contents, folder, letter } from '../../load/ledger/support.js';

const load = '0123456789ab';
const endpoint = 'http://one:8902';

async function prepared(path: string): Promise<DeadLetters> {
  const letters = new DeadLetters(path, load);
  await letters.prepare('20220101T000000Z');
  return letters;
}

test('a load without rejects writes no file', async () => {
  const path = await folder();
  const letters = await prepared(join(path, 'not', 'there', 'yet'));
  expect((await stat(join(path, 'not', 'there', 'yet'))).mode & 0o777).toBe(0o700);
  await letters.write('a.lp', []);
  await letters.close(await letters.finalName('now'));
  expect(Object.values(await contents(join(path, 'not', 'there', 'yet')))).toEqual(['', '']);
});

test('points are stored as their original bytes, and reasons as one JSON object per line with fixed keys', async () => {
  const path = await folder();
  const letters = await prepared(path);
  const bad = Buffer.from('m f="\xff"', 'latin1');
  await letters.write('a.lp', [letter('m f=x 1', { line: 3, byteOffset: 40 })]);
  await letters.write('b.lp', [letter('', { bytes: bad, reason: 'target-parse', message: 'no "so"', endpoint })]);
  await letters.close(await letters.finalName('20220101T000000Z'));
  const points = await readFile(join(path, `${load}.rejected-20220101T000000Z.lp`));
  expect(points).toEqual(Buffer.concat([Buffer.from('m f=x 1\n'), bad, Buffer.from('\n')]));
  const { [`${load}.rejected-20220101T000000Z.ndjson`]: reasons } = await contents(path);
  expect(reasons).toBe(
    '{"input":"a.lp","line":3,"byteOffset":40,"bytes":7,"reason":"bad-number","message":"no number","endpoint":null}\n' +
      `{"input":"b.lp","line":1,"byteOffset":0,"bytes":7,"reason":"target-parse","message":"no \\"so\\"","endpoint":"${endpoint}"}\n`,
  );
});

test('dead letters end before they exceed their bound, points in parts included, also after a resume', async () => {
  const path = await folder();
  const letters = new DeadLetters(path, load, { maxBytes: 1000 });
  await letters.prepare('20220101T000000Z');
  await letters.write('a.lp', [letter('x'.repeat(300))]);
  await letters.write('a.lp', [letter('y'.repeat(400), { line: 2, part: 'first' })]);
  await expect(letters.write('a.lp', [letter('z'.repeat(300))])).rejects.toThrow(
    'at most 1000 B of dead letters on disk',
  );
  await expect(letters.write('a.lp', [letter('z')])).rejects.toThrow(TooManyRejectsError);
  const { lengths } = letters;
  await letters.close(null);
  expect(await readFile(join(path, `${load}.rejected.lp`), 'utf8')).toBe(`${'x'.repeat(300)}\n`);
  const next = new DeadLetters(path, load, { maxBytes: 400 });
  await next.prepare('20220101T000000Z', { lengths, completing: null });
  await expect(next.write('a.lp', [letter('z')])).rejects.toThrow(/found 4\d\d B on disk; the next dead letters/);
  await next.close(null);
});

test('dead letters that cannot be made durable are an error', async () => {
  const letters = await prepared(await folder());
  await letters.write('a.lp', [letter('x')]);
  await letters.sync();
  await letters.close(null);
  await expect(letters.sync()).rejects.toThrow(/^writing dead letters: expected to write/);
});

test('dead letters that were removed during the run are an error at its end', async () => {
  const path = await folder();
  const letters = await prepared(path);
  await letters.write('a.lp', [letter('x')]);
  await rm(join(path, `${load}.rejected.lp`));
  await expect(letters.close('rejected-T')).rejects.toThrow(/^closing the dead letters: .*rejected\.lp is gone/);
});

test('dead letters may take exactly their bound', async () => {
  const letters = new DeadLetters(await folder(), load, { maxBytes: 2 });
  await letters.prepare('20220101T000000Z');
  await letters.write('a.lp', [letter('x')]);
  await expect(letters.write('a.lp', [letter('')])).rejects.toThrow(TooManyRejectsError);
  await letters.close(null);
  const smaller = new DeadLetters(await folder(), load, { maxBytes: 1 });
  await smaller.prepare('20220101T000000Z');
  await expect(smaller.write('a.lp', [letter('x')])).rejects.toThrow(TooManyRejectsError);
});

describe('the names of dead letters', () => {
  const during = [`${load}.rejected.lp`, `${load}.rejected.ndjson`];

  test('a finished load names its files after its start, and a stopped load keeps their names', async () => {
    const path = await folder();
    const letters = await prepared(path);
    expect(letters.paths).toBe(null);
    await letters.write('a.lp', [letter('x')]);
    expect(letters.paths).toEqual({ points: [join(path, during[0]!)], reasons: join(path, during[1]!) });
    await letters.close(null);
    expect(Object.keys(await contents(path))).toEqual(during);

    const again = await prepared(path);
    expect(Object.keys(await contents(path))).toEqual([
      `${load}.rejected-abandoned-20220101T000000Z.lp`,
      `${load}.rejected-abandoned-20220101T000000Z.ndjson`,
    ]);
    await again.write('a.lp', [letter('y')]);
    await again.close(await again.finalName('T'));
    expect(again.paths).toEqual({
      points: [join(path, `${load}.rejected-T.lp`)],
      reasons: join(path, `${load}.rejected-T.ndjson`),
    });
    expect((await contents(path))[`${load}.rejected-T.lp`]).toBe('y\n');
  });

  test('two loads that began in the same second have separate dead letters', async () => {
    const path = await folder();
    for (const text of ['one', 'two', 'three']) {
      const letters = await prepared(path);
      await letters.write('a.lp', [letter(text)]);
      await letters.close(await letters.finalName('T'));
    }
    const files = await contents(path);
    expect(['', '-2', '-3'].map((number) => files[`${load}.rejected-T${number}.lp`])).toEqual([
      'one\n',
      'two\n',
      'three\n',
    ]);
  });

  test('dead letters abandoned twice in one second are kept twice', async () => {
    const path = await folder();
    for (const text of ['one', 'two', 'three']) {
      const letters = await prepared(path);
      await letters.write('a.lp', [letter(text)]);
      await letters.close(null);
    }
    expect(Object.values(await contents(path)).filter((text) => /^(one|two|three)\n$/.test(text))).toHaveLength(3);
  });
});

test('overlapping writes are stored one after the other, each complete', async () => {
  const path = await folder();
  const letters = await prepared(path);
  const batches = Array.from({ length: 40 }, (_, i) => [letter(`${i}a`.repeat(500)), letter(`${i}b`)]);
  await Promise.all(batches.map((each) => letters.write('a.lp', each)));
  await letters.close(await letters.finalName('T'));
  const { [`${load}.rejected-T.lp`]: points, [`${load}.rejected-T.ndjson`]: reasons } = await contents(path);
  expect(points).toBe(batches.map((_, i) => `${`${i}a`.repeat(500)}\n${i}b\n`).join(''));
  expect(reasons!.trimEnd().split('\n')).toHaveLength(80);
});

describe('a point too long to be held', () => {
  const text = 'a long point of several parts';

  /** Cuts a text into parts as the format delivers them. */
  function parts(whole: string, cuts: readonly number[], line: number): LongLetterPart[] {
    const places = [...new Set([0, ...cuts, whole.length])].sort((a, b) => a - b);
    return places.slice(0, -1).map((from, i) =>
      letter(whole.slice(from, places[i + 1]), {
        line,
        byteOffset: 1000 * line + from,
        reason: 'too-long',
        message: i === 0 ? 'a long line' : 'the rest of it',
        part: i === 0 ? 'first' : i === places.length - 2 ? 'last' : 'middle',
      }),
    );
  }

  test('a long point is assembled whatever the order of its parts, between other rejects', async () => {
    const path = await folder();
    const all = [...parts(text, [3, 9, 20], 2), ...parts(text.toUpperCase(), [14], 7), letter('x', { line: 9 })];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(all, { minLength: all.length }), async (order) => {
        const letters = await prepared(path);
        await Promise.all(order.map((each) => letters.write('a.lp', [each])));
        await letters.close(null);
        const files = await contents(path);
        const points = files[`${load}.rejected.lp`]!.trimEnd().split('\n');
        expect([...points].sort()).toEqual([text.toUpperCase(), text, 'x'].sort());
        const reasons = files[`${load}.rejected.ndjson`]!.trimEnd()
          .split('\n')
          .map((each) => JSON.parse(each));
        const of = (line: number) => reasons[points.indexOf(line === 2 ? text : text.toUpperCase())];
        for (const line of [2, 7]) {
          const at = { input: 'a.lp', line, byteOffset: 1000 * line, bytes: text.length };
          expect(of(line)).toEqual({ ...at, reason: 'too-long', message: 'a long line', endpoint: null });
        }
      }),
      { numRuns: 30 },
    );
  });

  test('a long point from the format is stored byte by byte', async () => {
    const path = await folder();
    const letters = await prepared(path);
    const long = `m s="${'0123456789'.repeat(3000)}" 1`;
    const format = new LineProtocol({
      maxPointBytes: 512,
      precision: 'ns',
      missingTimestamp: 'reject',
      chunkBytes: 1024,
    });
    const input = Buffer.from(`m f=1 1\n${long}\nm f=x 2\n`);
    for await (const run of format.points(bytesSource(input), new AbortController().signal)) {
      const found = run.rejects.map((each) => ({
        ...each,
        bytes: run.bytes.slice(each.start, each.start + each.length),
        line: run.firstLine + each.line,
        byteOffset: run.origin + each.start,
        endpoint: null,
      }));
      await letters.write('a.lp', found);
    }
    await letters.close(await letters.finalName('T'));
    const files = await contents(path);
    expect(files[`${load}.rejected-T.lp`]).toBe(`${long}\nm f=x 2\n`);
    expect(JSON.parse(files[`${load}.rejected-T.ndjson`]!.split('\n')[0]!)).toMatchObject({
      line: 2,
      byteOffset: 8,
      bytes: long.length,
      reason: 'too-long',
    });
  });

  test('parts longer than one block are stored byte by byte', async () => {
    const path = await folder();
    const letters = await prepared(path);
    const long = Array.from({ length: 80_000 }, (_, i) => `${i} `).join('');
    await letters.write('a.lp', parts(long, [400_000], 1));
    await letters.close(null);
    expect((await contents(path))[`${load}.rejected.lp`] === `${long}\n`).toBe(true);
  });

  test('a long point is stored between the rejects before and after it', async () => {
    const path = await folder();
    const letters = await prepared(path);
    const [first, last] = parts(text, [1], 2);
    await letters.write('a.lp', [first!]);
    await letters.write('a.lp', [letter('x', { line: 1 }), last!, letter('y', { line: 3 })]);
    await letters.close(null);
    expect((await contents(path))[`${load}.rejected.lp`]).toBe(`x\n${text}\ny\n`);
  });

  test('a long point without its last part leaves nothing behind', async () => {
    const path = await folder();
    const letters = await prepared(path);
    await letters.write('a.lp', parts(text, [5, 10], 1).slice(0, 2));
    await letters.close(await letters.finalName('T'));
    expect(await contents(path)).toEqual({ [`${load}.rejected-T.lp`]: '', [`${load}.rejected-T.ndjson`]: '' });
  });
});

test('dead letters can be loaded again and give the same points', async () => {
  const path = await folder();
  const letters = await prepared(path);
  const rejected = ['m f=1 1', 'm s="two\nlines" 2', 'm f=x 3'];
  await letters.write(
    'a.lp',
    rejected.map((text) => letter(text)),
  );
  await letters.close(await letters.finalName('T'));
  const bytes = await readFile(letters.paths!.points[0]!);
  const format = new LineProtocol({ maxPointBytes: 512, precision: 'ns', missingTimestamp: 'reject' });
  const seen: string[] = [];
  for await (const run of format.points(bytesSource(bytes), new AbortController().signal)) {
    const entry = (i: number, word: number) => run.index[i * 8 + word]!;
    for (let i = 0; i < run.count; i += 1) {
      seen.push(Buffer.from(run.bytes.slice(entry(i, 2), entry(i, 2) + entry(i, 3))).toString());
    }
    for (const { start, length } of run.rejects)
      seen.push(Buffer.from(run.bytes.slice(start, start + length)).toString());
  }
  expect(seen).toEqual(rejected);
});

/** Mounts a file system of one MiB; null where mounting is not allowed. */
async function smallDisk(): Promise<string | null> {
  const path = join(await folder(), 'disk');
  await mkdir(path);
  try {
    execFileSync('sh', ['-c', 'mount -t tmpfs -o size=1m tmpfs "$0"', path], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync('sh', ['-c', 'umount "$0"', path]));
  return path;
}

describe('when the state directory cannot take more', () => {
  test('a state directory that cannot be created is an error before anything is read', async () => {
    const path = join(await folder(), 'file');
    await writeFile(path, '');
    const failed = await new DeadLetters(join(path, 'below'), load).prepare('now').catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(StateError);
    expect((failed as StateError).message).toContain('--state-dir');
    expect((failed as StateError).exitCode).toBe(73);
  });

  test('on a full disk, earlier dead letters stay complete and every later write fails', async ({ skip }) => {
    const path = await smallDisk();
    if (path === null) return skip('mounting a small file system is not allowed here');
    const letters = await prepared(path);
    await letters.write('a.lp', [letter('first')]);
    const big = [letter('x'.repeat(700_000)), letter('y'.repeat(700_000))];
    const failed = await letters.write('a.lp', big).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(StateError);
    expect((failed as StateError).message).toMatch(/^writing dead letters: expected .* found no space left .*ENOSPC/);
    await expect(letters.write('a.lp', [letter('small')])).rejects.toBe(failed);
    await letters.close(null);
    const files = await contents(path);
    expect(files[`${load}.rejected.lp`]).toBe('first\n');
    expect(files[`${load}.rejected.ndjson`]!.trimEnd().split('\n')).toHaveLength(1);
  });

  test('a directory in place of the reasons file fails the write, and no path is reported', async () => {
    const path = await folder();
    const letters = await prepared(path);
    await mkdir(join(path, `${load}.rejected.ndjson`));
    await expect(letters.write('a.lp', [letter('x')])).rejects.toBeInstanceOf(StateError);
    expect(letters.paths).toBe(null);
    await letters.close(null);
  });
});

test('only folders of partitions are searched for dead letters of a stopped load', async () => {
  const path = await folder();
  const names = [`other/${load}.rejected.lp`, `host=a/${load}.rejected.lp`];
  for (const name of names) {
    await mkdir(join(path, dirname(name)));
    await writeFile(join(path, name), 'x\n');
  }
  await writeFile(join(path, 'a=b'), '');
  await prepared(path);
  expect(await readFile(join(path, names[0]!), 'utf8')).toBe('x\n');
  expect(Object.keys(await contents(join(path, 'host=a')))).toEqual([`${load}.rejected-abandoned-20220101T000000Z.lp`]);
});

test('rows of each header have a file, and rows of a folder have it below that folder', async () => {
  const path = await folder();
  const letters = await prepared(path);
  const format = (head: string, below?: string) => ({
    suffix: '.csv',
    head: Buffer.from(head),
    ...(below === undefined ? {} : { folder: below }),
  });
  await letters.write('a.csv', [letter('1,2')], format('a,b\n'));
  await letters.write('b.csv', [letter('3,4')], format('c,d\n'));
  await letters.write('d.csv', [letter('6,7')], format('a,b\n'));
  await letters.write('c.csv', [letter('5')], format('e\n', 'year=2024/month=1'));
  const { points } = letters.paths!;
  await letters.close(null);
  expect(await Promise.all(points.map((each) => readFile(each, 'utf8')))).toEqual([
    'a,b\n1,2\n6,7\n',
    'c,d\n3,4\n',
    'e\n5\n',
  ]);
  expect(points[2]).toContain('/year=2024/month=1/');
  expect((await stat(dirname(points[2]!))).mode & 0o777).toBe(0o700);
});

test('a batch whose rejects cannot be written leaves the files as they were, and every later write fails', async () => {
  const path = await folder();
  const letters = await prepared(path);
  await letters.write('a.lp', [letter('x')]);
  const before = await contents(path);
  // JSON has no bigint.
  const unwritable = letter('y', { message: 1n as never });
  await expect(letters.write('a.lp', [letter('z'), unwritable])).rejects.toThrow(StateError);
  expect(await contents(path)).toEqual(before);
  await expect(letters.write('a.lp', [letter('z')])).rejects.toThrow('writing dead letters');
  await letters.close(null);
});
