// When a load holds the turn to introduce columns, and when it knows that the target has them.

import { readdir } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { InterruptedError } from '../../../src/core/errors.js';
import type { FleetHooks, Input, Target, TargetColumn, Verdict } from '../../../src/core/types/index.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { bytesSource } from '../../formats/support.js';
import { accepted, loadText, points } from '../custom-load.js';
import { folder } from '../ledger/support.js';

const column: TargetColumn = { table: 'm', name: 'f', type: 'float' };
const flags = { batchPoints: 1, workers: 1 };
const endpoints = () => [{ url: 'http://127.0.0.1:1', loaded: 0, failures: 0, openSeconds: 0 }];

/** Loads three points as a worker of a fleet. Returns what it asks the fleet and the target for, in order. */
async function events(columns: (call: number) => TargetColumn[], target: Partial<Target> = {}): Promise<string[]> {
  const log: string[] = [];
  let calls = 0;
  const note = <T>(event: string, result: T): Promise<T> => {
    log.push(event);
    return Promise.resolve(result);
  };
  const fleet = {
    ...{ memory: null, elsewhere: { read: 0, rejected: 0 }, observe: () => {}, report: () => Promise.resolve() },
    admit: () => note('permit', { delayMs: 0, end: () => {} }),
    takeTurn: () => note('turn', { isFresh: () => true, release: () => log.push('release') }),
  } as unknown as FleetHooks;
  const write: typeof accepted = (...sent) => note('write', null).then(() => accepted(...sent));
  const own = { write, columns: () => Promise.resolve(columns(calls++)), ...target };
  const { summary } = await loadText({ own, flags, fleet, text: points(3) });
  expect(summary.points.loaded).toBe(3);
  return log;
}

test('a worker takes the turn of the fleet before the permit of the batch that introduces columns', async () => {
  const log = await events(() => []);
  expect(log.slice(0, 4)).toEqual(['turn', 'permit', 'write', 'release']);
  expect(log.slice(4)).toEqual(['permit', 'write', 'permit', 'write']);
});

test('a worker whose columns another worker has introduced sends without the turn', async () => {
  const log = await events((call) => (call === 0 ? [] : [column]));
  expect(log.slice(0, 4)).toEqual(['turn', 'release', 'permit', 'write']);
});

test('a worker needs no turn for a target in which first writes do not disturb one another', async () => {
  const { traits } = createCustomTarget({ write: accepted });
  expect(await events(() => [], { traits: { ...traits, firstWriteExclusive: false } })).not.toContain('turn');
});

test('outside of a fleet a load holds the lock of its host until the target shows the columns', async () => {
  const turnDir = await folder();
  const locks: number[] = [];
  const see = async (): Promise<void> => void locks.push((await readdir(turnDir)).length);
  let isWritten = false;
  const write: typeof accepted = async (...sent) => {
    await see();
    isWritten = true;
    return await accepted(...sent);
  };
  const columns = async (): Promise<TargetColumn[]> => {
    if (isWritten) await see();
    return isWritten ? [column] : [];
  };
  await loadText({ own: { write, columns, endpoints }, flags: { ...flags, turn: true, turnDir }, text: points(2) });
  // First write, columns, second write.
  expect(locks).toEqual([1, 1, 0]);
});

const rejection = { reason: 'target-parse', message: 'no', offset: null, tooLarge: false, unknown: false };

test.each([
  ['as a whole are known', () => false, { loaded: 4 }, 1],
  ['in part are read from the target', (body: string) => body.includes('f=1'), { loaded: 3, rejected: 1 }, 2],
  ['not at all stay unknown', (body: string) => /f=[01]/.test(body), { loaded: 2, rejected: 2 }, 1],
])('the columns of a batch that was loaded %s', async (_, isBad, expected, queries) => {
  const columns = vi.fn(() => Promise.resolve(columns.mock.calls.length > 1 ? [column] : []));
  const write: typeof accepted = async (...sent) => {
    const attempt = await accepted(...sent);
    return isBad(Buffer.from(sent[0].bytes).toString())
      ? { ...attempt, verdict: { kind: 'rejected', ...rejection } }
      : attempt;
  };
  const { summary } = await loadText({ own: { write, columns }, flags: { ...flags, batchPoints: 2 }, text: points(4) });
  expect(summary).toMatchObject({ points: expected, batches: { alone: 1 } });
  expect(columns).toHaveBeenCalledTimes(queries);
});

test.each([
  [true, ['write', 'columns', 'write']],
  [false, ['write', 'write']],
])('a request of unknown outcome is repeated once its columns appear: %s', async (firstWriteExclusive, expected) => {
  const log: string[] = [];
  const write: typeof accepted = async (...sent) => {
    log.push('write');
    const lost = { kind: 'dropped', reason: 'reset', mayBeApplied: true } as const;
    return { ...(await accepted(...sent)), ...(log.length === 1 ? { verdict: lost } : {}) };
  };
  const columns = (): Promise<TargetColumn[]> => {
    if (log.length > 0) log.push('columns');
    return Promise.resolve(log.length > 0 ? [column] : []);
  };
  const { traits } = createCustomTarget({ write: accepted });
  const own = { write, columns, traits: { ...traits, firstWriteExclusive } };
  expect((await loadText({ own, flags, during: (clock) => clock.advance(60_000) })).summary.points.loaded).toBe(1);
  expect(log).toEqual(expected);
});

