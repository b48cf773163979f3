import { randomBytes } from 'node:crypto';
import * as zlib from 'node:zlib';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encoder, isLoopback } from '../../../../src/targets/http/encoding/encode-body.js';

const body = Buffer.from('cpu,host=a usage=1 1640995200000000000\n'.repeat(20_000));
const remote = ['http://10.0.0.1:8902'];
const local = ['http://localhost:8902', 'http://127.0.0.2:1', 'http://[::1]:1'];
const hasZstd = 'zstdCompress' in zlib;
const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync: (from: Uint8Array) => Buffer };
const decode = { gzip: gunzipSync, zstd: (from: Uint8Array) => zstdDecompressSync(from) };

test('the host name decides whether an endpoint is loopback', () => {
  expect(local.every(isLoopback)).toBe(true);
  for (const origin of [...remote, 'http://localhost.example.com', 'http://127.0.0.1.example.com', 'https://h:1'])
    expect(isLoopback(origin)).toBe(false);
});

test('bodies to loopback are compressed only on request', async () => {
  const sent = await encoder('auto', local)(body);
  expect(sent.encoding).toBeNull();
  expect(sent.bytes).toBe(body);
  expect((await encoder('none', remote)(body)).bytes).toBe(body);
  expect((await encoder('gzip', local)(body)).encoding).toBe('gzip');
});

test('one remote endpoint is enough to compress bodies', async () => {
  const sent = await encoder('auto', [...local, ...remote])(body);
  expect(sent.encoding).toBe(hasZstd ? 'zstd' : 'gzip');
  expect(sent.bytes.length).toBeLessThan(body.length / 10);
});

test('a gzip body is one whole member with the original bytes', async () => {
  const { bytes } = await encoder('gzip', remote)(body);
  expect(gunzipSync(bytes).equals(body)).toBe(true);
  expect(Buffer.from(bytes).indexOf(Buffer.from([0x1f, 0x8b, 0x08]), 1)).toBe(-1);
});

test('several bodies can be compressed at once', async () => {
  const encode = encoder('gzip', remote);
  const bodies = [1, 2, 3, 4].map((n) => Buffer.alloc(300_000, `m f=${n}\n`));
  const sent = await Promise.all(bodies.map((each) => encode(each)));
  expect(sent.map(({ bytes }, index) => gunzipSync(bytes).equals(bodies[index]))).toEqual([true, true, true, true]);
});

test.each(hasZstd ? (['gzip', 'zstd'] as const) : (['gzip'] as const))(
  'a %s body stays unchanged until it is released, and then the next body reuses its memory',
  async (compression) => {
    const encode = encoder(compression, remote);
    const first = await encode(body);
    const kept = Buffer.from(first.bytes);
    const second = await encode(Buffer.alloc(body.length, 'm f=2\n'));
    expect(Buffer.from(first.bytes).equals(kept)).toBe(true);
    expect(second.bytes.buffer).not.toBe(first.bytes.buffer);
    first.release!();
    // Bodies longer than one output chunk are complete, too.
    for (const next of [randomBytes(1_000_000), body, randomBytes(300_000), body]) {
      const sent = await encode(next);
      expect(decode[compression](sent.bytes).equals(next)).toBe(true);
      expect(next !== body || sent.bytes.buffer.byteLength === first.bytes.buffer.byteLength).toBe(true);
      sent.release!();
    }
    const last = await encode(body);
    last.release!();
    const again = await encode(body);
    expect(again.bytes.buffer).toBe(last.bytes.buffer);
  },
);

test.skipIf(hasZstd)('--compression zstd on a Node without zstd is a usage error that names the alternative', () => {
  expect(() => encoder('zstd', remote)).toThrow('Use --compression gzip or auto');
});

test.skipIf(!hasZstd)('a zstd body decompresses to the original bytes', async () => {
  const { bytes, encoding } = await encoder('zstd', local)(body);
  expect([encoding, zstdDecompressSync(bytes).equals(body)]).toEqual(['zstd', true]);
});
