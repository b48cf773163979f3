// Remote objects on a real server on loopback that behaves as servers and networks do in long responses.

import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { InputError, UsageError } from '../../../src/core/errors.js';
import type { ByteSource, Notice } from '../../../src/core/types/index.js';
import { urlInput } from '../../../src/inputs/http/url-input.js';
import { Web } from '../../../src/inputs/http/web-client.js';
import { sampleTimes } from '../../../src/inputs/sample-times.js';
import { type Act, type Asked, type Files, startFiles } from '../../support/servers/files.js';
import { remote } from '../../support/servers/remote.js';
import { drain, never } from '../support.js';

const timing = { openMs: 300, readMs: 300 };
const big = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `m f=${i}\n`).join(''));
const other = Buffer.from(big.toString().replaceAll('m f=1', 'm f=2'));

let server: Files;
beforeEach(async () => {
  server = await startFiles({ '/a.lp': big, '/b.lp': 'm f=1\n', '/empty': '' });
});
afterEach(() => server.stop());

async function open(path = '/a.lp'): Promise<ByteSource> {
  const web = new Web(remote);
  return await (await urlInput(web, server.url + path, timing)).open(never);
}

async function content(path?: string): Promise<Buffer> {
  return await drain(await open(path));
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof InputError || error instanceof UsageError)) throw new Error(`got ${String(error)}`);
  return error.message;
}

/** Acts from the first request after the first 64 KiB. */
function later(act: (nth: number, asked: Asked) => Act | undefined): void {
  let seen = 0;
  server.act((asked) => (/^bytes=0-/.test(asked.headers.range ?? '') ? undefined : act(seen++, asked)));
}

test('an object is read whole, and opening it requests only its first 64 KiB', async () => {
  const source = await open();
  expect(server.asked.map(({ headers }) => headers.range)).toEqual(['bytes=0-0', 'bytes=0-65535']);
  expect(source.file?.size).toBe(big.length);
  expect((await drain(source)).equals(big)).toBe(true);
  expect(source.bytesRead).toBe(big.length);
  expect(server.asked).toHaveLength(3);
});

test('a small object and an empty one are read with one request', async () => {
  expect((await content('/b.lp')).toString()).toBe('m f=1\n');
  expect(await content('/empty')).toHaveLength(0);
});

test('gzip is recognised by content', async () => {
  server.files.set('/a.lp', gzipSync(big));
  const source = await open();
  expect(source.compression).toBe('gzip');
  expect((await drain(source)).equals(big)).toBe(true);
});

test.each(['close', 'reset'] as const)(
  'after a %s of the connection, reading resumes after the last byte',
  async (how) => {
    later((nth) => (nth < 3 ? { cutAfter: 50_000, how } : undefined));
    expect((await content()).equals(big)).toBe(true);
    const [, , ...rest] = server.asked;
    expect(rest).toHaveLength(4);
    const at = rest.map(({ headers }) => Number(/\d+/.exec(headers.range ?? '')?.[0]));
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(at[1]).toBeGreaterThan(65_536);
    expect(rest[1]?.headers['if-range']).toMatch(/^"[0-9a-f]{32}"$/);
  },
);

test('a broken connection is reported with the offset at which reading resumes', async () => {
  const told: Notice[] = [];
  const web = new Web({ ...remote, notify: (notice) => told.push(notice) });
  const source = await (await urlInput(web, `${server.url}/a.lp`, timing)).open(never);
  later((nth) => (nth === 0 ? { cutAfter: 50_000 } : nth === 1 ? { status: 503 } : undefined));
  expect((await drain(source)).equals(big)).toBe(true);
  const [first, second] = told;
  expect(told).toHaveLength(2);
  expect(first).toMatchObject({ level: 'warn', kind: 'input-retry' });
  const at = /resuming after ([\d,]+) of ([\d,]+) bytes$/.exec(first!.message)!;
  expect([Number(at[1]!.replaceAll(',', '')) > 65_536, Number(at[2]!.replaceAll(',', ''))]).toEqual([true, big.length]);
  expect(second!.message).toBe(`reading ${server.url}/a.lp: 503; resuming after ${at[1]} of ${at[2]} bytes`);
});

