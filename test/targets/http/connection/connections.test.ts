import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { verdicts } from '../../../../src/targets/cnosdb/cnosdb-verdicts.js';
import { Connections } from '../../../../src/targets/http/connection/connections.js';
import type { ExchangeOutcome } from '../../../../src/targets/http/types.js';
import { judgeOutcome } from '../../../../src/targets/http/verdict-table.js';
import { targetDeps } from '../../../support/targets/target-deps.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const never = new AbortController().signal;
const request = {
  method: 'POST',
  path: '/x',
  headers: {},
  body: Buffer.from('m f=1 1\n'),
  timeoutMs: 20_000,
  maxResponseBytes: 1000,
} as const;

interface Behaviour {
  readonly connected?: (socket: Socket) => unknown;
  readonly requested?: (socket: Socket) => unknown;
}

async function listen({ connected, requested }: Behaviour, scheme = 'http'): Promise<Connections> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    connected?.(socket);
    socket.once('data', () => requested?.(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const connections = new Connections(
    targetDeps([`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`]),
    null,
  );
  closing.push(
    () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
    () => connections.close(),
  );
  return connections;
}

async function send(behaviour: Behaviour, scheme?: string): Promise<ExchangeOutcome> {
  return await (await listen(behaviour, scheme)).send(0, request, never);
}

const withoutLength = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n';

test('a response without a length is complete when the server closes the connection', async () => {
  const outcome = await send({ requested: (socket) => socket.end(withoutLength) });
  expect(outcome).toMatchObject({ kind: 'response', truncated: false, response: { status: 200, body: '' } });
  expect(judgeOutcome(verdicts, outcome, 0, 0)).toEqual({ kind: 'accepted' });
});

test.each([
  ['an empty response', withoutLength],
  ['half a response', `${withoutLength}half of an er`],
  ['a chunked response', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
])('%s that ends in a reset is no acknowledgement', async (_, text) => {
  const outcome = await send({
    requested: (socket) => socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 30)),
  });
  expect(judgeOutcome(verdicts, outcome, 0, 0)).toMatchObject({ kind: 'dropped', mayBeApplied: true });
});

test.each<[string, Behaviour, RegExp]>([
  [
    'SSH after the request',
    { requested: (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n') },
    /^it is an SSH server \(SSH-2\.0-OpenSSH_9\.6\), not an HTTP server; check --url$/,
  ],
  [
    'SSH before the request',
    { connected: (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n') },
    /^it is an SSH server \(SSH-2\.0-OpenSSH_9\.6\), not an HTTP server; check --url$/,
  ],
  [
    'Redis',
    { requested: (socket) => socket.write("-ERR unknown command 'POST'\r\n") },
    /^it is a Redis server \(-ERR unknown command 'POST'\), not an HTTP server/,
  ],
  [
    'MySQL',
    { connected: (socket) => socket.write(Buffer.from('J\0\0\0\n8.0.36\0\b\0\0\0', 'latin1')) },
    /^it is a MySQL server \(.*\), not an HTTP server/,
  ],
  [
    'SMTP',
    { connected: (socket) => socket.write('220 mail.example.org ESMTP Postfix\r\n') },
    /^it is a mail or FTP server \(220 mail\.example\.org ESMTP Postfix\), not an HTTP server/,
  ],
  [
    'an alert of TLS',
    { requested: (socket) => socket.write(Buffer.from([0x15, 3, 1, 0, 2, 2, 70])) },
    /^the port expects TLS; use https:\/\/ in --url$/,
  ],
  [
    'the settings of HTTP/2',
    { connected: (socket) => socket.write(Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0])) },
    /^the port accepts HTTP\/2 only, such as the gRPC port of a node; give the HTTP port in --url$/,
  ],
])('a server that answers with %s is refused by its name', async (_, behaviour, reason) => {
  const verdict = judgeOutcome(verdicts, await send(behaviour), 0, 0);
  expect(verdict).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) as string });
});

test('a server that closes the first connection without a response may expect TLS', async () => {
  const outcome = await send({ requested: (socket) => socket.destroy() });
  expect(judgeOutcome(verdicts, outcome, 0, 0)).toMatchObject({
    kind: 'dropped',
    reason: 'connection closed without a response; if the port expects TLS, use https:// in --url',
  });
});

test('TLS to a plain server is refused with the advice to use http', async () => {
  const outcome = await send({ requested: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') }, 'https');
  expect(judgeOutcome(verdicts, outcome, 0, 0)).toMatchObject({
    kind: 'refused',
    reason: 'the server does not speak https; use http:// in the URL',
  });
});

test('a foreign answer of an endpoint that has answered before is a lost request', async () => {
  let requests = 0;
  const connections = await listen({
    connected: (socket) =>
      socket.on('data', () => {
        requests += 1;
        socket.write(requests === 1 ? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' : 'SSH-2.0-OpenSSH_9.6\r\n');
      }),
  });
  const first = await connections.send(0, request, never);
  const second = await connections.send(0, request, never);
  const kinds = [first, second].map((outcome) => judgeOutcome(verdicts, outcome, 0, 0).kind);
  expect(kinds).toEqual(['accepted', 'dropped']);
});

test.each([
  ['Go', 'Client sent an HTTP request to an HTTPS server.\n'],
  ['nginx', '<html><center>The plain HTTP request was sent to HTTPS port</center></html>'],
])('the answer of %s to http on a TLS port is refused with the advice to use https', (_, body) => {
  const response = { status: 400, headers: {}, body };
  expect(judgeOutcome(verdicts, { kind: 'response', response, truncated: false }, 0, 0)).toEqual({
    kind: 'refused',
    reason: 'the port expects TLS',
    advice: 'use https:// in --url',
  });
});
