// The library as programs use it: its two seams, inputs and targets, from outside.

import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  BulkLoadError,
  type ByteSource,
  createCustomTarget,
  type Input,
  InputError,
  type Load,
  LoadFailed,
  load,
  type Snapshot,
  streamInput,
  UsageError,
  type Verdict,
} from '../src/index.js';
import { type Cluster, startCluster } from './support/cluster/cluster.js';
import { lines } from './support/scene.js';

const root = fileURLToPath(new URL('..', import.meta.url));

let cluster: Cluster;
let folder: string;

beforeEach(async () => {
  cluster = await startCluster({ databases: ['bench'] });
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-library-'));
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data', 'a.lp'), lines(300));
});
afterEach(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
});

const begin = (options: Omit<Parameters<typeof load>[0], 'db'>, control?: Parameters<typeof load>[1]): Load =>
  // The memory of the test's process is not that of a load.
  load(
    { db: 'bench', url: cluster.urls[0]!, stateDir: join(folder, 'state'), memoryWatchdog: 'off', ...options },
    control,
  );

const failure = (run: Load): Promise<unknown> =>
  Promise.resolve(run).then(
    () => null,
    (error: unknown) => error,
  );

/** An input that returns at most 7 bytes a read. */
function handMade(content: Uint8Array, closed: () => void): Input {
  return {
    name: 'hand-made',
    path: null,
    size: content.length,
    open: () => {
      let at = 0;
      const source: ByteSource = {
        compression: 'none',
        get bytesRead() {
          return at;
        },
        read: (into) => {
          const part = content.subarray(at, at + Math.min(into.length, 7));
          into.set(part);
          at += part.length;
          return Promise.resolve(part.length);
        },
        close: () => Promise.resolve(closed()),
      };
      return Promise.resolve(source);
    },
  };
}

test('an input of the program is read after the named files, to its end, and closed', async () => {
  let closed = 0;
  const own = handMade(Buffer.from('own,t=a f=1 1640995200000000000\n'.repeat(3)), () => (closed += 1));
  const { points, inputs } = await begin({ inputs: [own, join(folder, 'data')] });
  expect(points).toEqual({ read: 303, loaded: 303, rejected: 0, undelivered: 0 });
  expect(inputs.map(({ name, loaded }) => [name.split('/').at(-1), loaded])).toEqual([
    ['a.lp', 300],
    ['hand-made', 3],
  ]);
  expect(closed).toBeGreaterThan(0);
});

test('a stream is decompressed by its content, and an empty chunk does not end it', async () => {
  const whole = gzipSync(lines(200));
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield whole.subarray(0, 0);
    yield whole.subarray(0, 100);
    yield whole.subarray(100, 100);
    yield whole.subarray(100);
  }
  const { points } = await begin({ inputs: streamInput('gzipped', chunks) });
  expect(points.loaded).toBe(200);
});

test('an input that throws ends with exit code 7, and everything before is loaded', async () => {
  async function* broken(): AsyncGenerator<string> {
    yield lines(10);
    throw new Error('the sensor was unplugged');
  }
  const error = await failure(begin({ inputs: streamInput('sensor', broken) }));
  expect(error).toBeInstanceOf(LoadFailed);
  const { code, exitCode, outcome, summary, cause } = error as LoadFailed;
  expect([code, exitCode, outcome, summary.points.loaded]).toEqual(['BULK_INPUT', 7, 'input', 10]);
  expect(cause).toBeInstanceOf(InputError);
  expect(summary.inputs[0]!.error).toContain('the sensor was unplugged');
});

test('a refusal of an input names options by their keys, also in the cause and the summary', async () => {
  async function* inSeconds(): AsyncGenerator<string> {
    yield 'm f=1 1700000000\n';
  }
  const error = (await failure(begin({ inputs: streamInput('seconds', inSeconds) }))) as LoadFailed;
  const advice = 'Use precision s: then this timestamp is 2023-11-14';
  expect([error.outcome, error.message, error.summary.reason, (error.cause as Error).message]).toEqual([
    'usage',
    ...Array.from({ length: 3 }, () => expect.stringContaining(advice)),
  ]);
});

