// A scripted file server on loopback: with or without ranges, cut short, slow, busy, moved, or with changed content.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  /** From 0. */
  readonly ordinal: number;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** Changes to the plain response. */
export interface Act {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Replaces the content of the file. */
  readonly content?: Uint8Array;
  /** Null: the header is absent. */
  readonly etag?: string | null;
  /** False: ignores ranges and sends everything. */
  readonly ranges?: boolean;
  /** False: chunked, without a length. */
  readonly sized?: boolean;
  /** Ends the connection after that many bytes of the body. */
  readonly cutAfter?: number;
  readonly how?: 'close' | 'reset';
  /** Sends pieces of that many bytes, one per turn of the event loop. */
  readonly trickle?: number;
  /** Never responds. */
  readonly silent?: boolean;
}

export interface Files {
  readonly url: string;
  readonly asked: Asked[];
  /** By path without query. */
  readonly files: Map<string, Uint8Array>;
  act(script: (asked: Asked) => Act | undefined): void;
  stop(): Promise<void>;
}

export async function startFiles(files: Record<string, string | Uint8Array> = {}): Promise<Files> {
  const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]));
  const asked: Asked[] = [];
  let script: (asked: Asked) => Act | undefined = () => undefined;
  const server = createServer((request, response) => {
    const one = { ordinal: asked.length, path: request.url ?? '', headers: request.headers };
    asked.push(one);
    const known = contents.get(one.path.replace(/\?.*/, ''));
    answer(one, response, known, script(one) ?? {}).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    files: contents,
    act: (next) => {
      script = next;
    },
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

async function answer(asked: Asked, response: ServerResponse, known: Uint8Array | undefined, act: Act): Promise<void> {
  if (act.silent) return;
  const content = act.content ?? known;
  if (act.status !== undefined || content === undefined) {
    response.writeHead(act.status ?? 404, act.headers).end(act.body ?? 'nothing here');
    return;
  }
  const etag = act.etag === undefined ? `"${createHash('md5').update(content).digest('hex')}"` : act.etag;
  const tag = etag === null ? {} : { etag };
  const range = act.ranges === false || stale(asked, etag) ? null : rangeOf(asked, content.length);
  if (range === 'none') {
    response.writeHead(416, { ...tag, 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const [from, to] = range ?? [0, content.length];
  const length = act.sized === false ? {} : { 'content-length': to - from };
  const place = range === null ? {} : { 'content-range': `bytes ${from}-${to - 1}/${content.length}` };
  response.writeHead(range === null ? 200 : 206, { ...tag, ...length, ...place, ...act.headers });
  await send(response, content.subarray(from, Math.min(to, from + (act.cutAfter ?? to))), act);
}

async function send(response: ServerResponse, bytes: Uint8Array, { cutAfter, how, trickle }: Act): Promise<void> {
  const step = trickle ?? Math.max(1, bytes.length);
  for (let at = 0; at < bytes.length; at += step) {
    const more = response.write(bytes.subarray(at, at + step));
    if (!more) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    if (trickle !== undefined) await new Promise((resolve) => setImmediate(resolve));
  }
  if (cutAfter === undefined) response.end();
  else if (how === 'reset') response.socket?.resetAndDestroy();
  // Written bytes must leave first.
  else response.socket?.destroySoon();
}

function stale({ headers }: Asked, etag: string | null): boolean {
  const condition = headers['if-range'];
  return condition !== undefined && condition !== etag;
}

function rangeOf({ headers }: Asked, size: number): [number, number] | 'none' | null {
  const match = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  if (match === null) return null;
  const from = Number(match[1]);
  if (from >= size) return 'none';
  return [from, match[2] === '' ? size : Math.min(size, Number(match[2]) + 1)];
}
