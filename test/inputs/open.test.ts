import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  createWriteStream,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { constants, gzipSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { count } from '../../src/core/text.js';
import { smallFileBytes } from '../../src/inputs/local/buffered-file.js';
import { openPath, openStream } from '../../src/inputs/open.js';
import { casesOf, isSoak } from '../support/effort.js';
import { drain, type Folder, fixture, folder, never, text } from './support.js';

let temp: Folder;
beforeAll(() => {
  temp = folder();
});
afterAll(() => {
  temp.remove();
});

const open = (path: string) => openPath(path, path, never);

async function read(content: string | Uint8Array, size?: number | (() => number)): Promise<string> {
  return (await drain(await open(temp.file('read', content)), size)).toString();
}

/** The soak cuts a file after each byte. */
const everyLength = isSoak ? 1 : 4;

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no failure',
    (error: unknown) => (error instanceof InputError ? error.message : `not an InputError: ${String(error)}`),
  );

/** Park–Miller, so that a failing run can be repeated. */
function sizes(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return 1 + (state % 1000);
  };
}

describe('a plain file', () => {
  test('that is known to be small is opened without a request to another thread', async () => {
    const path = temp.file('known', text);
    const requests = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('FSReq')).length;
    const before = requests();
    const opening = openPath(path, path, never, undefined, text.length);
    expect(requests()).toBe(before);
    expect((await drain(await opening)).toString()).toBe(text);
  });

  test.each([
    ['empty', ''],
    ['shorter than any signature', 'a b=1'],
    ['long', text],
  ])('a file that is %s is read unchanged', async (_, content) => {
    expect(await read(content)).toBe(content);
    expect(await read(content, sizes(7))).toBe(content);
  });

  test('the bytes of a file are counted', async () => {
    const source = await open(temp.file('counted', text));
    const all = await drain(source);
    expect([source.bytesRead, source.compression]).toEqual([all.length, 'none']);
  });

  test('bytes appended after a file was opened are not read', async () => {
    const path = temp.file('grown', text);
    const source = await open(path);
    appendFileSync(path, 'more');
    expect((await drain(source)).toString()).toBe(text);
  });

  test('a file that shrinks while it is read is an error', async () => {
    const path = temp.file('shrunk', text.repeat(Math.ceil(smallFileBytes / text.length) + 1));
    const source = await open(path);
    truncateSync(path, 100);
    expect(await failure(drain(source))).toContain('changed while it was read (100 bytes)');
  });

  test('a file overwritten in place while it is read is an error', async () => {
    const long = text.repeat(Math.ceil(smallFileBytes / text.length) + 1);
    const path = temp.file('overwritten', long);
    const source = await open(path);
    writeFileSync(path, long.toUpperCase());
    utimesSync(path, 1, 1);
    expect(await failure(drain(source))).toContain('changed while it was read');
  });

  test('a missing file, an unreadable file and a directory are refused with the cause', async () => {
    const closed = temp.file('closed', text);
    chmodSync(closed, 0);
    expect(await failure(open(join(temp.path, 'gone')))).toContain('no such file');
    expect(await failure(open(temp.path))).toContain('expected a file, found a directory');
    // The superuser may read everything.
    if (process.getuid?.() !== 0) expect(await failure(open(closed))).toContain('may not read');
  });
});

