import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorCode, InputError, UsageError } from '../../src/core/errors.js';
import { peekSource, wrapSource } from '../../src/core/io/byte-source.js';
import { openFifoForWriting, readText, replaceFile, temporaryBeside } from '../../src/core/io/files.js';
import { networkFailure, ownCodes } from '../../src/core/network/network-errors.js';
import { retryAfterMs } from '../../src/core/network/retry-after.js';
import { codesOf, outcomeNames, outcomes } from '../../src/core/outcomes.js';
import { problemLines, problemText } from '../../src/core/problem.js';
import { excerpt, plural, shellQuote } from '../../src/core/text.js';
import { fullJitter } from '../../src/core/time/backoff.js';
import { unitNanoseconds, unitsPerMs } from '../../src/core/units.js';

const signal = new AbortController().signal;

describe('outcomes', () => {
  test('every exit code belongs to one outcome', () => {
    const codes = outcomeNames.flatMap((outcome) => codesOf(outcome).split(', '));
    expect(codes).toHaveLength(outcomeNames.length + 2);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('exit code 1 belongs to Node and npm, never to an outcome', () => {
    expect(Object.values(outcomes).map(({ exitCode }) => exitCode)).not.toContain(1);
  });
});

describe('problems', () => {
  const problem = {
    tried: 'reading a.csv',
    expected: 'a column named time',
    found: 'columns ts and value',
    fix: 'name it with --time-column ts',
  };

  test('a problem is one line with its four parts', () => {
    expect(problemText(problem)).toBe(
      'reading a.csv: expected a column named time, found columns ts and value. Name it with --time-column ts.',
    );
    expect(problemText({ ...problem, fix: '' })).toBe(
      'reading a.csv: expected a column named time, found columns ts and value.',
    );
    expect(problemText({ ...problem, fix: 'is this the right file?' })).toMatch(/value\. Is this the right file\?$/);
  });

  test('a terminal gets the four parts in four lines', () => {
    expect(problemLines(problem)).toEqual([
      '  tried     reading a.csv',
      '  expected  a column named time',
      '  found     columns ts and value',
      '  do        name it with --time-column ts',
    ]);
    expect(problemLines({ ...problem, fix: '' })).toHaveLength(3);
  });

  test('an error carries the parts and the line', () => {
    const error = new InputError(problem);
    expect([error.message, error.problem, error.exitCode]).toEqual([problemText(problem), problem, 7]);
    const usage = new UsageError([problem, 'plain text']);
    expect(usage.problems).toEqual([problemText(problem), 'plain text']);
    expect(usage.parts).toEqual([problem, 'plain text']);
  });
});

test.each([
  ['a-b_c=d', 'a-b_c=d'],
  ['two words', "'two words'"],
  ["it's", "'it'\\''s'"],
])('a shell reads the quoted form of %s as one word', (word, quoted) => {
  expect(shellQuote(word)).toBe(quoted);
  expect(execFileSync('sh', ['-c', `printf %s ${quoted}`], { encoding: 'utf8' })).toBe(word);
});

test('a text from outside is cut to valid UTF-8 of the given length', () => {
  expect(excerpt('short')).toBe('short');
  const cut = excerpt('é'.repeat(500));
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(300);
  expect(cut).toMatch(/^é+…$/);
  expect(excerpt(`${'🙂'.repeat(200)}`)).toMatch(/^(🙂)+…$/u);
  expect(excerpt('a'.repeat(300))).toHaveLength(300);
  expect(excerpt('a'.repeat(301))).toBe(`${'a'.repeat(297)}…`);
});

test('a plural that needs more than an s is given', () => {
  expect([plural(1, 'flush', 'flushes'), plural(2, 'flush', 'flushes'), plural(0, 'point')]).toEqual([
    '1 flush',
    '2 flushes',
    '0 points',
  ]);
});

test('both unit tables agree', () => {
  const units = Object.keys(unitNanoseconds) as (keyof typeof unitNanoseconds)[];
  expect(units).toHaveLength(4);
  expect(units.map((unit) => (Number(unitNanoseconds[unit]) * unitsPerMs[unit]) / 1e6)).toEqual([1, 1, 1, 1]);
});

test('waits double from failure to failure up to a limit', () => {
  const wait = (failures: number): number => fullJitter(failures, { firstMs: 100, maxMs: 1000 }, () => 0.5);
  expect([1, 2, 3, 5, 5000].map(wait)).toEqual([50, 100, 200, 500, 500]);
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-29T12:00:00Z');
  test.each([
    ['7', undefined, 7000],
    ['0', undefined, 0],
    ['99999', undefined, 300_000],
    ['Sun, 29 Nov 2026 12:00:09 GMT', undefined, 9000],
    ['Sun, 29 Nov 2026 10:00:05 GMT', 'Sun, 29 Nov 2026 10:00:00 GMT', 5000],
    ['Sun, 29 Nov 2026 11:59:00 GMT', undefined, 0],
    ['soon', undefined, null],
    [undefined, undefined, null],
  ])('%s with the Date %s is %s ms', (header, date, expected) => {
    expect(retryAfterMs(header, date, now)).toBe(expected);
  });
});

describe('network errors', () => {
  const coded = (code: string, message = code): Error => Object.assign(new Error(message), { code });
  test.each([
    [coded('ECONNREFUSED'), 'connection refused', false],
    [
      coded('DEPTH_ZERO_SELF_SIGNED_CERT'),
      'the certificate of the server is self-signed; if you trust this certificate, save it as a PEM file and name the file with --ca',
      true,
    ],
    [coded('CERT_REVOKED'), 'the certificate of the server is revoked', true],
    [
      coded('ERR_TLS_CERT_ALTNAME_INVALID', 'not a.b'),
      'the certificate of the server is for another host name (not a.b)',
      true,
    ],
    [coded(ownCodes.idle), 'no data for 30s', false],
    [Object.assign(new Error(''), { errors: [coded('ECONNREFUSED')] }), 'connection refused', false],
    [new Error('socket hang up'), 'connection closed before the end of the response', false],
    [coded('EODD', 'something odd'), 'something odd', false],
    ['text', 'text', false],
    [null, 'null', false],
    [{}, 'connection failed', false],
  ])('%s has a reason', (error, reason, permanent) => {
    expect(networkFailure(error)).toEqual({ reason, permanent });
  });
});

class Source {
  #offset = 0;
  readonly #bytes: Uint8Array;
  readonly compression = 'none';
  constructor(text: string) {
    this.#bytes = Buffer.from(text);
  }
  get bytesRead(): number {
    return this.#offset;
  }
  async read(into: Uint8Array): Promise<number> {
    const part = this.#bytes.subarray(this.#offset, this.#offset + Math.min(into.length, 3));
    into.set(part);
    this.#offset += part.length;
    return await Promise.resolve(part.length);
  }
  seek(to: number): void {
    this.#offset = to;
  }
}

async function textOf(source: { read(into: Uint8Array, signal: AbortSignal): Promise<number> }): Promise<string> {
  let text = '';
  const buffer = new Uint8Array(4);
  for (;;) {
    const count = await source.read(buffer, signal);
    if (count === 0) return text;
    text += Buffer.from(buffer.subarray(0, count)).toString();
  }
}

describe('byte sources', () => {
  test('a wrapper forwards everything that it does not replace', async () => {
    const source = new Source('abcdef');
    const wrapped = wrapSource(source, { compression: 'gzip', seek: undefined });
    expect([wrapped.compression, 'seek' in wrapped, wrapped.bytesRead]).toEqual(['gzip', false, 0]);
    expect(await textOf(wrapped)).toBe('abcdef');
    expect(wrapped.bytesRead).toBe(6);
  });

  test('bytes that were peeked at are read again', async () => {
    const { head, source } = await peekSource(new Source('abcdef'), new Uint8Array(5), () => false, signal);
    expect(Buffer.from(head).toString()).toBe('abcde');
    expect(await textOf(source)).toBe('abcdef');
  });

  test('peeking ends early once enough is seen', async () => {
    const { head } = await peekSource(new Source('ab\ncdef'), new Uint8Array(9), (seen) => seen.includes(10), signal);
    expect(Buffer.from(head).toString()).toBe('ab\n');
  });

  test('a seek drops the bytes that were peeked at', async () => {
    const { source } = await peekSource(new Source('abcdef'), new Uint8Array(3), () => false, signal);
    source.seek(4);
    expect(await textOf(source)).toBe('ef');
  });
});

describe('files', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'files-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('a text is read whole up to its limit, from a file and from a device without an end', async () => {
    const path = join(folder, 'text');
    writeFileSync(path, 'é'.repeat(50));
    expect(await readText(path)).toBe('é'.repeat(50));
    expect(await readText(path, 100)).toHaveLength(50);
    await expect(readText(path, 99).catch(String)).resolves.toBe('more than 99 B');
    await expect(readText('/dev/zero', 100_000).catch(errorCode)).resolves.toBe('more than 97.7 KiB');
    await expect(readText(join(folder, 'missing')).catch(errorCode)).resolves.toBe('ENOENT');
  });

  test('a file is replaced whole, and no temporary file stays', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    await replaceFile(path, async (file) => {
      await file.writeFile('new');
      expect(readFileSync(path, 'utf8')).toBe('old');
      expect(readdirSync(folder)).toContain(temporaryBeside(path).slice(folder.length + 1));
    });
    expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['new', ['a']]);
  });

  test('a write that fails leaves the old file', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    await expect(replaceFile(path, () => Promise.reject(new Error('full')))).rejects.toThrow('full');
    expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['old', ['a']]);
  });

  test('a pipe without a reader is an error instead of a wait without end', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    await expect(openFifoForWriting(path, [0, 1])).rejects.toThrow('a pipe without a reader');
  });

  test('a pipe with a reader is opened', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = open(path, 'r');
    const writer = await openFifoForWriting(path, [0, 10, 100, 1000]);
    await writer.writeFile('x');
    await writer.close();
    const file = await reader;
    expect(await file.readFile('utf8')).toBe('x');
    await file.close();
  });
});
