import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { BugError, RefusedError, TooManyRejectsError, UnavailableError } from '../../src/core/errors.js';
import type { PointRange, Receipt, Shape, Verdict } from '../../src/core/types/index.js';
import { requestTimeout } from '../../src/delivery/delivery.js';
import { errorOf } from '../../src/delivery/delivery-errors.js';
import {
  accepted,
  batchOf,
  dropped,
  forming,
  named,
  overloaded,
  refused,
  rejected,
  type Script,
  scene,
  unreachable,
} from './support.js';

const shapes: Shape[] = [{ table: 'm', columns: [] }];

function numbers(ranges: readonly PointRange[]): number[] {
  const all = ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
  return all.sort((a, b) => a - b);
}

/** Returns the points by fate, sorted. Fails when a point has two fates or none. */
function fates(receipt: Receipt, points: number) {
  const parts = {
    loaded: numbers(receipt.loaded),
    rejected: receipt.rejected.map(({ point }) => point).sort((a, b) => a - b),
    undelivered: numbers(receipt.undelivered),
  };
  const all = Object.values(parts).flat();
  expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: points }, (_, i) => i));
  return parts;
}

/** Answers with each verdict in turn, and with the last one for ever. */
function turns(...answers: Verdict[]): Script {
  return (_, number) => answers[Math.min(number, answers.length - 1)]!;
}

