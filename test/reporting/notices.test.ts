import { expect, test } from 'vitest';
import type { Notice } from '../../src/core/types/index.js';
import { NoticeLog, NoticeThrottle } from '../../src/reporting/notices.js';

const notice = (kind: string, message = kind, level: Notice['level'] = 'warn'): Notice => ({ level, kind, message });

test('the first notice of a kind is shown at once, later ones once a minute with their count and the latest message', () => {
  const notices = new NoticeThrottle('info');
  expect(notices.add(notice('overloaded', 'first'), 0)).toMatchObject({ message: 'first', count: 1 });
  for (let i = 1; i <= 12; i++) expect(notices.add(notice('overloaded', `again ${i}`), i)).toBeNull();
  expect(notices.due(59_999)).toEqual([]);
  expect(notices.due(60_000)).toEqual([{ ...notice('overloaded', 'again 12'), count: 12 }]);
  expect(notices.due(120_000)).toEqual([]);
});

test('a kind is shown at once again after a quiet minute', () => {
  const notices = new NoticeThrottle('info');
  notices.add(notice('a'), 0);
  expect(notices.add(notice('a'), 60_000)?.count).toBe(1);
});

test('a newer notice does not overtake a waiting one', () => {
  const notices = new NoticeThrottle('info');
  notices.add(notice('a'), 0);
  notices.add(notice('a'), 1);
  expect(notices.add(notice('a'), 60_500)).toBeNull();
  expect(notices.due(60_500)[0]?.count).toBe(2);
});

test('each kind of notice has its own minute', () => {
  const notices = new NoticeThrottle('info');
  notices.add(notice('a'), 0);
  expect(notices.add(notice('b'), 1)).not.toBeNull();
});

test('all waiting notices are shown once at the end', () => {
  const notices = new NoticeThrottle('info');
  notices.add(notice('a'), 0);
  notices.add(notice('a'), 1);
  expect(notices.rest(2)).toEqual([{ ...notice('a'), count: 1 }]);
  expect(notices.rest(3)).toEqual([]);
});

test.each([
  ['error', ['error']],
  ['warn', ['error', 'warn']],
  ['info', ['error', 'warn', 'info']],
  ['debug', ['error', 'warn', 'info', 'debug']],
] as const)('log level %s admits %j', (level, passed) => {
  const notices = new NoticeThrottle(level);
  const levels = ['error', 'warn', 'info', 'debug'] as const;
  expect(levels.filter((each) => notices.add(notice(each, each, each), 0) !== null)).toEqual(passed);
});

test('information that only repeats what was shown is not shown again at the end', () => {
  const notices = new NoticeThrottle('info');
  for (const level of ['info', 'warn'] as const) for (const at of [0, 1]) notices.add(notice(level, 'same', level), at);
  notices.add(notice('moved', 'from here', 'info'), 0);
  notices.add(notice('moved', 'to there', 'info'), 1);
  expect(notices.rest(2).map(({ kind }) => kind)).toEqual(['warn', 'moved']);
});

test('the log of notices keeps the times, the count and the latest message of a kind', () => {
  const log = new NoticeLog();
  log.add({ level: 'warn', kind: 'overloaded', message: 'one' }, 1);
  log.add({ level: 'error', kind: 'input', message: 'bad' }, 2);
  log.add({ level: 'warn', kind: 'overloaded', message: 'two' }, 30);
  log.add({ level: 'info', kind: 'resume', message: 'resumed' }, 31);
  expect(log.all).toEqual([
    { level: 'warn', message: 'two', times: 2, first: 1, last: 30 },
    { level: 'error', message: 'bad', times: 1, first: 2, last: 2 },
  ]);
});

test('the log of notices holds fifty kinds and counts notices of further ones', () => {
  const log = new NoticeLog();
  for (let i = 0; i < 60; i += 1) log.add({ level: 'warn', kind: `${i}`, message: '' }, i);
  expect([log.all.length, log.more]).toEqual([50, 10]);
});
