// Messages of a target do not repeat the secrets of its settings.

import { expect, test } from 'vitest';
import { RefusedError, UsageError } from '../../src/core/errors.js';
import { SecretMask } from '../../src/core/secrets.js';
import type { Target } from '../../src/core/types/index.js';
import { maskTarget } from '../../src/load/create-target.js';
import { createCustomTarget } from '../../src/targets/custom/custom-target.js';
import { accepted } from './custom-load.js';

const mask = new SecretMask();
mask.add(['hunter2hunter2']);
const never = new AbortController().signal;

/** A target whose every answer fails with this error. */
function failing(error: Error): Target {
  const fail = () => Promise.reject(error);
  const all = {
    write: fail,
    describe: fail,
    columns: fail,
    createTable: fail,
    layout: fail,
    count: fail,
    readBack: fail,
  };
  async function* scan(): AsyncGenerator<Uint8Array, void> {
    yield await Promise.reject<Uint8Array>(error);
  }
  return maskTarget(createCustomTarget({ ...all, flush: fail, scan }), mask);
}

async function messagesOf(error: () => Error): Promise<Set<string>> {
  const target = failing(error());
  const calls: (() => Promise<unknown>)[] = [
    ...[() => target.describe(never), () => target.columns(never), () => target.layout(never)],
    ...[() => target.count('m', never), () => target.readBack([], never), () => target.flush(0, never)],
    ...[() => target.createTable!({} as never, never), () => target.write({} as never, 0, 0, never)],
    () =>
      target.scan!({} as never, never as never, never)
        [Symbol.asyncIterator]()
        .next(),
  ];
  const found = await Promise.all(
    calls.map((call) =>
      call().then(
        () => 'no error',
        ({ message }: Error) => message,
      ),
    ),
  );
  expect(found).toHaveLength(9);
  return new Set(found);
}

test('every error of a target is masked', async () => {
  expect(await messagesOf(() => new RefusedError('you sent hunter2hunter2'))).toEqual(new Set(['you sent (hidden)']));
  expect(await messagesOf(() => new UsageError(['you sent hunter2hunter2']))).toEqual(new Set(['you sent (hidden)']));
});

test('a defect of a target is thrown as it is', async () => {
  expect(await messagesOf(() => new TypeError('x is not a function'))).toEqual(new Set(['x is not a function']));
});

test('the verdict of a request is masked', async () => {
  const verdict = { kind: 'refused', reason: 'you sent hunter2hunter2' } as const;
  const target = createCustomTarget({ write: async (...sent) => ({ ...(await accepted(...sent)), verdict }) });
  const body = { bytes: Buffer.from('m f=1 1\n'), encoding: null };
  const attempt = await maskTarget(target, mask).write(body, 1, 1000, never);
  expect(attempt).toMatchObject({ endpoint: 'own', verdict: { kind: 'refused', reason: 'you sent (hidden)' } });
});
