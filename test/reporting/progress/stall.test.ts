import { expect, test } from 'vitest';
import type { Attempt, Notice } from '../../../src/core/types/index.js';
import { type StallFacts, StallReport } from '../../../src/reporting/progress/stall.js';
import { VirtualClock } from '../../support/clock.js';

interface Setup {
  readonly clock: VirtualClock;
  readonly stall: StallReport;
  readonly notices: Notice[];
  readonly change: (facts: Partial<StallFacts>) => void;
  readonly reject: (points: number) => void;
}

function setup(): Setup {
  const clock = new VirtualClock();
  const notices: Notice[] = [];
  let facts: StallFacts = { outstanding: 1, endpoints: [], input: 'a.lp' };
  let rejected = 0;
  const stall = new StallReport({
    ...{ clock, facts: () => facts, rejected: () => rejected },
    notify: (notice) => notices.push(notice),
  });
  const change = (more: Partial<StallFacts>): void => {
    facts = { ...facts, ...more };
  };
  const reject = (points: number): void => {
    rejected += points;
  };
  return { clock, stall, notices, change, reject };
}

const attempt = (verdict: Attempt['verdict'], endpoint = 'http://a'): Attempt => ({
  verdict,
  endpoint,
  latencyMs: 1,
  sentBytes: 1,
});
const account = { loaded: 0, failures: 0, openSeconds: 0 };

test('no stall is reported while a write is acknowledged every minute', async () => {
  const { clock, stall, notices } = setup();
  for (let turn = 0; turn < 5; turn++) {
    await clock.advance(59_000);
    stall.observe(attempt({ kind: 'accepted' }));
  }
  expect(notices).toEqual([]);
});

test('a stall is reported after each minute without an acknowledgement', async () => {
  const { clock, stall, notices } = setup();
  await clock.advance(59_999);
  expect(notices).toEqual([]);
  await clock.advance(1);
  expect(notices).toHaveLength(1);
  await clock.advance(120_000);
  expect(notices).toHaveLength(3);
  stall.observe(attempt({ kind: 'accepted' }));
  await clock.advance(59_000);
  expect(notices).toHaveLength(3);
  stall.close();
  await clock.advance(600_000);
  expect(notices).toHaveLength(3);
});

test('a stall names the last failure with its endpoint and age', async () => {
  const { clock, stall, notices } = setup();
  stall.observe(attempt({ kind: 'unreachable', reason: 'no route to the host' }));
  await clock.advance(30_000);
  stall.observe(attempt({ kind: 'unreachable', reason: 'connection refused' }, 'http://b'));
  const backOff = stall.backOffs(clock).sleep(31_000);
  await clock.advance(30_000);
  expect(notices).toEqual([
    {
      level: 'warn',
      kind: 'stall',
      message:
        'nothing acknowledged for 1m 00s: waiting for the end of a back-off (for 30s)' +
        '; last error 30s ago, http://b: connection refused',
    },
  ]);
  await clock.advance(1000);
  await backOff;
});

test.each<[string, Partial<StallFacts>, string]>([
  ['leave to send', { outstanding: 3 }, 'a flush, the end of a stage or the rate limit (3 batches wait)'],
  [
    'an answer, and where',
    {
      outstanding: 2,
      endpoints: [
        { url: 'http://a', ...account },
        { url: 'http://b', ...account, waitingSince: 12_000 },
      ],
    },
    'an answer from http://b (for 48s)',
  ],
  ['input', { outstanding: 0 }, 'more input from a.lp'],
  ['an input to open', { outstanding: 0, input: null }, 'the next input'],
])('a stall names the wait for %s', async (_, facts, words) => {
  const { clock, change, notices } = setup();
  change(facts);
  await clock.advance(60_000);
  expect(notices.map(({ message }) => message)).toEqual([`nothing acknowledged for 1m 00s: waiting for ${words}`]);
});

test('a load whose points are rejected is said to wait for nothing, until no more are rejected', async () => {
  const { clock, stall, notices, change, reject } = setup();
  const rejection = { reason: 'target-parse', message: 'bad point', offset: null, tooLarge: false, unknown: false };
  stall.observe(attempt({ kind: 'rejected', ...rejection }));
  await clock.advance(60_000);
  reject(1);
  await clock.advance(60_000);
  change({ outstanding: 0 });
  reject(2000);
  await clock.advance(60_000);
  reject(5);
  stall.observe(attempt({ kind: 'accepted' }));
  await clock.advance(60_000);
  const last = (minutes: number): string => `; last error ${minutes}m 00s ago, http://a: bad point`;
  expect(notices.map(({ level, message }) => [level, message])).toEqual([
    ['warn', `nothing acknowledged for 1m 00s: the target rejected 1 request in the last minute${last(1)}`],
    ['warn', `nothing acknowledged for 2m 00s: 1 point was rejected in the last minute${last(2)}`],
    ['warn', `nothing acknowledged for 3m 00s: 2,000 points were rejected in the last minute${last(3)}`],
    ['info', `nothing acknowledged for 1m 00s: waiting for more input from a.lp${last(4)}`],
  ]);
});

test('an idle pipe is reported without a warning', async () => {
  const { clock, change, notices } = setup();
  change({ outstanding: 0 });
  await clock.advance(60_000);
  expect(notices[0]!.level).toBe('info');
});

test('other waits are named by the oldest one until they end', async () => {
  const { clock, stall, notices } = setup();
  const first = stall.during('a flush', clock.sleep(70_000));
  await clock.advance(10_000);
  const second = stall.during('a flush', clock.sleep(80_000));
  const failing = stall.during('its columns', Promise.reject(new Error('stopped')));
  await expect(failing).rejects.toThrow('stopped');
  await clock.advance(110_000);
  await Promise.all([first, second]);
  expect(notices.map(({ message }) => message.replace(/.*waiting for /, ''))).toEqual([
    'a flush (for 1m 00s)',
    'a flush, the end of a stage or the rate limit (1 batch waits)',
  ]);
});

test('a stall during --verify names the reading back instead of a missing acknowledgement', async () => {
  const { clock, stall, change, notices } = setup();
  change({ outstanding: 0, input: null });
  await clock.advance(30_000);
  stall.verifying();
  await clock.advance(59_000);
  expect(notices).toEqual([]);
  await clock.advance(61_000);
  expect(notices.map(({ level, message }) => [level, message])).toEqual([
    ['info', 'reading a sample back for 1m 00s (--verify); every point was sent'],
    ['info', 'reading a sample back for 2m 00s (--verify); every point was sent'],
  ]);
});
