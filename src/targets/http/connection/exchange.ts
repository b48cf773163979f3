// Sends one HTTP request and returns one outcome. An abort takes effect at once, even while the connection is being made.

import type { ClientRequest, IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { codedError, ownCodes } from '../../../core/network/network-errors.js';
import type { Clock } from '../../../core/types/index.js';
import type { ExchangeOutcome, HttpRequest } from '../types.js';
import type { ConnectionPool } from './connection-pool.js';

/** Takes the body of a response with a status below 300. Its errors are no part of the outcome. */
export type BodyReader = (body: IncomingMessage) => void;

/**
 * Never rejects. Once it resolves, the caller may reuse the body of the request. `readBody` takes the body of a good
 * response; without it, the body is part of the outcome.
 */
export async function exchange(
  pool: Pick<ConnectionPool, 'request'>,
  request: HttpRequest,
  clock: Clock,
  signal: AbortSignal,
  readBody?: BodyReader,
): Promise<ExchangeOutcome> {
  if (signal.aborted) return { kind: 'aborted', sent: false };
  let client: ClientRequest;
  try {
    client = pool.request(request);
  } catch (error) {
    return { kind: 'error', error, sent: false };
  }
  let sent = false;
  let isSettled = false;
  let isCut = false;
  let abort = (): void => {};
  let cancelTimeout = (): void => {};
  const outcome = await new Promise<ExchangeOutcome>((resolve) => {
    const settle = (end: ExchangeOutcome): void => {
      isSettled = true;
      resolve(end);
    };
    const cut = (end: ExchangeOutcome): void => {
      if (isSettled) return;
      isCut = true;
      settle(end);
      client.destroy();
    };
    abort = () => cut({ kind: 'aborted', sent });
    signal.addEventListener('abort', abort, { once: true });
    cancelTimeout = clock.after(request.timeoutMs, () => cut({ kind: 'timedOut', sent }));
    const fail = (error: Error): void => cut({ kind: 'error', error: explained(error), sent });
    client
      .once('socket', () => {
        sent = true;
      })
      .on('error', fail)
      .once('close', () => fail(codedError(ownCodes.closed)))
      .once('response', (response) => {
        const { statusCode: status = 0, headers } = response;
        const respond = (body: string, truncated: boolean): void => {
          const end: ExchangeOutcome = { kind: 'response', response: { status, headers, body }, truncated };
          // A connection that is still sending the request carries no other one.
          if (truncated || !client.writableFinished) cut(end);
          else settle(end);
        };
        response.on('error', fail);
        if (readBody === undefined || status >= 300) readWhole(response, request.maxResponseBytes, respond);
        else {
          // After a reset, node:http ends a body that is delimited by the end of the connection, as if it were complete.
          client.on('error', (error) => response.destroy(error));
          readBody(response);
          settle({ kind: 'response', response: { status, headers, body: '' }, truncated: false });
        }
      })
      .end(request.body ?? undefined);
  });
  cancelTimeout();
  signal.removeEventListener('abort', abort);
  // A destroyed socket releases its buffers when it closes, within this turn of the event loop.
  if (isCut) await nextTurn();
  return outcome;
}

function readWhole(
  response: IncomingMessage,
  maxBytes: number,
  done: (body: string, truncated: boolean) => void,
): void {
  const chunks: Buffer[] = [];
  let left = maxBytes;
  const end = (truncated: boolean): void => done(Buffer.concat(chunks).toString('utf8'), truncated);
  response.on('data', (chunk: Buffer) => {
    if (left >= 0) chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left < 0) end(true);
  });
  response.once('end', () => end(false));
}

/** node:http reports by message alone that the server closed the connection, and with the code of a reset. */
function explained(error: Error): Error {
  return error.message === 'socket hang up' || error.message === 'aborted' ? codedError(ownCodes.closed) : error;
}
