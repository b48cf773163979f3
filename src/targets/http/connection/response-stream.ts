// Sends one HTTP request and reads its response in chunks, only as fast as the caller uses them.

import type { Dispatcher } from 'undici';
import type { Clock } from '../../../core/types/index.js';
import type { ExchangeOutcome, HttpRequest, HttpResponse } from '../types.js';

/** The loader stops reading from the connection while more than this many received bytes wait for the caller. */
const maxUnread = 1024 * 1024;

/** A response whose body arrives in chunks. If the status is an error, `outcome` contains the whole body instead. */
export interface OpenedResponse {
  readonly outcome: ExchangeOutcome;
  /**
   * The chunks of the body. Reading them throws if the response breaks off, or if no byte arrives for `timeoutMs`.
   * `return()` closes the connection.
   */
  readonly chunks: AsyncGenerator<Uint8Array, void>;
}

/** Sends a request. Never rejects. `timeoutMs` limits the wait for the response, and each wait for further bytes. */
export async function openResponse(
  dispatcher: Dispatcher,
  request: HttpRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<OpenedResponse> {
  const handler = new StreamHandler(request, clock);
  const { method, path, headers, body } = request;
  const abort = (): void => handler.fail('aborted');
  signal.addEventListener('abort', abort, { once: true });
  handler.onClosed(() => signal.removeEventListener('abort', abort));
  if (signal.aborted) abort();
  else {
    try {
      dispatcher.dispatch({ method, path, headers: { ...headers }, body, headersTimeout: 0, bodyTimeout: 0 }, handler);
    } catch (error) {
      handler.onResponseError(null, error);
    }
  }
  return { outcome: await handler.outcome, chunks: handler.chunks() };
}

class StreamHandler implements Dispatcher.DispatchHandler {
  readonly outcome: Promise<ExchangeOutcome>;
  readonly #request: HttpRequest;
  readonly #clock: Clock;
  #resolve: (outcome: ExchangeOutcome) => void = () => {};
  #controller: Dispatcher.DispatchController | null = null;
  #response: HttpResponse | null = null;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #end: { readonly error: unknown } | null = null;
  #wake: () => void = () => {};
  #closed: () => void = () => {};
  #cancelTimeout: () => void = () => {};

  constructor(request: HttpRequest, clock: Clock) {
    this.#request = request;
    this.#clock = clock;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#expectBytes();
  }

  /** Registers a function to call once the response has ended. */
  onClosed(closed: () => void): void {
    this.#closed = closed;
  }

  fail(kind: 'timedOut' | 'aborted'): void {
    this.#resolve({ kind, sent: this.#controller !== null });
    const error = new Error(kind === 'aborted' ? 'stopped' : `no bytes for ${this.#request.timeoutMs} ms`);
    this.#finish(error);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#end !== null) controller.abort(new Error('aborted'));
    else this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HttpResponse['headers']): void {
    this.#response = { status, headers, body: '' };
    if (status < 300) this.#resolve({ kind: 'response', response: this.#response, truncated: false });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { maxResponseBytes } = this.#request;
    this.#unread.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#response!.status >= 300 && this.#unreadBytes > maxResponseBytes) controller.abort(new Error('too long'));
    else if (this.#response!.status < 300 && this.#unreadBytes > maxUnread) {
      controller.pause();
      this.#cancelTimeout();
    } else this.#expectBytes();
    this.#wake();
  }

  onResponseEnd(): void {
    this.#answerError(false);
    this.#finish(null);
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: unknown): void {
    if (this.#response === null) this.#resolve({ kind: 'error', error, sent: this.#controller !== null });
    else this.#answerError(true);
    this.#finish(error);
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        const chunk = this.#unread.shift();
        if (chunk !== undefined) {
          this.#unreadBytes -= chunk.length;
          yield chunk;
        } else if (this.#end !== null) {
          if (this.#end.error !== null) throw this.#end.error;
          return;
        } else await this.#more();
      }
    } finally {
      if (this.#end === null) this.fail('aborted');
    }
  }

  /** Resolves when a chunk or the end of the response has arrived. */
  async #more(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#controller?.paused === true) {
      this.#expectBytes();
      this.#controller.resume();
    }
    await woken;
  }

  #answerError(truncated: boolean): void {
    if (this.#response === null || this.#response.status < 300) return;
    const body = Buffer.concat(this.#unread).toString('utf8');
    this.#resolve({ kind: 'response', response: { ...this.#response, body }, truncated });
  }

  #expectBytes(): void {
    this.#cancelTimeout();
    this.#cancelTimeout = this.#clock.after(this.#request.timeoutMs, () => this.fail('timedOut'));
  }

  #finish(error: unknown): void {
    this.#end ??= { error };
    this.#cancelTimeout();
    this.#closed();
    this.#wake();
  }
}