test('a load that waits for its rate says so, and sends the next request when the rate allows it', async () => {
  const factors: unknown[] = [];
  const { summary } = await loadText({
    ...{ flags: { ...flags, ratePoints: 1 }, text: points(3) },
    during: async (clock, snapshot) => {
      for (let i = 0; i < 6; i += 1) {
        await clock.advance(500);
        factors.push(snapshot().heldBackBy);
      }
    },
  });
  expect(factors).toContain('rateLimit');
  expect([summary.points.loaded, summary.pressure.heldBackBy.rateLimit]).toEqual([3, 2]);
});

test.each([
  ['without --turn', { turn: false }, { endpoints }],
  ['into a target without endpoints', { turn: true }, {}],
])('a load %s takes no lock of its host', async (_, turn, own) => {
  const turnDir = await folder();
  const locks: number[] = [];
  const write: typeof accepted = async (...sent) => {
    locks.push((await readdir(turnDir)).length);
    return await accepted(...sent);
  };
  const columns = () => Promise.resolve(locks.length > 0 ? [column] : []);
  await loadText({ own: { ...own, write, columns }, flags: { ...flags, ...turn, turnDir } });
  expect(locks).toEqual([0]);
});

test('a load waits for its rate before it takes the lock of its host', async () => {
  const turnDir = await folder();
  const locks: number[] = [];
  let writes = 0;
  const write: typeof accepted = (...sent) => {
    writes += 1;
    return accepted(...sent);
  };
  const columns = () => Promise.resolve([column, { ...column, table: 'n' }].slice(0, writes));
  await loadText({
    ...{ own: { endpoints, write, columns }, text: points(1) + points(1).replace('m', 'n') },
    flags: { ...flags, turn: true, turnDir, ratePoints: 1 },
    during: async (clock) => {
      await clock.advance(500);
      locks.push((await readdir(turnDir)).length);
      await clock.advance(1000);
    },
  });
  expect(locks).toEqual([0]);
});

