// Requests byte by byte over a socket: the recordings hold some that no HTTP client would send.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Send neither a length nor change the body. */
  readonly noContentLength?: boolean;
}

/** Null status: the connection was closed without an answer. */
export interface RawAnswer {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends one request on a connection of its own and reads the answer to its end. */
export async function exchange(url: string, request: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  const body = request.body ?? Buffer.alloc(0);
  const headers: Record<string, string> = { host: 'localhost', connection: 'close', ...request.headers };
  if (!request.noContentLength && headers['content-length'] === undefined)
    headers['content-length'] = String(body.length);
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${request.method} ${request.path} HTTP/1.1\r\n${head.join('')}\r\n`);
  socket.write(body);
  return parse(await readAll(socket));
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return { status: null, headers: {}, body: '' };
  const [first, ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: bytes.toString('utf8', end + 4),
  };
}

/** A statement over /api/v1/sql, answered as JSON. */
export function sql(url: string, database: string, statement: string): Promise<RawAnswer> {
  return exchange(url, {
    method: 'POST',
    path: `/api/v1/sql?db=${encodeURIComponent(database)}`,
    headers: { authorization: 'Basic cm9vdDo=', accept: 'application/json' },
    body: Buffer.from(statement),
  });
}

export function writeLines(url: string, database: string, lines: string | Buffer): Promise<RawAnswer> {
  return exchange(url, {
    method: 'POST',
    path: `/api/v1/write?db=${database}`,
    headers: { authorization: 'Basic cm9vdDo=' },
    body: Buffer.from(lines),
  });
}
