// Converts errors of the --queue server to errors of bulk-load that name the server. Such an error may be a refused
// command, a response in another protocol, or a response that is too large for memory. Without this conversion,
// bulk-load would report such errors as its own defects.

import type * as ioredis from 'ioredis';
import type { z } from 'zod';
import { BulkLoadError, RefusedError, UnavailableError } from '../../core/errors.js';
import { duration, excerpt, size } from '../../core/text.js';
import { MIB } from '../../core/units.js';

export interface QueueState {
  /** URL of the server without secrets, for messages. */
  readonly shown: string;
  /** True once the server has sent a response that is too large. */
  hasExcess: boolean;
}

/** Largest accepted response, bytes. The result of one piece has at most 4 MiB. */
const maxAnswerBytes = 64 * MIB;

/** Returns a proxy that converts each rejection of the object's methods with `queueError`. */
export function guard<T extends object>(object: T, state: QueueState): T {
  return new Proxy(object, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const found: unknown = Reflect.apply(value, target, args);
        if (!(found instanceof Promise)) return found;
        return found.catch((error: unknown) => {
          throw queueError(error, state);
        });
      };
    },
  });
}

/** Converts an error of ioredis or BullMQ to an error that names the server. */
export function queueError(error: unknown, { shown, hasExcess }: QueueState): BulkLoadError {
  if (error instanceof BulkLoadError) return error;
  const tried = `sending a command to ${shown}`;
  const message = excerpt(error instanceof Error ? error.message : String(error));
  if (hasExcess) return wrongAnswer(tried, `an answer of more than ${size(maxAnswerBytes)}`, error);
  if (/WRONGPASS|NOAUTH|NOPERM/.test(message)) {
    const expected = 'a user who may sign in and run the commands that bulk-load needs, such as INFO';
    const fix = 'check the name, the password and the ACL of the user';
    return new RefusedError({ tried, expected, found: message, fix }, { cause: error });
  }
  const isRefusal = error instanceof Error && error.name === 'ReplyError';
  const isUnanswered = ['Connection is closed.', 'Command timed out'].includes(message);
  if (!(isRefusal && !/unknown command|WRONGTYPE/i.test(message)) && !isUnanswered)
    return wrongAnswer(tried, message, error);
  const problem = {
    expected: 'Redis or Valkey to accept the command',
    found: message,
    fix: 'look at the memory and the log of the server',
  };
  return new UnavailableError({ tried, ...problem }, { cause: error });
}

/**
 * Builds the error for an unreachable server of --queue.
 * @param ms time without a response
 */
export function queueAway(tried: string, ms: number): UnavailableError {
  return new UnavailableError({
    tried,
    expected: 'an answer from Redis or Valkey within --retry-for',
    found: `no answer for ${duration(ms / 1000)}`,
    fix: 'check the server of --queue',
  });
}

function wrongAnswer(tried: string, found: string, cause?: unknown): RefusedError {
  const fix =
    'check that --queue names a Redis or Valkey server, and that no other program writes keys that begin with bulk-load';
  return new RefusedError({ tried, expected: 'answers from Redis or Valkey', found, fix }, { cause });
}

/** Returns a response that matches the schema. Throws RefusedError for any other response. */
export async function answerOf<T>(schema: z.ZodType<T>, answer: Promise<unknown>): Promise<T> {
  const { success, data, error } = schema.safeParse(await answer);
  if (success) return data;
  throw wrongAnswer('reading the queue', 'an answer of another type', error);
}

/** Closes the connection if the response to one command is longer than `maxAnswerBytes`. */
export function limitAnswers(client: ioredis.Redis, state: QueueState): void {
  // `commandQueue` contains the commands that still have no response. The types of ioredis do not declare it.
  const sent = client as unknown as { readonly commandQueue: { peekFront(): unknown } };
  client.on('connect', () => {
    let first: unknown;
    let bytes = 0;
    client.stream.on('data', (data: Uint8Array) => {
      const now = sent.commandQueue.peekFront();
      bytes = now === first ? bytes + data.length : 0;
      first = now;
      if (bytes <= maxAnswerBytes) return;
      state.hasExcess = true;
      client.disconnect();
      client.stream.destroy();
    });
  });
}