test('a load begins with one request at a time', async () => {
  const inFlight: number[] = [];
  let now = 0;
  const write: typeof accepted = async (...sent) => {
    now += 1;
    inFlight.push(now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    return await accepted(...sent);
  };
  const traits = { ...createCustomTarget({ write }).traits, firstWriteExclusive: false };
  await loadText({ own: { write, traits }, flags: { batchPoints: 1, workers: 4 }, text: points(2) });
  expect(inFlight).toEqual([1, 1]);
});

test('a target that refuses a request ends the load', async () => {
  const write: typeof accepted = async (...sent) => {
    const verdict = { kind: 'refused', reason: 'no privilege' } as const;
    return { ...(await accepted(...sent)), verdict };
  };
  const { summary } = await loadText({ own: { write }, during: (clock) => clock.advance(60_000) });
  expect(summary).toMatchObject({ outcome: 'refused', points: { undelivered: 1 } });
});

test('rejects of the target beyond --max-rejected end the load', async () => {
  const write: typeof accepted = async (...sent) => ({
    ...(await accepted(...sent)),
    verdict: { kind: 'rejected', ...rejection },
  });
  const { summary } = await loadText({ own: { write }, flags: { maxRejected: '0' } });
  expect(summary).toMatchObject({ outcome: 'too-many-rejects', points: { rejected: 1 } });
});

/** Hooks of a fleet whose permits delay a request. `seen` has the verdicts and the ends of permits. */
function fleetWith(delayMs = 0) {
  const seen: string[] = [];
  const fleet = {
    ...{ memory: null, elsewhere: { read: 0, rejected: 0 }, report: () => Promise.resolve() },
    observe: (kind: string) => seen.push(kind),
    admit: () => Promise.resolve({ delayMs, end: () => seen.push('end') }),
    takeTurn: () => Promise.resolve({ isFresh: () => true, release: () => {} }),
  } as unknown as FleetHooks;
  return { fleet, seen };
}

test('a worker sends a request once the delay of its permit has passed', async () => {
  const at: number[] = [];
  const { fleet } = fleetWith(2000);
  const { summary } = await loadText({
    fleet,
    during: async (clock) => {
      await clock.advance(1999);
      at.push(clock.monotonic());
      await clock.advance(1);
    },
  });
  expect([summary.seconds, summary.points.loaded]).toEqual([2, 1]);
});

test('a worker that is stopped while it waits gives its permit back once, and sends nothing', async () => {
  const { fleet, seen } = fleetWith(60_000);
  const stop = new AbortController();
  const write = vi.fn(accepted);
  const { summary } = await loadText({
    ...{ fleet, own: { write }, stop: stop.signal },
    during: async (clock) => {
      await clock.advance(1000);
      stop.abort(new InterruptedError('SIGTERM'));
    },
  });
  expect(summary).toMatchObject({ outcome: 'interrupted', points: { undelivered: 1 } });
  expect([seen, write.mock.calls]).toEqual([['end'], []]);
});

test('a worker takes no permit for a batch of rejects, and the fleet sees which requests met an overload', async () => {
  const { fleet, seen } = fleetWith();
  const verdicts: Verdict[] = [
    { kind: 'overloaded', reason: 'busy', retryAfterMs: null, memory: false, timedOut: false, mayBeApplied: false },
    { kind: 'accepted' },
    { kind: 'rejected', ...rejection },
  ];
  const write: typeof accepted = async (...sent) => ({ ...(await accepted(...sent)), verdict: verdicts.shift()! });
  const { summary } = await loadText({
    ...{ fleet, own: { write }, flags, text: `m f=x 1\n${points(2)}` },
    during: (clock) => clock.advance(60_000),
  });
  expect(summary.points).toMatchObject({ loaded: 1, rejected: 2 });
  expect(seen).toEqual(['overloaded', 'accepted', 'end', 'end']);
});

test.each<[string, boolean, TargetColumn[], number, number]>([
  ['in a fleet', true, [], 64 * 1024, 30_000],
  [
    'in a fleet that has introduced them already',
    true,
    [column, { ...column, name: 's', type: 'string' }],
    Number.POSITIVE_INFINITY,
    30_000,
  ],
  ['outside of a fleet', false, [], Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
])(
  'a request that introduces columns %s has at most this size and time',
  async (_, isFleet, known, maxBytes, maxMs) => {
    const sent: [number, number][] = [];
    const write: typeof accepted = (...args) => {
      sent.push([args[0].bytes.length, args[2]]);
      return accepted(...args);
    };
    let calls = 0;
    const columns = () => Promise.resolve(calls++ === 0 ? [] : known);
    const text = `${points(1).replace('f=0', `f=0,s="${'x'.repeat(30_000)}"`)}`.repeat(5);
    const { summary } = await loadText({
      ...{ own: { write, columns }, flags: { workers: 1 }, text },
      ...(isFleet ? { fleet: fleetWith().fleet } : {}),
    });
    expect(summary.points.loaded).toBe(5);
    const [bytes, ms] = sent[0]!;
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    expect(bytes > 64 * 1024).toBe(maxBytes > 64 * 1024);
    expect(ms).toBeLessThanOrEqual(maxMs);
  },
);

test('a request without new columns is repeated after an unknown outcome', async () => {
  let writes = 0;
  const write: typeof accepted = async (...sent) => {
    writes += 1;
    const lost = { kind: 'dropped', reason: 'reset', mayBeApplied: true } as const;
    return { ...(await accepted(...sent)), ...(writes === 2 ? { verdict: lost } : {}) };
  };
  const columns = () => Promise.resolve(writes > 0 ? [column] : []);
  const { summary } = await loadText({
    ...{ own: { write, columns }, flags, text: points(2) },
    during: (clock) => clock.advance(60_000),
  });
  expect([summary.points.loaded, writes]).toEqual([2, 3]);
});

test.each([
  ['joins', 4, true, 1],
  ['with one writer does not join', 1, true, 5],
  ['whose memory is not planned does not join', 4, false, 5],
])('a load into a target %s points that differ only in their fields', async (_, workers, plansMemory, lines) => {
  const bodies: string[] = [];
  const write: typeof accepted = (...sent) => {
    bodies.push(Buffer.from(sent[0].bytes).toString());
    return accepted(...sent);
  };
  const names = ['a', 'b', 'c', 'd', 'e'];
  const text = names.map((name) => `m ${name}=1 1640995200000000000\n`).join('');
  const columns = () => Promise.resolve(names.map((name): TargetColumn => ({ table: 'm', name, type: 'float' })));
  const traits = { ...createCustomTarget({ write }).traits, plansMemory };
  const { summary } = await loadText({ own: { write, columns, traits }, flags: { workers }, text });
  expect([summary.points.loaded, bodies.join('').trimEnd().split('\n')]).toMatchObject([5, { length: lines }]);
});

test('points of small inputs share a request, unless there is one writer or --in-order is set', async () => {
  const bytes = Buffer.from(points(1));
  const open: Input['open'] = () => Promise.resolve(bytesSource(bytes));
  const others = ['b.lp', 'c.lp'].map((name): Input => ({ name, path: null, size: bytes.length, open }));
  const requests = async (more: object): Promise<number> => {
    const { summary } = await loadText({ others, flags: { batchPoints: 1000, ...more } });
    expect(summary.points.loaded).toBe(3);
    return summary.requests.sent;
  };
  // The first request introduces a column.
  expect(await requests({ workers: 4 })).toBe(2);
  expect(await requests({ workers: 1 })).toBe(3);
  expect(await requests({ workers: 4, inOrder: true })).toBe(3);
});
