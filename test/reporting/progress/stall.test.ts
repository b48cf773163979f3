import { expect, test } from 'vitest';
import type { Attempt, Notice } from '../../../src/core/types/index.js';
import { Stall, type Standing } from '../../../src/reporting/progress/stall.js';
import { VirtualClock } from '../../support/clock.js';

interface Setup {
  readonly clock: VirtualClock;
  readonly stall: Stall;
  readonly said: Notice[];
  readonly stands: (standing: Partial<Standing>) => void;
}

function setup(): Setup {
  const clock = new VirtualClock();
  const said: Notice[] = [];
  let standing: Standing = { outstanding: 1, endpoints: [], input: 'a.lp' };
  const stall = new Stall({ clock, look: () => standing, notify: (notice) => said.push(notice) });
  const stands = (more: Partial<Standing>): void => {
    standing = { ...standing, ...more };
  };
  return { clock, stall, said, stands };
}

const attempt = (verdict: Attempt['verdict'], endpoint = 'http://a'): Attempt => ({
  verdict,
  endpoint,
  latencyMs: 1,
  sentBytes: 1,
});
const account = { loaded: 0, failures: 0, openSeconds: 0 };

test('nothing is said while something is acknowledged each minute', async () => {
  const { clock, stall, said } = setup();
  for (let turn = 0; turn < 5; turn++) {
    await clock.advance(59_000);
    stall.observe(attempt({ kind: 'accepted' }));
  }
  expect(said).toEqual([]);
});

test('after a minute without, a line each minute until something is acknowledged', async () => {
  const { clock, stall, said } = setup();
  await clock.advance(59_999);
  expect(said).toEqual([]);
  await clock.advance(1);
  expect(said).toHaveLength(1);
  await clock.advance(120_000);
  expect(said).toHaveLength(3);
  stall.observe(attempt({ kind: 'accepted' }));
  await clock.advance(59_000);
  expect(said).toHaveLength(3);
  stall.close();
  await clock.advance(600_000);
  expect(said).toHaveLength(3);
});

test('a failure is no acknowledgement, and the last one is told with its endpoint and time', async () => {
  const { clock, stall, said } = setup();
  stall.observe(attempt({ kind: 'unreachable', reason: 'no route to the host' }));
  await clock.advance(30_000);
  stall.observe(attempt({ kind: 'unreachable', reason: 'connection refused' }, 'http://b'));
  const backOff = stall.backOffs(clock).sleep(31_000);
  await clock.advance(30_000);
  expect(said).toEqual([
    {
      level: 'warn',
      kind: 'stall',
      message:
        'nothing acknowledged for 1m 00s — waiting for the end of a back-off (for 30s)' +
        ' — last error 30s ago, http://b: connection refused',
    },
  ]);
  await clock.advance(1000);
  await backOff;
});

test.each<[string, Partial<Standing>, string]>([
  ['leave to send', { outstanding: 3 }, 'leave to send: a flush, a stage or the rate (3 batches wait)'],
  [
    'an answer, and where',
    {
      outstanding: 2,
      endpoints: [
        { url: 'http://a', ...account },
        { url: 'http://b', ...account, waitingSince: 12_000 },
      ],
    },
    'an answer of http://b (for 48s)',
  ],
  ['input', { outstanding: 0 }, 'more input from a.lp'],
  ['an input to open', { outstanding: 0, input: null }, 'the next input'],
])('it says that it waits for %s', async (_, standing, words) => {
  const { clock, stands, said } = setup();
  stands(standing);
  await clock.advance(60_000);
  expect(said.map(({ message }) => message)).toEqual([`nothing acknowledged for 1m 00s — waiting for ${words}`]);
});

test('an idle pipe is told without a warning', async () => {
  const { clock, stands, said } = setup();
  stands({ outstanding: 0 });
  await clock.advance(60_000);
  expect(said[0]!.level).toBe('info');
});

test('what else is waited for is told by its oldest, and no more once it has come', async () => {
  const { clock, stall, said } = setup();
  const first = stall.during('a flush', clock.sleep(70_000));
  await clock.advance(10_000);
  const second = stall.during('a flush', clock.sleep(80_000));
  const failing = stall.during('its columns', Promise.reject(new Error('stopped')));
  await expect(failing).rejects.toThrow('stopped');
  await clock.advance(110_000);
  await Promise.all([first, second]);
  expect(said.map(({ message }) => message.replace(/.*waiting for /, ''))).toEqual([
    'a flush (for 1m 00s)',
    'leave to send: a flush, a stage or the rate (1 batch waits)',
  ]);
});
