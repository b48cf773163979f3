import { expect, test } from 'vitest';
import { NoticeLog } from '../../src/reporting/notice-log.js';

test('a kind keeps its first and last time, its count, and its last words', () => {
  const log = new NoticeLog();
  log.add({ level: 'warn', kind: 'overloaded', message: 'one' }, 1);
  log.add({ level: 'error', kind: 'input', message: 'bad' }, 2);
  log.add({ level: 'warn', kind: 'overloaded', message: 'two' }, 30);
  log.add({ level: 'info', kind: 'resume', message: 'going on' }, 31);
  expect(log.all).toEqual([
    { level: 'warn', message: 'two', times: 2, first: 1, last: 30 },
    { level: 'error', message: 'bad', times: 1, first: 2, last: 2 },
  ]);
});

test('more kinds than there is room for are counted', () => {
  const log = new NoticeLog();
  for (let i = 0; i < 60; i += 1) log.add({ level: 'warn', kind: `${i}`, message: '' }, i);
  expect([log.all.length, log.more]).toEqual([50, 10]);
});