test('the bytes are the same wherever the connection breaks, with and without ranges', {
  timeout: 60_000,
}, async () => {
  const cut = fc.record({ cutAfter: fc.nat(big.length), how: fc.constantFrom('close' as const, 'reset' as const) });
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { maxLength: 3 }), fc.boolean(), async (cuts, ranges) => {
      let nth = 0;
      server.act(({ headers }) => (headers.range === 'bytes=0-0' ? { ranges } : { ranges, ...cuts[nth++] }));
      expect((await content()).equals(big)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('a server without ranges sends the object again, and known bytes are skipped', async () => {
  let nth = 0;
  server.act(() => ({ ranges: false, ...(nth++ === 1 ? { cutAfter: 300_000 } : {}) }));
  const source = await open();
  expect((await drain(source)).equals(big)).toBe(true);
  expect(source.bytesRead).toBe(big.length);
  expect(server.asked).toHaveLength(3);
});

// As HTTP/1.0 does: the connection has ended while what came last is still to be read.
test.each([64, 65, 100, 128, 192].flatMap((kib) => [kib * 1024, kib * 1024 + 1]))(
  'one that closes the connection after %i bytes is read to the end, at whatever pace',
  async (length) => {
    const bytes = big.subarray(0, length);
    server.files.set('/a.lp', bytes);
    server.act(() => ({ headers: { connection: 'close' }, ranges: false }));
    const source = await open();
    await sleep(50);
    const first = Buffer.alloc(1000);
    const read = await source.read(first, never);
    await sleep(50);
    expect(Buffer.concat([first.subarray(0, read), await drain(source)]).equals(bytes)).toBe(true);
  },
);

test('a slow response in small pieces is read', async () => {
  later(() => ({ trickle: 5000 }));
  expect((await content()).equals(big)).toBe(true);
});

test('a 503 is retried after the time that Retry-After names', async () => {
  later((nth) => (nth === 0 ? { status: 503, headers: { 'retry-after': '0' } } : undefined));
  expect((await content()).equals(big)).toBe(true);
});

test('a server that stays busy is named with its status', async () => {
  later(() => ({ status: 503 }));
  expect(await failure(content())).toMatch(
    /a\.lp: expected [\d,]+ bytes, found 503, \d+ times in 0s, after 65,536 bytes/,
  );
  later(() => ({ status: 429, headers: { 'retry-after': '3600' } }));
  expect(await failure(content())).toContain('found 429 after 65,536 bytes');
});

test('a response that always ends at the same byte ends the input with an error', async () => {
  later(() => ({ cutAfter: 0 }));
  expect(await failure(content())).toMatch(/connection reset, \d+ times/);
});

test.each<[string, Act]>([
  ['its ETag', { content: other }],
  ['its size', { content: Buffer.concat([big, Buffer.from('m f=1\n')]), etag: null }],
  ['its content without ETag', { content: other, etag: null }],
  ['its content on a server without ranges', { content: other, etag: null, ranges: false }],
])('an object is reported as changed when %s changed while it was read', async (_, changed) => {
  server.act(() => ({ etag: changed.etag === null ? null : undefined }) as Act);
  const source = await open();
  let nth = 0;
  server.act(() => (nth++ === 0 ? { cutAfter: 100_000, ...(changed.etag === null ? { etag: null } : {}) } : changed));
  expect(await failure(drain(source))).toContain('changed while it was read');
});

test('without an ETag, another Last-Modified means that the object changed', async () => {
  const dated = (date: string): Act => ({ etag: null, headers: { 'last-modified': date } });
  server.act(() => dated('Mon, 03 Jan 2022 00:00:00 GMT'));
  const source = await open();
  server.act(() => dated('Tue, 04 Jan 2022 00:00:00 GMT'));
  expect(await failure(drain(source))).toContain('changed while it was read');
});

test('a range other than the requested one is refused', async () => {
  later(() => ({ status: 206, headers: { 'content-range': 'bytes 7-9/10' }, body: 'abc' }));
  expect(await failure(content())).toContain('found bytes 7-9/10');
});

test('an object without a length has no size and is read to its end', async () => {
  server.act(() => ({ ranges: false, sized: false }));
  const source = await open();
  expect(source.file).toBeUndefined();
  expect((await drain(source)).equals(big)).toBe(true);
});

test('an object without a length is not complete when a reset ends it', async () => {
  const text = 'm f=1 1640995200000000000\n'.repeat(5000);
  let asked = 0;
  const raw = createServer((socket) => {
    socket.once('data', () => {
      asked += 1;
      const isCut = asked <= 2;
      socket.write(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${isCut ? text.slice(0, 70_000) : text}`);
      // The bytes arrive before the reset, which would otherwise discard them.
      if (isCut) setTimeout(() => socket.resetAndDestroy(), 100);
      else socket.end();
    });
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  try {
    await once(raw, 'listening');
    const { port } = raw.address() as AddressInfo;
    const source = await (await urlInput(new Web(remote), `http://127.0.0.1:${port}/a.lp`, timing)).open(never);
    expect((await drain(source)).toString()).toBe(text);
    expect(asked).toBeGreaterThan(2);
  } finally {
    raw.close();
  }
});

test('any range of an object can be read at any time', async () => {
  const source = await open();
  const file = source.file!;
  expect(Buffer.from(await file.bytes(big.length - 6, big.length + 10)).equals(big.subarray(-6))).toBe(true);
  expect(Buffer.from(await file.bytes(70_000, 70_010)).equals(big.subarray(70_000, 70_010))).toBe(true);
  source.seek?.(100_000);
  expect((await drain(source)).equals(big.subarray(100_000))).toBe(true);
  const asked = server.asked.length;
  server.act(() => ({ ranges: false }));
  const whole = await open();
  expect(Buffer.from(await whole.file!.bytes(70_000, 70_010)).equals(big.subarray(70_000, 70_010))).toBe(true);
  await whole.close();
  expect(server.asked.length - asked).toBe(3);
});

test('the last block that was read is returned without a request', async () => {
  server.files.set('/a.lp', Buffer.concat(Array.from({ length: 8 }, () => big)));
  const source = await open();
  await drain(source);
  const asked = server.asked.length;
  const near = source.file!.near!(2_500_000)!;
  expect(near).toEqual({ from: 38 * 65_536, to: 38 * 65_536 + 4096 });
  const bytes = await source.file!.bytes(near.from, near.to);
  expect(Buffer.from(bytes).equals(server.files.get('/a.lp')!.subarray(near.from, near.to))).toBe(true);
  expect(server.asked).toHaveLength(asked);
  expect(source.file!.near!(5000)).toBeNull();
});

test('a missing or denied object is refused when it is named', async () => {
  expect(await failure(open('/missing'))).toContain(
    '/missing: expected an input that can be read, found 404: the server has no object',
  );
  server.act(() => ({ status: 403 }));
  expect(await failure(open())).toContain('403: the server denies access');
});

const bzip2 = Buffer.from(
  '425a6839314159265359c87ba165000002d9000010400020020102200030c00861a328185dc914e1424321ee8594',
  'hex',
);
const tools = ['curl', 'bzip2'].every((tool) => spawnSync(tool, ['--help']).error === undefined);

test.skipIf(!tools)('unsupported content is refused with a command that converts it', async () => {
  const path = "/it's (1)?page=1&part=2";
  server.files.set("/it's%20(1)", bzip2);
  const message = await failure(open(path));
  expect(message).toContain('found bzip2. Convert it: `curl -sSfL ');
  const command = /Convert it: `(.*) \| bulk-load … -`\.$/.exec(message)![1]!;
  expect((await promisify(execFile)('sh', ['-c', command])).stdout).toBe('m f=1\n');
});

test('the command leaves out secrets and the file of CA certificates', async () => {
  server.files.set('/a.lp', bzip2);
  expect(await failure(open('/a.lp?sig=hush'))).toContain(
    `Convert it: \`curl -sSfL '${server.url}/a.lp?sig=***…' | bzip2 -dc | bulk-load`,
  );
  const input = await urlInput(new Web({ ...remote, ca: '' }), `${server.url}/a.lp`, timing);
  expect(await failure(input.open(never))).toContain(
    `Convert it: \`curl -sSfL --cacert … ${server.url}/a.lp | bzip2 -dc`,
  );
});

test('a server that does not answer yet still gives an input', async () => {
  const { url } = server;
  await server.stop();
  const input = await urlInput(new Web(remote), `${url}/a.lp`, timing);
  expect(await failure(input.open(never))).toMatch(/connection refused, \d+ times/);
  server = await startFiles();
});

test('redirects are followed, and credentials go to their own host only', async () => {
  const second = await startFiles({ '/moved.lp': big });
  try {
    server.act(({ path }) =>
      path === '/a.lp'
        ? { status: 302, headers: { location: '/c.lp' } }
        : { status: 307, headers: { location: `${second.url}/moved.lp` } },
    );
    const source = await (
      await urlInput(new Web(remote), `${server.url.replace('//', '//me:p%40ss@')}/a.lp`, timing)
    ).open(never);
    expect((await drain(source)).equals(big)).toBe(true);
    expect(server.asked.every(({ headers }) => headers.authorization === `Basic ${btoa('me:p@ss')}`)).toBe(true);
    expect(second.asked.some(({ headers }) => headers.authorization !== undefined)).toBe(false);
    expect(second.asked.at(-1)?.headers.range).toMatch(/^bytes=\d+-$/);
  } finally {
    await second.stop();
  }
});

test('redirects in a circle, and to another scheme than http, are refused', async () => {
  server.act(() => ({ status: 301, headers: { location: '/a.lp' } }));
  expect(await failure(open())).toContain('more than 10 redirects');
  server.act(() => ({ status: 301, headers: { location: 'file:///etc/passwd' } }));
  expect(await failure(open())).toContain('301: a redirect to something other than an http or https URL');
});

test('a read can be cancelled at once', async () => {
  const source = await open();
  const stop = new AbortController();
  for (let at = 0; at < 65_536; ) at += await source.read(Buffer.alloc(65_536), stop.signal);
  server.act(() => ({ status: 503 }));
  const reading = source.read(Buffer.alloc(10), stop.signal);
  stop.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  await source.close();
});

async function asked(count: number): Promise<void> {
  while (server.asked.length < count) await new Promise((resolve) => setImmediate(resolve));
}

test('a range that never arrives ends with the signal of the source, and when the source is closed', async () => {
  const input = await urlInput(new Web(remote), `${server.url}/a.lp`);
  const stop = new AbortController();
  const source = await input.open(stop.signal);
  const other = await input.open(never);
  later(() => ({ silent: true }));
  const before = server.asked.length;
  const reading = source.file!.bytes(100_000, 100_010);
  const left = other.file!.bytes(100_000, 100_010);
  const failed = failure(left);
  await asked(before + 2);
  stop.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  await other.close();
  expect(await failed).toContain('closed');
  await source.close();
});

test('sampling times ends with the run, and after a timeout for a silent server', async () => {
  const input = await urlInput(new Web(remote), `${server.url}/a.lp`);
  later(() => ({ silent: true }));
  const before = server.asked.length;
  expect(await sampleTimes([input, input, input], never, 200)).toMatchObject({ spans: [], unseen: 3 });
  expect(server.asked.length - before).toBeLessThanOrEqual(2);
  const stop = new AbortController();
  const looking = sampleTimes([input], stop.signal, 3_600_000);
  const ended = expect(looking).rejects.toThrow('enough');
  await asked(server.asked.length + 2);
  stop.abort(new Error('enough'));
  await ended;
});

test('responses without a new byte are retried with waits, and not without end', async () => {
  later((_, { headers }) => {
    const from = Number(/\d+/.exec(headers.range ?? '')?.[0]);
    const body = big.subarray(from, from + 4096).toString();
    return { status: 206, headers: { 'content-range': `bytes ${from}-${from + 4095}/${big.length}` }, body };
  });
  expect(await failure(content())).toMatch(/found a response without new bytes, \d+ times in 0s, after 65,536 bytes/);
  expect(server.asked.length).toBeLessThan(30);
});

test('a range that ends before it begins is refused', async () => {
  later(() => ({ status: 206, headers: { 'content-range': `bytes 61440-61439/${big.length}` }, body: '' }));
  expect(await failure(content())).toContain('found bytes 61440-61439/');
  expect(server.asked).toHaveLength(3);
});

test('a user that is not percent-encoded is a usage error that shows no password', async () => {
  const message = await failure(urlInput(new Web(remote), `${server.url.replace('//', '//us%er:hush@')}/a.lp`));
  expect(message).toBe(
    `${server.url}/a.lp: expected a percent-encoded user and password in the URL, found an invalid percent-encoding. Write % as %25.`,
  );
});