describe('gzip', () => {
  const half = text.length >> 1;
  const members = Buffer.concat([gzipSync(text.slice(0, half)), gzipSync(''), gzipSync(text.slice(half))]);

  test.each([
    ['one member', gzipSync(text)],
    ['several members', members],
    ['padded with zeros', Buffer.concat([members, Buffer.alloc(200_000)])],
  ])('%s', async (_, content) => {
    expect(await read(content)).toBe(text);
    expect(await read(content, sizes(11))).toBe(text);
  });

  test('bytesRead counts compressed bytes, not decoded ones', async () => {
    const source = await open(temp.file('gz', members));
    await drain(source);
    expect([source.bytesRead, source.compression]).toEqual([members.length, 'gzip']);
  });

  test.each([
    ['text', 'garbage'],
    ['text after zeros', `${'\0'.repeat(10)}garbage`],
    ['text after more zeros than are read at a time', `${'\0'.repeat(70_000)}x`],
  ])('gzip followed by %s is damaged', async (_, tail) => {
    expect(await failure(read(Buffer.concat([members, Buffer.from(tail)])))).toMatch(/found damaged data/);
  });

  test('a gzip member after zero padding is an error, not a silent loss', async () => {
    for (const zeros of [10, 65_536 - members.length, 65_536 - members.length + 6]) {
      const content = Buffer.concat([members, Buffer.alloc(zeros), members]);
      expect(await failure(read(content))).toMatch(/found damaged data/);
    }
  });

  test('gzip that is cut anywhere is an error that tells how far it was read', async () => {
    const whole = gzipSync(text.slice(0, 1000));
    for (let length = 2; length < whole.length; length += everyLength) {
      const message = await failure(read(whole.subarray(0, length)));
      expect(message).toMatch(new RegExp(`truncated file after ${count(length)} bytes, [\\d,]+ decoded`));
    }
  });

  test('the checksum finds a flipped bit', async () => {
    const damaged = gzipSync(text);
    damaged[damaged.length - 6] ^= 1;
    expect(await failure(read(damaged))).toMatch(/incorrect data check/);
  });

  /** What was decoded before the error, and the error. */
  async function partial(content: Uint8Array): Promise<[string, unknown]> {
    const source = await open(temp.file('partial', content));
    const parts: Buffer[] = [];
    try {
      for (;;) {
        const into = Buffer.alloc(1000);
        const count = await source.read(into, never);
        if (count === 0) return [Buffer.concat(parts).toString(), null];
        parts.push(into.subarray(0, count));
      }
    } catch (error) {
      return [Buffer.concat(parts).toString(), error];
    } finally {
      await source.close();
    }
  }

  /** A final deflate block of a type that does not exist. */
  const invalidBlock = Buffer.of(0b111);

  function isDecodable(prefix: Uint8Array): boolean {
    try {
      inflateRawSync(prefix, { finishFlush: constants.Z_SYNC_FLUSH });
      return true;
    } catch {
      return false;
    }
  }

  const wrongCrc = gzipSync(text);
  wrongCrc[wrongCrc.length - 6]! ^= 1;
  const long = text.repeat(40);
  const wrongCrcLong = gzipSync(long);
  wrongCrcLong[wrongCrcLong.length - 6]! ^= 1;
  test.each([
    ['garbage after it', Buffer.concat([gzipSync(text), Buffer.from('garbage')]), text],
    ['garbage after several members', Buffer.concat([members, Buffer.from('garbage')]), text],
    ['garbage after a long one', Buffer.concat([gzipSync(long), Buffer.alloc(100_000, 'x')]), long],
    ['a wrong checksum', wrongCrc, text],
    ['a wrong checksum of a long one', wrongCrcLong, long],
    ['a wrong checksum in its second member', Buffer.concat([gzipSync(text), wrongCrc]), text + text],
    ['its trailer cut off', gzipSync(text).subarray(0, -8), text],
  ])('everything before the damage is decoded from gzip with %s', async (_, content, expected) => {
    const [decoded, error] = await partial(content);
    expect(error).toBeInstanceOf(InputError);
    expect(decoded).toBe(expected);
  });

  test('almost everything before damage in the middle of gzip is decoded', async () => {
    const damaged = gzipSync(long, { level: 1 });
    damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 64);
    const [decoded, error] = await partial(damaged);
    expect(error).toBeInstanceOf(InputError);
    expect(decoded.length).toBeGreaterThan(0.3 * long.length);
  });

  test.each([200, 3000, 300_000, 1_500_000])(
    'all of %i bytes before damage in the middle of gzip are decoded',
    async (bytes) => {
      const good = Buffer.from(text.repeat(Math.ceil(bytes / text.length))).subarray(0, bytes);
      const flushed = gzipSync(good, { level: 1, finishFlush: constants.Z_FULL_FLUSH });
      const [decoded, error] = await partial(Buffer.concat([flushed, invalidBlock, Buffer.alloc(100_000, 0x55)]));
      expect(decoded.length).toBe(bytes);
      expect(decoded === good.toString()).toBe(true);
      expect((error as InputError).message).toMatch(
        /found damaged data \(invalid block type\) after [\d,]+ bytes, [\d,]+ decoded/,
      );
      expect((error as InputError).message).toContain(`${count(bytes)} decoded`);
    },
  );

  test('gzip is decoded up to the damage that zlib itself finds', async () => {
    const whole = gzipSync(long, { level: 1 });
    for (const at of [2000, whole.length >> 2, whole.length >> 1, whole.length - 500]) {
      const damaged = Buffer.from(whole).fill(0xff, at, at + 64);
      const [decoded, error] = await partial(damaged);
      expect(error).toBeInstanceOf(InputError);
      // The longest prefix that zlib decodes without an error.
      let [least, most] = [0, damaged.length - 10];
      while (most - least > 1) {
        const middle = (least + most) >> 1;
        const prefix = damaged.subarray(10, 10 + middle);
        if (isDecodable(prefix)) least = middle;
        else most = middle;
      }
      const expected = inflateRawSync(damaged.subarray(10, 10 + least), { finishFlush: constants.Z_SYNC_FLUSH });
      expect(decoded === expected.toString()).toBe(true);
    }
  });

  test('a file of 2,000 points with garbage after gzip gives all its points and then an error', async () => {
    const [decoded, error] = await partial(readFileSync(fixture('trailing-garbage.lp.gz')));
    expect(decoded.trimEnd().split('\n')).toHaveLength(2000);
    expect((error as InputError).message).toMatch(/found damaged data \(trailing garbage\) after 15,583 bytes/);
  });

  test('members of any number and size, with names and comments, in any pieces, are decoded whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ length: fc.oneof(fc.nat(2000), fc.nat(300_000)), flags: fc.nat(31) }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 100_000 }),
        async (specs, piece) => {
          const texts = specs.map(({ length }) => long.slice(0, length));
          const content = Buffer.concat(texts.map((each, i) => withHeader(gzipSync(each), specs[i]!.flags)));
          if (content.length < 6) return;
          const source = await openStream(Readable.from([...chunked(content, piece)]), '-', never);
          expect((await drain(source)).toString()).toBe(texts.join(''));
        },
      ),
      { numRuns: casesOf(60) },
    );
  });

  test('a thousand small members are decoded without a stream for each', async () => {
    const member = gzipSync('m f=1 1\n');
    const source = await open(temp.file('many', Buffer.concat(Array.from({ length: 1000 }, () => member))));
    expect(await drain(source)).toHaveLength(8000);
  });

  test('gzip from a stream of three bytes at a time is decoded whole', async () => {
    const big = text.repeat(40);
    const source = await openStream(Readable.from([...chunked(gzipSync(big), 3)]), '-', never);
    expect((await drain(source, sizes(3))).equals(Buffer.from(big))).toBe(true);
  });
});

