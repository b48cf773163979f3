import { expect, test } from 'vitest';
import type { Notice } from '../../src/core/types/index.js';
import { Notices } from '../../src/reporting/notices.js';

const notice = (kind: string, message = kind, level: Notice['level'] = 'warn'): Notice => ({ level, kind, message });

test('the first of a kind is shown at once, later ones once a minute with their count and the latest words', () => {
  const notices = new Notices('info');
  expect(notices.add(notice('overloaded', 'first'), 0)).toMatchObject({ message: 'first', count: 1 });
  for (let i = 1; i <= 12; i++) expect(notices.add(notice('overloaded', `again ${i}`), i)).toBeNull();
  expect(notices.due(59_999)).toEqual([]);
  expect(notices.due(60_000)).toEqual([{ ...notice('overloaded', 'again 12'), count: 12 }]);
  expect(notices.due(120_000)).toEqual([]);
});

test('after a quiet minute a kind is shown at once again', () => {
  const notices = new Notices('info');
  notices.add(notice('a'), 0);
  expect(notices.add(notice('a'), 60_000)?.count).toBe(1);
});

test('what waits is not overtaken by a newer one', () => {
  const notices = new Notices('info');
  notices.add(notice('a'), 0);
  notices.add(notice('a'), 1);
  expect(notices.add(notice('a'), 60_500)).toBeNull();
  expect(notices.due(60_500)[0]?.count).toBe(2);
});

test('kinds do not hold each other back', () => {
  const notices = new Notices('info');
  notices.add(notice('a'), 0);
  expect(notices.add(notice('b'), 1)).not.toBeNull();
});

test('at the end all that waits is shown, once', () => {
  const notices = new Notices('info');
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
] as const)('log level %s lets through %j', (level, passed) => {
  const notices = new Notices(level);
  const levels = ['error', 'warn', 'info', 'debug'] as const;
  expect(levels.filter((each) => notices.add(notice(each, each, each), 0) !== null)).toEqual(passed);
});
