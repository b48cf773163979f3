import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Pool } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { networkFailure } from '../../../../src/core/network/network-errors.js';
import { verdicts } from '../../../../src/targets/cnosdb/cnosdb-verdicts.js';
import { exchange } from '../../../../src/targets/http/connection/exchange.js';
import { judgeOutcome } from '../../../../src/targets/http/verdict-table.js';
import { realClock, VirtualClock } from '../../../support/clock.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Records what it receives. `on` gets the socket once the whole request has arrived. */
async function listen(on: (socket: Socket, text: string) => void): Promise<{ origin: string; received: () => string }> {
  let received = '';
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.endsWith('the end')) on(socket, received);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received: () => received };
}

function pool(origin: string, options: Pool.Options = {}): Pool {
  const made = new Pool(origin, { connections: 1, pipelining: 1, ...options });
  closing.push(() => made.destroy());
  return made;
}

const body = Buffer.from('m f=1 1\nthe end');
const request = { method: 'POST', path: '/x', headers: {}, body, timeoutMs: 20_000, maxResponseBytes: 1000 } as const;
const never = new AbortController().signal;

test('a response has status, headers and body, and the request carries its length', async () => {
  const { origin, received } = await listen((socket) =>
    socket.write('HTTP/1.1 418 No\r\nX-A: b\r\nContent-Length: 3\r\n\r\nabc'),
  );
  const outcome = await exchange(pool(origin), request, realClock, never);
  expect(outcome).toMatchObject({
    kind: 'response',
    response: { status: 418, body: 'abc', headers: { 'x-a': 'b' } },
    truncated: false,
  });
  expect(received()).toMatch(/^POST \/x HTTP\/1\.1\r\n[\s\S]*content-length: 15\r\n/i);
});

test('an endless response is truncated at the limit', async () => {
  const { origin } = await listen((socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(100_000)}`));
  const outcome = await exchange(pool(origin), request, realClock, never);
  expect(outcome).toMatchObject({ kind: 'response', response: { body: 'x'.repeat(1000) }, truncated: true });
});

test.each([
  ['closed', (socket: Socket): unknown => socket.end()],
  ['reset', (socket: Socket): unknown => socket.resetAndDestroy()],
  ['that speaks another protocol', (socket: Socket): unknown => socket.end('SSH-2.0-OpenSSH_9\r\n')],
])('a connection %s after the body was sent may have stored the points', async (_, act) => {
  const { origin } = await listen(act);
  const outcome = await exchange(pool(origin), request, realClock, never);
  expect(outcome).toMatchObject({ kind: 'error', sent: true });
  expect(judgeOutcome(verdicts, outcome, 20_000, 0)).toMatchObject({
    kind: 'dropped',
    mayBeApplied: true,
  });
});

test('a refused connection sent nothing', async () => {
  const { origin } = await listen(() => {});
  await closing.pop()?.();
  const outcome = await exchange(pool(origin), request, realClock, never);
  expect(outcome).toMatchObject({ kind: 'error', sent: false });
  expect(judgeOutcome(verdicts, outcome, 20_000, 0)).toEqual({
    kind: 'unreachable',
    reason: 'connection refused',
  });
});

test('a timeout takes effect exactly on time, whether the request was sent or not', async () => {
  const clock = new VirtualClock();
  const hang = await listen(() => {});
  const waiting = exchange(pool(hang.origin), request, clock, never);
  while (!hang.received().endsWith('the end')) await turn();
  await clock.advance(19_999);
  expect(clock.waiting).toBe(1);
  await clock.advance(1);
  expect(await waiting).toEqual({ kind: 'timedOut', sent: true });

  const connecting = exchange(pool('http://127.0.0.1:1', { connect: () => {} }), request, clock, never);
  await clock.advance(20_000);
  expect(await connecting).toEqual({ kind: 'timedOut', sent: false });
});

test('an abort during the connect takes effect at once, and nothing is sent afterwards', async () => {
  const { origin, received } = await listen(() => {});
  const { connect } = await import('node:net');
  let go = (): void => {};
  const slow = pool(origin, {
    connect: (options, done) => {
      go = () => {
        const socket = connect(Number(options.port), '127.0.0.1', () => done(null, socket));
      };
    },
  });
  const controller = new AbortController();
  const outcome = exchange(slow, request, realClock, controller.signal);
  await turn();
  controller.abort();
  expect(await outcome).toEqual({ kind: 'aborted', sent: false });
  go();
  await new Promise<void>((resolve) => void slow.once('disconnect', () => resolve()));
  expect(received()).toBe('');
});

test('an abort during the wait for a response ends the request at once', async () => {
  const hang = await listen(() => {});
  const controller = new AbortController();
  const outcome = exchange(pool(hang.origin), request, realClock, controller.signal);
  while (!hang.received().endsWith('the end')) await turn();
  controller.abort();
  expect(await outcome).toEqual({ kind: 'aborted', sent: true });
  expect(await exchange(pool(hang.origin), request, realClock, controller.signal)).toEqual({
    kind: 'aborted',
    sent: false,
  });
});

test('a failure has a message in plain words', () => {
  expect(networkFailure(Object.assign(new Error('x'), { code: 'ENOTFOUND' })).reason).toBe('no such host');
  expect(
    networkFailure(Object.assign(new AggregateError([Object.assign(new Error('y'), { code: 'ECONNREFUSED' })]))).reason,
  ).toBe('connection refused');
  expect(networkFailure(new Error('self-signed certificate')).reason).toBe('self-signed certificate');
  expect(networkFailure('odd').reason).toBe('odd');
});