/** Puts optional fields into the header of a member. */
function withHeader(member: Buffer, flags: number): Buffer {
  const head = Buffer.from(member.subarray(0, 10));
  head[3] = flags;
  const extra = (flags & 4) === 0 ? [] : [Buffer.from([3, 0, 7, 7, 7])];
  const name = (flags & 8) === 0 ? [] : [Buffer.from('a name\0')];
  const comment = (flags & 16) === 0 ? [] : [Buffer.from('a comment\0')];
  const check = (flags & 2) === 0 ? [] : [Buffer.from([1, 2])];
  return Buffer.concat([head, ...extra, ...name, ...comment, ...check, member.subarray(10)]);
}

function* chunked(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('zstd', () => {
  const one = readFileSync(fixture('one.zst'));
  const frames = readFileSync(fixture('frames.zst'));

  test.each([
    ['one frame', one],
    ['several frames, with skippable ones before and between', frames],
  ])('%s', async (_, content) => {
    expect(await read(content)).toBe(text);
    expect(await read(content, sizes(13))).toBe(text);
    expect(await read(content, 1)).toBe(text);
  });

  test('bytesRead counts compressed bytes', async () => {
    const source = await open(fixture('one.zst'));
    await drain(source);
    expect([source.bytesRead, source.compression]).toEqual([one.length, 'zstd']);
  });

  test('zstd that is cut anywhere is an error that tells how far it was read', async () => {
    const whole = readFileSync(fixture('small.zst'));
    for (let length = 4; length < whole.length; length += everyLength) {
      const message = await failure(read(whole.subarray(0, length)));
      expect(message).toMatch(new RegExp(`truncated file after ${count(length)} bytes, [\\d,]+ decoded`));
    }
  });

  test('zstd followed by garbage is an error', async () => {
    expect(await failure(read(Buffer.concat([one, Buffer.from('garbage')])))).toContain(
      'that are not zstd data after a zstd frame',
    );
  });

  test('a flipped bit in zstd gives an error or the same text, and never an endless loop', async () => {
    for (let at = 4; at < one.length; at += 15) {
      const damaged = Buffer.from(one);
      damaged[at] ^= 0x10;
      const result = await read(damaged).catch((error: unknown) => error);
      // Some header bits are unused: then the text is unchanged.
      if (result !== text) expect(result).toBeInstanceOf(InputError);
    }
  });

  test('a zstd window over 128 MiB is refused with the option that helps', async () => {
    expect(await failure(open(fixture('window-256m.zst')).then((source) => drain(source)))).toContain('--long=27');
  });

  test('a zstd window beyond the memory budget is refused with the limit that suffices, in any frame', async () => {
    const room = { bytes: 10 << 20, limitFor: (bytes: number) => `${bytes >> 20}MiB and some` };
    const wide = readFileSync(fixture('window-64m.zst'));
    for (const content of [wide, Buffer.concat([one, wide])]) {
      const source = await openStream(Readable.from([...chunked(content, 3)]), '-', never, room);
      const message = await failure(drain(source));
      expect(message).toContain('a zstd window of at most 10 MiB');
      expect(message).toContain('found a window of 64 MiB. Raise --memory-limit to 64MiB and some');
    }
    const narrow = await openStream(Readable.from([...chunked(frames, 1)]), '-', never, room);
    expect((await drain(narrow)).toString()).toBe(text);
  });

  test('a zstd window of 64 MiB is read while another source stays open as memory grows', async () => {
    const beside = await open(fixture('one.zst'));
    const start = Buffer.alloc(5000);
    const count = await beside.read(start, never);
    const wide = await open(fixture('window-64m.zst'));
    let zeros = 0;
    const into = Buffer.alloc(1 << 20);
    for (let got = await wide.read(into, never); got > 0; got = await wide.read(into, never)) zeros += got;
    await wide.close();
    expect(zeros).toBe(40_000_000);
    expect(start.toString('utf8', 0, count) + (await drain(beside)).toString()).toBe(text);
  });

  test('two open zstd sources do not disturb each other', async () => {
    const [first, second] = [await open(fixture('one.zst')), await open(fixture('frames.zst'))];
    const parts: [Buffer[], Buffer[]] = [[], []];
    for (let open = 2; open > 0; ) {
      open = 0;
      for (const [i, source] of [first, second].entries()) {
        const into = Buffer.alloc(700);
        const count = await source.read(into, never);
        parts[i].push(into.subarray(0, count));
        open += Math.sign(count);
      }
    }
    await Promise.all([first.close(), second.close()]);
    expect(parts.map((part) => Buffer.concat(part).toString())).toEqual([text, text]);
  });
});

describe('unsupported content is refused with the command that converts it', () => {
  test.each([
    ['bzip2', '425a68393141592653', 'bzip2 -dc'],
    ['xz', 'fd377a585a000004', 'xz -dc'],
    ['lzma', '5d00008000ffffffff', 'xz -dc'],
    ['lz4', '04224d18644070b9', 'lz4 -dc'],
    ['framed snappy', 'ff060000734e61507059', 'snzip -dc'],
    ['lzop', '894c5a4f000d0a1a0a', 'lzop -dc'],
    ['UTF-32', 'fffe00006d000000', 'iconv -f UTF-32 -t UTF-8'],
  ])('%s', async (_, hex, tool) => {
    const path = temp.file("it's.lp", Buffer.from(hex, 'hex'));
    expect(await failure(openPath(path, "it's.lp", never))).toContain(`${tool} 'it'\\''s.lp' | bulk-load … -`);
    expect(await failure(openPath(path, '-x', never))).toContain(`${tool} ./-x | bulk-load … -`);
    const piped = openStream(Readable.from([Buffer.from(hex, 'hex')]), '-', never);
    expect(await failure(piped)).toContain(`Convert it: \`… | ${tool} | bulk-load … -\`.`);
  });

  test.each([
    ['a zip archive', '504b030414000000', 'unzip -p'],
    ['a 7z archive', '377abcaf271c0004', '7z x -so'],
  ])('%s from a pipe is written to a file first, since no tool reads it from a pipe', async (_, hex, tool) => {
    const path = temp.file('archive.lp', Buffer.from(hex, 'hex'));
    expect(await failure(openPath(path, 'a.lp', never))).toContain(`Convert it: \`${tool} a.lp | bulk-load … -\`.`);
    const piped = openStream(Readable.from([Buffer.from(hex, 'hex')]), '-', never);
    expect(await failure(piped)).toContain(`Convert it: \`… > archive && ${tool} archive | bulk-load … -\`.`);
  });

  test('a UTF-8 byte order mark and a measurement named BZh are text', async () => {
    expect(await read('\ufeffm f=1\n')).toBe('\ufeffm f=1\n');
    expect(await read('BZh f=1\n')).toBe('BZh f=1\n');
  });
});

describe('a stream', () => {
  test('a stream gives each piece as it arrives', async () => {
    const pipe = new PassThrough();
    pipe.write('m f=1\n');
    const source = await openStream(pipe, '-', never);
    const into = Buffer.alloc(100);
    expect(await source.read(into, never)).toBe(6);
    const next = source.read(into, never);
    pipe.write('m f=2\n');
    expect(into.toString('utf8', 0, await next)).toBe('m f=2\n');
    pipe.end();
    expect(await source.read(into, never)).toBe(0);
    expect(source.bytesRead).toBe(12);
    await source.close();
  });

  test.each([
    ['plain', 'm f=1\n'],
    ['gzip', gzipSync('m f=1\n').subarray(0, 15)],
  ])('a read of an idle %s stream can be cancelled at once', async (_, first) => {
    const pipe = new PassThrough();
    pipe.write(first);
    const source = await openStream(pipe, '-', never);
    const stop = new AbortController();
    const into = Buffer.alloc(100);
    if (source.compression === 'none') await source.read(into, never);
    const reading = source.read(into, stop.signal);
    stop.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await source.close();
    expect(pipe.destroyed).toBe(true);
  });

  test('opening an idle stream can be cancelled', async () => {
    const stop = new AbortController();
    const opening = openStream(new PassThrough(), '-', stop.signal);
    stop.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });

  test('a stream is not read ahead of its own buffer', async () => {
    let made = 0;
    const endless = new Readable({
      highWaterMark: 1024,
      read() {
        made += 1024;
        this.push(Buffer.alloc(1024, 'm f=1\n'));
      },
    });
    const source = await openStream(endless, '-', never);
    for (let i = 0; i < 5; i++) await source.read(Buffer.alloc(1024), never);
    expect(made).toBeLessThan(16 * 1024);
    await source.close();
  });

  test('a stream that breaks between two reads is an error that names the input', async () => {
    const pipe = new PassThrough();
    pipe.write('m f=1\n');
    const source = await openStream(pipe, '-', never);
    pipe.destroy(Object.assign(new Error('read EIO'), { code: 'EIO' }));
    await new Promise((resolve) => pipe.once('close', resolve));
    expect(await failure(drain(source))).toMatch(
      /^reading standard input: .* error of the device .*\(EIO\)\. Check the disk\.$/,
    );
  });

  test('a stream that is closed before its end is an error', async () => {
    const pipe = new PassThrough();
    pipe.write('m f=1\n');
    const source = await openStream(pipe, '-', never);
    await source.read(Buffer.alloc(6), never);
    pipe.destroy();
    expect(await failure(drain(source))).toContain('closed before its end');
  });
});

describe('a named pipe', () => {
  const fifo = (name: string) => {
    const path = join(temp.path, name);
    execFileSync('mkfifo', [path]);
    return path;
  };

  test('a named pipe is read from its first writer to its end', async () => {
    const path = fifo('fifo');
    const opening = open(path);
    createWriteStream(path).end(gzipSync(text));
    expect((await drain(await opening)).toString()).toBe(text);
  });

  test('opening a named pipe without a writer can be cancelled', async () => {
    const stop = new AbortController();
    const opening = openPath(fifo('silent'), 'silent', stop.signal);
    stop.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });

  test.each([
    ['holds something', 'echo m f=1'],
    ['is empty', 'true'],
  ])('a `<(…)` whose writer is gone %s and ends', async (_, writer) => {
    const shell = spawn('bash', ['-c', `${writer} | (echo $BASHPID; exec sleep 60)`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = Number(String((await once(shell.stdout, 'data'))[0]));
    try {
      const path = `/proc/${pid}/fd/0`;
      expect((await drain(await open(path))).toString()).toBe(writer === 'true' ? '' : 'm f=1\n');
    } finally {
      process.kill(pid);
    }
  });
});