test('an input that cannot be opened ends with exit code 7 and its own message', async () => {
  const closed: Input = { name: 'vault', path: null, size: null, open: () => Promise.reject(new Error('no key')) };
  const error = (await failure(begin({ inputs: closed }))) as LoadFailed;
  expect([error.exitCode, error.message]).toEqual([
    7,
    expect.stringContaining('opening vault: expected an input that can be read, found no key.'),
  ]);
});

test('a custom target gets retries while it is overloaded, and its rejects become dead letters', async () => {
  const overloaded: Verdict = {
    kind: 'overloaded',
    reason: 'not yet',
    retryAfterMs: 1,
    mayBeApplied: false,
    memory: false,
    timedOut: false,
  };
  const unloved: Verdict = {
    kind: 'rejected',
    reason: 'unloved',
    message: 'not here',
    offset: null,
    tooLarge: false,
    unknown: false,
  };
  const got: string[] = [];
  let calls = 0;
  const judged = (text: string): Verdict => {
    calls += 1;
    if (calls === 1) return overloaded;
    if (text.includes('bad')) return unloved;
    got.push(...text.trim().split('\n'));
    return { kind: 'accepted' };
  };
  const target = createCustomTarget({
    write: ({ bytes }) => {
      const verdict = judged(Buffer.from(bytes).toString('utf8'));
      return Promise.resolve({ verdict, endpoint: 'here', latencyMs: 1, sentBytes: bytes.length });
    },
  });
  const inputs = streamInput('mixed', async function* () {
    yield `${lines(20)}bad,t=a f=1 1640995200000000000\n`;
  });
  const { outcome, points, rejects } = await begin({ inputs }, { target });
  expect([outcome, points.loaded, rejects.byReason]).toEqual(['complete-with-rejects', 20, { unloved: 1 }]);
  expect(got.sort()).toEqual(lines(20).trim().split('\n').sort());
  expect(await readFile(rejects.deadLetters![0]!, 'utf8')).toBe('bad,t=a f=1 1640995200000000000\n');
});

test('a load into a target of a program takes no turns with loads into the endpoints of the default', async () => {
  const target = createCustomTarget({
    write: ({ bytes }) =>
      Promise.resolve({ verdict: { kind: 'accepted' }, endpoint: 'here', latencyMs: 1, sentBytes: bytes.length }),
  });
  // Locks cannot be written there.
  const turnDir = '/proc/bulk-load/turns';
  const { outcome } = await begin({ inputs: join(folder, 'data'), turnDir }, { target });
  expect(outcome).toBe('complete');
});

const inSeconds = 'm,t=b f=1 1640995200\n'.repeat(20);

test('a file in another unit ends a load with exit code 2 before a point is sent, whatever the order', async () => {
  const [good, bad] = [join(folder, 'data', 'a.lp'), join(folder, 'b.lp')];
  await writeFile(bad, inSeconds);
  for (const inputs of [
    [good, bad],
    [bad, good],
  ]) {
    const error = await failure(begin({ inputs, batchPoints: 1 }));
    expect(error).toBeInstanceOf(LoadFailed);
    expect(error).toMatchObject({
      code: 'BULK_USAGE',
      exitCode: 2,
      message: expect.stringContaining('b.lp:1'),
      summary: { outcome: 'usage', points: { read: 0, loaded: 0 }, requests: { sent: 0 }, continueWith: null },
    });
    expect(cluster.points('bench')).toBe(0);
  }
});

test('a stream in another unit behind points that were sent ends with exit code 7 and the true totals', async () => {
  const stream = streamInput('stream', async function* () {
    yield inSeconds;
  });
  const error = await failure(begin({ inputs: [join(folder, 'data'), stream], inOrder: true }));
  expect(error).toMatchObject({
    code: 'BULK_INPUT',
    exitCode: 7,
    message: expect.stringContaining('stream:1'),
    summary: { outcome: 'input', inputs: [{ loaded: 300, error: null }, { loaded: 0 }] },
  });
  expect(cluster.points('bench')).toBe(300);
});