describe('a batch that is sent again', () => {
  test('an acknowledged batch is one request and wholly loaded', async () => {
    const { deliver, target, observed } = scene(() => accepted);
    const { receipt, fatal } = await deliver(batchOf(named(3)));
    expect(receipt).toEqual({ loaded: [{ from: 0, to: 3 }], rejected: [], undelivered: [] });
    expect(fatal).toBe(null);
    expect(target.requests).toHaveLength(1);
    expect(observed).toEqual([{ verdict: accepted, retry: false, bodyBytes: 9 }]);
  });

  test('a batch without points is settled without a request', async () => {
    const { deliver, target } = scene(() => accepted);
    expect(await deliver(batchOf([]))).toEqual({ receipt: { loaded: [], rejected: [], undelivered: [] }, fatal: null });
    expect(target.requests).toEqual([]);
  });

  test('only a batch that introduces columns waits for the turn, in small bodies and with a short time', async () => {
    const hold = vi.fn(async () => {});
    const { deliver, target } = scene(() => accepted, { turn: { maxBytes: 6, maxTimeoutMs: 700, hold } });
    await deliver(batchOf(named(4)));
    expect([hold.mock.calls.length, target.requests.map(({ lines }) => lines.length)]).toEqual([0, [4]]);
    await deliver(batchOf(named(4), shapes));
    expect([hold.mock.calls.length, target.requests.slice(1).map(({ lines }) => lines.length)]).toEqual([2, [2, 2]]);
    expect(target.requests.map(({ timeoutMs }) => timeoutMs === 700)).toEqual([false, true, true]);
  });

  test.each<[string, Verdict, number[]]>([
    ['an overloaded target costs a wait under a cap that doubles', overloaded(), [125, 250, 500]],
    ['Retry-After is the least wait', overloaded({ retryAfterMs: 400 }), [400, 400, 500]],
    ['forming raft groups cost more than a second, the attempt of 1 ms included', forming, [1124, 1249, 1499]],
    ['a single unreachable endpoint costs the wait of an overloaded target', unreachable, [125, 250, 500]],
    ['a refusal costs as much, since the meta service may be away', refused, [1124, 1249, 1499]],
    ['an unknown response costs a wait', rejected({ unknown: true }), [125, 250, 500]],
  ])('%s', async (_, verdict, waits) => {
    const { deliver, target, observed, notices } = scene(turns(verdict, verdict, verdict, accepted));
    const { receipt } = await deliver(batchOf(named(2)));
    expect(fates(receipt, 2).loaded).toEqual([0, 1]);
    const times = target.requests.map(({ at }) => at);
    expect(times.slice(1).map((at, i) => at - times[i]!)).toEqual(waits);
    expect(target.requests.map(({ lines }) => lines.length)).toEqual([2, 2, 2, 2]);
    expect(observed.map(({ retry }) => retry)).toEqual([false, true, true, true]);
    expect(notices).toHaveLength(3);
    expect(notices[0]).toMatchObject({ level: 'warn', kind: verdict.kind });
    expect(notices[0]!.message).toContain('http://one:8902');
  });

  test('an unreachable endpoint costs no wait while others are untried', async () => {
    const { deliver, target } = scene(turns(unreachable, unreachable, unreachable, accepted), { endpoints: 3 });
    await deliver(batchOf(named(1)));
    expect(target.requests.map(({ at }) => at)).toEqual([0, 0, 0, 500]);
  });

  test.each([overloaded(), forming, unreachable, overloaded({ retryAfterMs: 60_000 })])(
    'a batch that gets only "$kind" until its time is spent ends the run undelivered',
    async (verdict) => {
      const { deliver, clock } = scene(() => verdict, { retryForMs: 20_000 });
      const { receipt, fatal } = await deliver(batchOf(named(4)));
      expect(fatal).toBeInstanceOf(UnavailableError);
      expect(fatal!.message).toContain('--retry-for 20s, found failures, the last failure from http://one:8902');
      expect(fates(receipt, 4).undelivered).toEqual([0, 1, 2, 3]);
      expect(clock.monotonic()).toBeLessThanOrEqual(20_100);
    },
  );

  test.each([
    [overloaded({ memory: true }), true],
    [overloaded(), false],
    [unreachable, false],
  ])('only a target without memory is advised to write its caches to disk (%#)', async (verdict, isAdvised) => {
    const { deliver } = scene(() => verdict, { retryForMs: 20_000 });
    const { fatal } = await deliver(batchOf(named(1)));
    expect(fatal!.message.includes('COMPACT DATABASE')).toBe(isAdvised);
  });

  test('an error that says what ends the run stays as it is, and any other is a defect', () => {
    const refusal = new RefusedError('no');
    expect(errorOf(refusal)).toBe(refusal);
    expect(errorOf('odd')).toBeInstanceOf(BugError);
  });

  test('a point larger than the target accepts goes alone, and the points beside it in small bodies', async () => {
    const hold = vi.fn(async () => {});
    const { deliver, target } = scene(() => accepted, { turn: { maxBytes: 6, maxTimeoutMs: 700, hold } });
    const lines = ['p0', 'p1', 'p2', 'a long point', 'p4'];
    const { receipt } = await deliver(batchOf(lines, shapes));
    expect(fates(receipt, 5).loaded).toEqual([0, 1, 2, 3, 4]);
    const bodies = target.requests.map((request) => request.lines);
    expect(bodies.filter((each) => each.join('\n').length + 1 > 6)).toEqual([['a long point']]);
  });

  test('the error names endpoints that failed other batches, unless they acknowledge again', async () => {
    const answers: Record<'one' | 'two' | 'three', Verdict> = {
      one: unreachable,
      two: overloaded(),
      three: unreachable,
    };
    let turn: keyof typeof answers = 'three';
    const { deliver } = scene(() => ({ verdict: answers[turn], endpoint: `http://${turn}:8902` }), {
      retryForMs: 10_000,
    });
    const ended = async (at: keyof typeof answers): Promise<string> => {
      turn = at;
      return (await deliver(batchOf(named(1)))).fatal!.message;
    };
    await ended('three');
    answers.three = accepted;
    turn = 'three';
    expect((await deliver(batchOf(named(1)))).fatal).toBe(null);
    await ended('two');
    expect(await ended('one')).toContain(
      'the last failure from http://one:8902: ECONNREFUSED; a failure of another batch from http://two:8902: busy.',
    );
  });

  test.each([overloaded({ retryAfterMs: 60_000 }), unreachable])(
    'the last attempt happens when the time of the batch is up, after "$kind"',
    async (verdict) => {
      const { deliver, target, clock } = scene(() => (clock.monotonic() < 20_000 ? verdict : accepted), {
        retryForMs: 20_000,
      });
      const { receipt } = await deliver(batchOf(named(2)));
      expect(fates(receipt, 2).loaded).toEqual([0, 1]);
      expect(target.requests.at(-1)!.at).toBe(20_000);
    },
  );

  test('30 s of refusals end the run', async () => {
    const { deliver, target } = scene(() => refused);
    const { receipt, fatal } = await deliver(batchOf(named(2)));
    expect(fatal).toBeInstanceOf(RefusedError);
    expect(target.requests.at(-1)!.at).toBeGreaterThanOrEqual(30_000);
    expect(fates(receipt, 2).undelivered).toEqual([0, 1]);
  });

  test('a refusal after an outage starts a new 30 s', async () => {
    const away = Array.from({ length: 12 }, () => unreachable);
    const { deliver, clock } = scene(turns(refused, ...away, refused, refused, accepted));
    const { fatal } = await deliver(batchOf(named(1)));
    expect(clock.monotonic()).toBeGreaterThan(60_000);
    expect(fatal).toBe(null);
  });

  test('a defect in our own code leaves the points undelivered', async () => {
    const { deliver } = scene(() => {
      throw new Error('a defect');
    });
    const { receipt, fatal } = await deliver(batchOf(named(3)));
    expect(fatal).toBeInstanceOf(BugError);
    expect(fates(receipt, 3).undelivered).toEqual([0, 1, 2]);
  });

  test('a request may take 30 s plus its body at 100 KiB/s, or --request-timeout', async () => {
    expect(requestTimeout(0, null)).toBe(30_000);
    expect(requestTimeout(102_400, null)).toBe(31_000);
    expect(requestTimeout(1e9, 5000)).toBe(5000);
    const { deliver, target } = scene(() => accepted, { requestTimeoutMs: 7000 });
    await deliver(batchOf(named(1)));
    expect(target.requests[0]!.timeoutMs).toBe(7000);
  });
});

