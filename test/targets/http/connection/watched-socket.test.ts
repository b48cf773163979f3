import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { buildConnector, Pool } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { exchange } from '../../../../src/targets/http/connection/exchange.js';
import { hideInterim, interimLength } from '../../../../src/targets/http/connection/watched-socket.js';
import { realClock } from '../../../support/clock.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const never = new AbortController().signal;
const request = { method: 'POST', path: '/x', headers: {}, timeoutMs: 20_000, maxResponseBytes: 1000 } as const;

async function say(socket: Socket, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    socket.write(part);
    for (let turns = 0; turns < 20; turns++) await turn();
  }
}

/** Sends the parts of a response one by one to every request on its one connection. */
async function answering(parts: readonly string[]): Promise<Pool> {
  const server: Server = createServer((socket) => {
    socket.setNoDelay(true).on('error', () => {});
    socket.on('data', () => void say(socket, parts));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const connector = buildConnector({});
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    connections: 1,
    connect: (options, done) =>
      connector(options, (...[error, socket]) => (error ? done(error, null) : done(null, hideInterim(socket!)))),
  });
  closing.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => pool.destroy(),
  );
  return pool;
}

const go = 'HTTP/1.1 100 Continue\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

test.each<[string, string[]]>([
  ['before the response', [go, ok]],
  ['in one packet with the response', [go + ok]],
  ['with headers', [`HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n${ok}`]],
  ['several times', [go, go + go, ok]],
  ['in pieces', ['HTTP/1', '.1 100 Con', 'tinue\r\n\r', `\n${ok.slice(0, 10)}`, ok.slice(10)]],
])('an unrequested "100 Continue" %s is ignored for every request', async (_, parts) => {
  const pool = await answering(parts);
  for (let count = 0; count < 3; count++) {
    const outcome = await exchange(pool, { ...request, body: Buffer.from('m f=1 1\n') }, realClock, never);
    expect(outcome).toMatchObject({ kind: 'response', response: { status: 200, body: 'hi' } });
  }
});

test('a body that looks like an interim response stays as it is', async () => {
  const pool = await answering([`HTTP/1.1 200 OK\r\nContent-Length: ${go.length}\r\n\r\n`, go]);
  const outcome = await exchange(pool, { ...request, body: Buffer.from('x') }, realClock, never);
  expect(outcome).toMatchObject({ kind: 'response', response: { body: go } });
});

test.each<[string, number | null]>([
  [ok, 0],
  ['', null],
  ['HTTP/1.1 10', null],
  [go, go.length],
  [go + ok, go.length],
  ['HTTP/1.1 103 Early Hints\r\n\r\n', 0],
  [`HTTP/1.1 100 ${'x'.repeat(5000)}`, 0],
])('%j begins with an interim response of %s bytes', (text, length) => {
  expect(interimLength(Buffer.from(text))).toBe(length);
});