test('all options about output are refused, and nothing is sent', async () => {
  const given = { inputs: join(folder, 'data'), summary: '-', quiet: true };
  const error = await failure(begin(given));
  expect(error).toBeInstanceOf(UsageError);
  expect(error).toBeInstanceOf(BulkLoadError);
  expect((error as UsageError).problems).toEqual([
    expect.stringMatching(/^summary: .* Leave this option out\.$/),
    expect.stringMatching(/^quiet: .* Leave this option out\.$/),
  ]);
  expect(cluster.points('bench')).toBe(0);
});

test('a zstd decoder of the program does not disturb a load', async () => {
  const { ZSTDDecoder } = await import('zstddec/stream');
  await new ZSTDDecoder().init();
  const file = join(root, 'test/inputs/fixtures/frames.zst');
  expect((await begin({ inputs: file })).points.loaded).toBe(400);
});

test('a flag that is no option stays in a message', async () => {
  const input = streamInput('odd', () => {
    throw new InputError('see --limit and --no-such-flag');
  });
  expect((await failure(begin({ inputs: input }))) as Error).toMatchObject({
    message: expect.stringContaining('see limit and --no-such-flag') as unknown,
  });
});

test('messages name the keys of options, not flags', async () => {
  const error = await failure(begin({ inputs: folder, workers: 0, limit: 1, minPoints: 2, batchBytes: '5x' }));
  expect((error as UsageError).problems).toEqual([
    expect.stringMatching(/^batchBytes: expected a size from 1KiB to 64MiB/),
    'workers: expected a whole number from 1 to 256, found 0.',
    'limit: expected at least minPoints, which is 2, found 1.',
  ]);
});

test('a target of the program cannot stand for the databases of contextMap', async () => {
  const target = createCustomTarget({ write: () => expect.unreachable() });
  const error = await failure(load({ inputs: folder, contextMap: 'a=one' }, { target }));
  expect((error as UsageError).problems).toEqual([expect.stringMatching(/^contextMap: .* found a target of your own/)]);
});

test('missing inputs, and the misspelled key input, are answered with inputs', async () => {
  const misspelled = { input: folder } as unknown as Parameters<typeof begin>[0];
  const error = await failure(begin(misspelled));
  expect((error as UsageError).problems).toEqual([
    'inputs: expected files, patterns, URLs, or streams that the calling program supplies, found nothing. Did you mean inputs instead of input?',
  ]);
});

test('iterating over a load ends with a snapshot of all its points', async () => {
  const snapshots: Snapshot[] = [];
  const input = streamInput('a.lp', async function* () {
    yield await Promise.resolve(Buffer.from(lines(10)));
  });
  for await (const snapshot of begin({ inputs: input })) snapshots.push(snapshot);
  expect(snapshots.at(-1)!.points.loaded).toBe(10);
});

test('an iteration that begins while points are sent yields a snapshot at once', async () => {
  const finish = new AbortController();
  let run!: Load;
  await new Promise<void>((sending) => {
    const target = createCustomTarget({
      write: async () => {
        sending();
        if (!finish.signal.aborted) await once(finish.signal, 'abort');
        return { verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes: 1 };
      },
    });
    run = begin({ inputs: join(folder, 'data') }, { target });
  });
  const loaded: number[] = [];
  for await (const { points } of run) {
    loaded.push(points.loaded);
    finish.abort();
  }
  expect(loaded).toEqual([0, 300]);
});

test('an iteration over a load that fails before its first snapshot throws the error of the load', async () => {
  const iterate = async (): Promise<void> => {
    for await (const _ of begin({ inputs: 'a.lp', workers: 0 })) expect.unreachable();
  };
  await expect(iterate()).rejects.toBeInstanceOf(UsageError);
});

test('a load that failed without a reason is named by its outcome', () => {
  const error = new LoadFailed({ outcome: 'input', reason: null } as LoadFailed['summary'], null);
  expect([error.message, error.code, error.outcome]).toEqual(['input', 'BULK_LOAD_FAILED', 'input']);
});
