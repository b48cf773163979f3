// Content-Encoding of requests and responses. lz4 and snappy are refused, as in CnosDB before 2.4.2.

import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { RequestRefusal } from '../request-refusal.js';

const inflateRaw = promisify(zlib.inflateRaw) as unknown as (
  data: Buffer,
  options: zlib.ZlibOptions,
) => Promise<{ buffer: Buffer; engine: { bytesWritten: number } }>;
const brotliDecompress = promisify(zlib.brotliDecompress);
const GZIP_TRAILER = 8;
/** The zstd decoder never ends on a damaged body. More than this many consecutive empty outputs mean damage. */
const IDLE_STEPS = 8;

/** Decompresses a request body to at most `limit` bytes. `encoding` is a single token; lists are refused. */
export async function decodeBody(body: Buffer, encoding: string | undefined, limit: number): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body;
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (decode === undefined)
    throw new RequestRefusal(400, '040005', `Invalid header: content encoding not support: ${encoding}`);
  if (body.length === 0) return body;
  return await decode(body, limit);
}

const decoders: Record<string, (body: Buffer, limit: number) => Promise<Buffer>> = {
  gzip: gunzipOne,
  deflate: inflate,
  br: unbrotli,
  zstd: unzstd,
};

/** Builds the refusal of a body that cannot be decoded, or of a body beyond the limit. */
function undecodable(text: string, cause?: unknown): RequestRefusal {
  const isTooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
  if (isTooLarge) return new RequestRefusal(413, null, 'body too large');
  return new RequestRefusal(400, '040013', `Error decode request: ${text}`);
}

/** Decompresses exactly one gzip member. Like CnosDB, refuses bytes after the first member. */
async function gunzipOne(body: Buffer, limit: number): Promise<Buffer> {
  const start = gzipHeaderEnd(body);
  const mismatch = 'corrupt gzip stream does not have a matching checksum';
  const { buffer, engine } = await inflateRaw(body.subarray(start), { info: true, maxOutputLength: limit }).catch(
    (error) => {
      throw undecodable(mismatch, error);
    },
  );
  const end = start + engine.bytesWritten;
  if (end + GZIP_TRAILER > body.length) throw undecodable(mismatch);
  if (zlib.crc32(buffer) !== body.readUInt32LE(end)) throw undecodable(mismatch);
  if (end + GZIP_TRAILER < body.length) throw undecodable('failed to write whole buffer');
  return buffer;
}

/** Returns the offset after the header of a gzip member, where the compressed data begins (RFC 1952 §2.3). */
function gzipHeaderEnd(body: Buffer): number {
  if (body.length < 18 || body.readUInt32BE(0) >>> 8 !== 0x1f8b08) throw undecodable('invalid gzip header');
  const flags = body[3];
  let at = 10;
  if (flags & 4) at += 2 + body.readUInt16LE(at);
  if (flags & 8) at = body.indexOf(0, at) + 1;
  if (flags & 16) at = body.indexOf(0, at) + 1;
  return flags & 2 ? at + 2 : at;
}

async function inflate(body: Buffer, limit: number): Promise<Buffer> {
  const { buffer } = await inflateRaw(body, { info: true, maxOutputLength: limit }).catch((error) => {
    throw undecodable('corrupt deflate stream', error);
  });
  return buffer;
}

function unbrotli(body: Buffer, limit: number): Promise<Buffer> {
  return brotliDecompress(body, { maxOutputLength: limit }).catch((error) => {
    throw undecodable('Invalid Data', error);
  });
}

/** Decompresses all zstd frames. A truncated body yields its decodable part, as in CnosDB. */
async function unzstd(body: Buffer, limit: number): Promise<Buffer> {
  const { ZSTDDecoder } = await import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const parts: Uint8Array[] = [];
  let idle = 0;
  let length = 0;
  try {
    for (const part of decoder.decodeStreaming([body])) {
      idle = part.length === 0 ? idle + 1 : 0;
      if (idle > IDLE_STEPS) throw undecodable('Unknown frame descriptor');
      length += part.length;
      if (length > limit) throw new RequestRefusal(413, null, 'body too large');
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof RequestRefusal) throw error;
  }
  return Buffer.concat(parts);
}

export interface ResponseEncoding {
  readonly headers: Readonly<Record<string, string>>;
  encode(text: string): string | Buffer;
}

const encoders: Record<string, (text: string) => string | Buffer> = {
  gzip: (text) => zlib.gzipSync(text),
  deflate: (text) => zlib.deflateRawSync(text),
  br: (text) => zlib.brotliCompressSync(text),
  identity: (text) => text,
};

/** Chooses the first supported encoding of an Accept-Encoding list. Weights are ignored. */
export function chooseEncoding(accepted: string | undefined): ResponseEncoding {
  if (accepted === undefined) return { headers: {}, encode: (text) => text };
  const name = accepted
    .split(',')
    .map((each) => each.trim())
    .find((each) => Object.hasOwn(encoders, each));
  if (name === undefined)
    throw new RequestRefusal(
      400,
      '040005',
      `Invalid header: accept encoding not support: ${accepted}, only support: gzip, deflate, br, zstd, snappy, lz4, identity`,
    );
  return { headers: { 'content-encoding': name }, encode: encoders[name] };
}
