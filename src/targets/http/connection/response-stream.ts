// One HTTP request whose response is read in chunks, at the pace of the reader.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../core/types/index.js';
import type { ExchangeOutcome, HttpRequest } from '../types.js';
import type { ConnectionPool } from './connection-pool.js';
import { exchange } from './exchange.js';

/** A response with its body in chunks. The body of an error is part of `outcome` instead. */
export interface OpenedResponse {
  readonly outcome: ExchangeOutcome;
  /** Throws when the response breaks off, or after `timeoutMs` without a byte. Leaving it closes the connection. */
  readonly chunks: AsyncGenerator<Uint8Array, void>;
}

/** Never rejects. `timeoutMs` bounds every wait for more bytes. */
export async function openResponse(
  pool: Pick<ConnectionPool, 'request'>,
  request: HttpRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<OpenedResponse> {
  let body: IncomingMessage | null = null;
  const outcome = await exchange(pool, request, clock, signal, (opened) => {
    body = opened;
  });
  return { outcome, chunks: chunksOf(body, request.timeoutMs, clock, signal) };
}

async function* chunksOf(
  body: IncomingMessage | null,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  if (body === null) return;
  const abort = (): unknown => body.destroy(new Error('stopped'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const cancel = clock.after(timeoutMs, () => body.destroy(new Error(`no bytes for ${timeoutMs} ms`)));
      const { done, value } = await chunks.next().finally(cancel);
      if (done === true) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    body.destroy();
  }
}