describe('a body that is too large', () => {
  const long = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`.padEnd(4095, 'x'));

  test('a 413 splits the batch until the parts fit, in order, and later batches keep that size', async () => {
    const tooLarge = rejected({ tooLarge: true, reason: 'too-large' });
    const fits: Script = (lines) => (lines.length * 4096 > 40_000 ? tooLarge : accepted);
    const { deliver, target, sizes, notices } = scene(fits, {}, 32 * 4096);
    const lines = long(32);
    const { receipt } = await deliver(batchOf(lines));
    expect(target.requests.map((request) => request.lines.length)).toEqual([32, 16, 8, 8, 8, 8]);
    expect(target.requests.slice(2).flatMap((request) => request.lines)).toEqual(lines);
    expect(fates(receipt, 32).loaded).toHaveLength(32);
    expect(sizes.current).toBe(8 * 4096);
    expect(notices.map(({ kind }) => kind)).toEqual(['smaller-batches', 'smaller-batches']);
    const before = target.requests.length;
    await deliver(batchOf(lines)); // cut before the limit was known
    expect(target.requests.slice(before).map((request) => request.lines.length)).toEqual([8, 8, 8, 8]);
  });

  test('a single point that is too large is rejected as too-large', async () => {
    const { deliver } = scene((lines) =>
      lines.includes('big') ? rejected({ tooLarge: true, reason: 'too-large', message: '413' }) : accepted,
    );
    const { receipt } = await deliver(batchOf(['a', 'big', 'b']));
    expect(fates(receipt, 3)).toEqual({ loaded: [0, 2], rejected: [1], undelivered: [] });
    expect(receipt.rejected[0]).toMatchObject({ reason: 'too-large', endpoint: 'http://one:8902' });
  });

  test('a timeout splits a large body and only delays a small one', async () => {
    const timedOut = overloaded({ timedOut: true, mayBeApplied: true });
    const large = scene((lines) => (lines.length > 16 ? timedOut : accepted));
    await large.deliver(batchOf(long(32)));
    expect(large.target.requests.map(({ lines }) => lines.length)).toEqual([32, 16, 16]);

    const small = scene(turns(timedOut, accepted));
    await small.deliver(batchOf(long(16)));
    expect(small.target.requests.map(({ lines }) => lines.length)).toEqual([16, 16]);
  });
});

describe('points that the target rejects', () => {
  const bad = (lines: readonly string[]): number => lines.findIndex((line) => line.startsWith('x'));

  test('an offset leads to the bad point, which is sent alone before it is rejected, and all others go in order', async () => {
    const { deliver, target } = scene((lines) => {
      const at = bad(lines);
      return at < 0 ? accepted : rejected({ offset: lines.slice(0, at).join('\n').length + 2 });
    });
    const { receipt } = await deliver(batchOf(['a', 'b', 'xx', 'c', 'd']));
    expect(fates(receipt, 5)).toEqual({ loaded: [0, 1, 3, 4], rejected: [2], undelivered: [] });
    expect(target.requests.map(({ lines }) => lines.join(' '))).toEqual(['a b xx c d', 'a b', 'xx', 'c d']);
    expect(receipt.rejected).toEqual([
      { point: 2, reason: 'target-parse', message: 'no', endpoint: 'http://one:8902' },
    ]);
  });

  test.each([
    ['beyond the body', () => 1 << 30],
    ['at a good point', (lines: readonly string[]) => lines.join('\n').length],
  ])('an offset %s costs no more requests than halving', async (_, offset) => {
    const points = Array.from({ length: 1024 }, (_, i) => (i === 300 ? 'x' : 'good'));
    const { deliver, target } = scene((lines) => (bad(lines) < 0 ? accepted : rejected({ offset: offset(lines) })));
    const { receipt } = await deliver(batchOf(points));
    expect(fates(receipt, 1024).rejected).toEqual([300]);
    expect(target.requests.length).toBeLessThan(40);
  });

  test('exactly the bad points are rejected and all others loaded once, whatever offsets the target names', async () => {
    const lines = fc.array(fc.constantFrom('good', 'fine', 'x', 'xxxxx'), { minLength: 1, maxLength: 24 });
    const offsets = fc.infiniteStream(fc.option(fc.integer({ min: -5, max: 200 })));
    await fc.assert(
      fc.asyncProperty(lines, offsets, fc.boolean(), async (points, stream, unknown) => {
        const loaded: string[] = [];
        const { deliver } = scene((body) => {
          if (bad(body) >= 0) return rejected({ offset: stream.next().value ?? null, unknown });
          loaded.push(...body);
          return accepted;
        });
        const { receipt, fatal } = await deliver(batchOf(points));
        const found = fates(receipt, points.length);
        expect(found.rejected.map((i) => points[i]![0])).toEqual(
          points.filter((each) => each[0] === 'x').map(() => 'x'),
        );
        expect(found.undelivered).toEqual([]);
        expect(loaded).toEqual(points.filter((each) => !each.startsWith('x'))); // in order, too
        expect(fatal).toBe(null);
      }),
      { numRuns: 60 },
    );
  });

  test('the message of a rejected point is cut to 300 bytes', async () => {
    const { deliver } = scene(() => rejected({ message: 'é'.repeat(10_000) }));
    const { receipt } = await deliver(batchOf(['x']));
    expect(receipt.rejected).toHaveLength(1);
    expect(Buffer.byteLength(receipt.rejected[0]!.message)).toBeLessThanOrEqual(300);
    expect(receipt.rejected[0]!.message).toMatch(/^é{100,}…$/);
  });

  test('an unknown response is retried three times before the search for bad points', async () => {
    const { deliver, target } = scene((lines) => (bad(lines) < 0 ? accepted : rejected({ unknown: true })));
    const { receipt } = await deliver(batchOf(['a', 'x']));
    expect(target.requests.map(({ lines }) => lines.join(' '))).toEqual([
      ...Array.from({ length: 4 }, () => 'a x'),
      'a',
      ...Array.from({ length: 4 }, () => 'x'),
    ]);
    expect(fates(receipt, 2).rejected).toEqual([1]);
  });

  test('the search ends at --max-rejected and ends the run', async () => {
    const { deliver, target } = scene(() => rejected(), { mayReject: (more) => more <= 2 });
    const { receipt, fatal } = await deliver(batchOf(named(64)));
    expect(fatal).toBeInstanceOf(TooManyRejectsError);
    expect(receipt.rejected).toHaveLength(3);
    expect(fates(receipt, 64).undelivered).toHaveLength(61);
    expect(target.requests.length).toBeLessThan(16);
  });
});

describe('a connection that closes without a response', () => {
  /** Drops every body with a poison point. */
  const poisoned: Script = (lines) => (lines.includes('poison') ? dropped : accepted);

  test('the same bytes are sent again, and halved after the second drop', async () => {
    const { deliver, target } = scene(turns(dropped, dropped, accepted));
    const { receipt } = await deliver(batchOf(named(4)));
    expect(target.requests.map(({ lines }) => lines.length)).toEqual([4, 4, 2, 2]);
    expect(fates(receipt, 4).loaded).toHaveLength(4);
  });

  test('the point that causes the drops is found and rejected, and all others are loaded', async () => {
    const { deliver, target } = scene(poisoned);
    const points = [...named(5), 'poison', ...named(6)];
    const { receipt } = await deliver(batchOf(points));
    expect(fates(receipt, 12).rejected).toEqual([5]);
    expect(receipt.rejected[0]).toMatchObject({ reason: 'target-drops-connection', endpoint: 'http://one:8902' });
    expect(target.requests.some(({ lines }) => lines.length === 0)).toBe(true);
  });

  test('no point is blamed while the target drops every request', async () => {
    const { deliver } = scene(() => dropped, { retryForMs: 120_000 });
    const { receipt, fatal } = await deliver(batchOf(named(2)));
    expect(fatal).toBeInstanceOf(UnavailableError);
    expect(fates(receipt, 2).undelivered).toEqual([0, 1]);
  });

  test('no point is blamed when only another endpoint accepts the empty body', async () => {
    const at = (verdict: Verdict, endpoint: string) => ({ verdict, endpoint });
    const { deliver } = scene((lines, number) => {
      if (lines.length === 0) return at(accepted, 'http://two:8902');
      return number < 12 ? at(dropped, 'http://one:8902') : at(accepted, 'http://two:8902');
    });
    const { receipt } = await deliver(batchOf(['good']));
    expect(fates(receipt, 1).loaded).toEqual([0]);
  });

  test('an introducing batch waits for its columns before each attempt after an unknown outcome', async () => {
    const events: string[] = [];
    const timedOut = overloaded({ timedOut: true, mayBeApplied: true });
    const answers = [dropped, timedOut, overloaded(), { ...forming, mayBeApplied: true } as Verdict, accepted];
    const { deliver, clock } = scene(
      (_, number) => {
        events.push('request');
        return answers[number]!;
      },
      {
        awaitColumns: async () => {
          events.push('looking');
          await clock.sleep(10_000);
          events.push('seen');
        },
      },
    );
    await deliver(batchOf(named(2), shapes));
    const looked = ['request', 'looking', 'seen'];
    expect(events).toEqual([...looked, ...looked, 'request', ...looked, 'request']);
  });

  test('the wait for columns takes half of the time that is left, and the batch is sent again', async () => {
    const { clock, deliver, target } = scene(turns(dropped, accepted), {
      retryForMs: 8000,
      awaitColumns: (_, signal, limitMs): Promise<void> => clock.sleep(Math.min(60_000, limitMs), signal),
    });
    const { receipt } = await deliver(batchOf(named(2), shapes));
    expect(fates(receipt, 2).loaded).toEqual([0, 1]);
    expect(target.requests[1]!.at).toBeLessThanOrEqual(4500);
  });

  test('a batch without new columns does not wait for columns', async () => {
    let looked = 0;
    const awaitColumns = async (): Promise<void> => {
      looked += 1;
    };
    const { deliver } = scene(turns(dropped, accepted), { awaitColumns });
    await deliver(batchOf(named(2)));
    expect(looked).toBe(0);
  });
});

test('parts of a batch are sent one after another', async () => {
  let inside = 0;
  let most = 0;
  const { clock, deliver } = scene(async (lines) => {
    inside += 1;
    most = Math.max(most, inside);
    await clock.sleep(50);
    inside -= 1;
    return lines.length > 1 ? rejected({ tooLarge: true }) : accepted;
  });
  const { receipt } = await deliver(batchOf(named(9), shapes));
  expect(fates(receipt, 9).loaded).toHaveLength(9);
  expect(most).toBe(1);
});

describe('a stop', () => {
  test.each([overloaded({ retryAfterMs: 60_000 }), forming, unreachable, dropped])(
    'a stop during the wait after "$kind" leaves the batch undelivered at once',
    async (verdict) => {
      const { clock, start, stop, target } = scene(() => verdict);
      const result = start(batchOf(named(3)));
      await clock.advance(1);
      stop.abort(new Error('stopped'));
      await clock.advance(0);
      expect(fates(result()!.receipt, 3).undelivered).toEqual([0, 1, 2]);
      expect(result()!.fatal).toBe(null);
      expect(target.requests).toHaveLength(1);
      expect(clock.waiting).toBe(0);
    },
  );

  test('a stop before the first request sends nothing', async () => {
    const { deliver, stop, target } = scene(() => accepted);
    stop.abort(new Error('stopped'));
    expect(fates((await deliver(batchOf(named(2)))).receipt, 2).undelivered).toEqual([0, 1]);
    expect(target.requests).toEqual([]);
  });

  test.each<[string, Verdict, 'loaded' | 'undelivered']>([
    ['accepted counts', accepted, 'loaded'],
    ['rejected starts no search', rejected(), 'undelivered'],
    ['overloaded gets no further attempt', overloaded(), 'undelivered'],
  ])('a request in flight at the stop that comes back %s', async (_, verdict, fate) => {
    const { clock, start, stop, abort, target } = scene(async () => {
      await clock.sleep(2000);
      return verdict;
    });
    const result = start(batchOf(named(3)));
    await clock.advance(1000);
    stop.abort(new Error('stopped'));
    await clock.advance(999);
    expect(result()).toBe(null);
    expect(abort.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(fates(result()!.receipt, 3)[fate]).toEqual([0, 1, 2]);
    expect(target.requests).toHaveLength(1);
  });

  test('an abort reaches the request in flight and leaves its points undelivered', async () => {
    const { clock, start, stop, abort } = scene(async (_, _number, signal) => {
      await clock.sleep(1e9, signal).catch(() => {});
      return dropped;
    });
    const result = start(batchOf(named(3)));
    await clock.advance(10);
    stop.abort(new Error('stopped'));
    abort.abort(new Error('at once'));
    await clock.advance(0);
    expect(fates(result()!.receipt, 3).undelivered).toEqual([0, 1, 2]);
  });

  test('a stop during the wait for columns leaves the batch undelivered at once', async () => {
    const { clock, start, stop } = scene(() => dropped, { awaitColumns: (_, signal) => clock.sleep(60_000, signal) });
    const result = start(batchOf(named(2), shapes));
    await clock.advance(1000);
    stop.abort(new Error('stopped'));
    await clock.advance(0);
    expect(fates(result()!.receipt, 2).undelivered).toEqual([0, 1]);
  });

  test('a stop in the middle of a split keeps what was loaded', async () => {
    const { clock, start, stop } = scene(async (lines) => {
      await clock.sleep(100);
      return lines.length > 2 ? rejected({ tooLarge: true }) : accepted;
    });
    const result = start(batchOf(named(8)));
    await clock.advance(350);
    stop.abort(new Error('stopped'));
    await clock.advance(100);
    expect(fates(result()!.receipt, 8)).toEqual({ loaded: [0, 1, 2, 3], rejected: [], undelivered: [4, 5, 6, 7] });
  });
});
