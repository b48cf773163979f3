import { expect, test } from 'vitest';
import type { Notice } from '../../../src/core/types/index.js';
import { type ProgressMode, reporter } from '../../../src/reporting/progress/reporter.js';
import { VirtualClock } from '../../support/clock.js';
import { snapshotAt, summaryOf } from '../samples.js';
import { Screen } from '../screen.js';

const warning: Notice = { level: 'warn', kind: 'overloaded', message: 'http://a says Memory Exhausted' };

async function setUp(mode: ProgressMode, columns = 100, color = false) {
  const clock = new VirtualClock();
  const screen = new Screen(columns);
  const size = { columns };
  const write = (text: string): void => screen.write(text);
  const output = { write, columns: () => size.columns, color, reflows: true, terminal: screen };
  const report = await reporter(mode, output, clock);
  const look = () => snapshotAt(clock.monotonic() / 1000);
  return { clock, screen, size, report, look };
}

test('plain progress prints the start, one line a minute, and notices at once', async () => {
  const { clock, screen, report, look } = await setUp('plain', 140);
  report.start(['loading a.lp.gz into bench']);
  report.show(look);
  await clock.advance(59_000);
  expect(screen.lines).toEqual(['loading a.lp.gz into bench', '']);
  report.notice(warning);
  report.notice(warning);
  report.notice(warning);
  await clock.advance(62_000);
  report.finish(summaryOf());
  const [, notice, minute, again, second] = screen.lines;
  expect(notice).toBe('warning: http://a says Memory Exhausted');
  expect(minute).toMatch(/^1m 00s: 30% {2}600,000 points {2}10,000\/s/);
  expect(again).toBe('warning: http://a says Memory Exhausted (2 more times)');
  expect(second).toMatch(/^2m 00s: 60%/);
  expect(screen.lines.length).toBe(6);
});

test('JSON progress prints one object a line every second and the summary last', async () => {
  const { clock, screen, report, look } = await setUp('json');
  report.start(['a', 'b']);
  report.show(look);
  await clock.advance(2000);
  report.notice(warning);
  report.finish(summaryOf());
  const events = screen.raw
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ event }) => event)).toEqual(['start', 'progress', 'progress', 'notice', 'progress', 'end']);
  expect(events[1]).toEqual({
    event: 'progress',
    ...snapshotAt(1),
    fleet: undefined,
    pointsPerSecond: 10_000,
    bytesPerSecond: 2_097_152,
    etaSeconds: 199,
  });
  expect(events[3]).toEqual({ event: 'notice', ...warning, count: 1 });
  expect(events[5]).toMatchObject({
    event: 'end',
    summary: summaryOf(),
    series: [{ seconds: 0 }, { seconds: 1 }, { seconds: 2, level: 'normal' }],
  });
});

test('without progress only notices are printed', async () => {
  const { clock, screen, report, look } = await setUp('none');
  report.start(['loading']);
  report.show(look);
  await clock.advance(120_000);
  report.notice(warning);
  report.finish(summaryOf());
  expect(screen.raw).toBe('warning: http://a says Memory Exhausted\n');
});

test('counted notices are printed at the end, and nothing after it', async () => {
  const { clock, screen, report } = await setUp('plain');
  report.notice(warning);
  report.notice(warning);
  report.finish(null);
  report.finish(null);
  report.notice({ ...warning, kind: 'other' });
  expect(screen.lines.length).toBe(3);
  expect(clock.waiting).toBe(0);
});

test.each([40, 60, 80, 120, 200])('the bar is one line that never wraps at %i columns', async (columns) => {
  const { clock, screen, report, look } = await setUp('bar', columns);
  report.start(['loading']);
  report.show(look);
  await clock.advance(100_000);
  const now = screen.lines;
  expect(now.length).toBe(2);
  expect(now[1]).toMatch(/^ 50%/);
  expect(now[1]).toContain('1,000,000');
  expect(screen.wrapped).toBe(false);
  report.finish(summaryOf());
  expect(screen.lines.length).toBe(3);
});

test('the bar is redrawn four times a second', async () => {
  const { clock, screen, report, look } = await setUp('bar');
  report.show(look);
  await clock.advance(1000);
  const before = screen.raw.split('\u001b[1G').length;
  await clock.advance(10_000);
  expect(screen.raw.split('\u001b[1G').length - before).toBe(40);
  report.finish(null);
});

test('notices appear above the bar, complete, and the bar continues below', async () => {
  const { clock, screen, report, look } = await setUp('bar', 60);
  report.show(look);
  await clock.advance(50_000);
  report.notice(warning);
  await clock.advance(250);
  report.notice({ level: 'error', kind: 'refused', message: 'no such database' });
  report.finish(summaryOf());
  expect(screen.lines.slice(0, 2)).toEqual(['warning: http://a says Memory Exhausted', 'error: no such database']);
  expect(screen.lines[2]).toMatch(/^ 25% \[=+ +\] {2}502,500 points {2}10,000\/s/);
  expect(screen.lines.slice(3)).toEqual(['']);
});

test('long lines above the bar wrap between words', async () => {
  const { screen, report, look } = await setUp('bar', 30);
  report.start(['bulk-load: 1 input into bench, at most 8 writers']);
  report.show(look);
  report.notice({ ...warning, message: 'the target at http://127.0.0.1:8902/a/long/path says no' });
  expect(screen.lines.slice(0, -1)).toEqual([
    'bulk-load: 1 input into bench,',
    '  at most 8 writers',
    'warning: the target at',
    '  http://127.0.0.1:8902/a/long/path',
    '  says no',
  ]);
  report.finish(null);
});

test('a terminal that becomes narrower twice keeps no old rows of the bar and every other line', async () => {
  const { clock, screen, size, report, look } = await setUp('bar', 120);
  report.start(['loading']);
  report.show(look);
  await clock.advance(50_000);
  for (const columns of [70, 25]) {
    screen.narrow(columns);
    size.columns = columns;
    await clock.advance(250);
    expect(screen.lines.length).toBe(2);
  }
  screen.narrow(12);
  size.columns = 12;
  report.notice({ ...warning, message: 'no' });
  report.finish(null);
  expect(screen.lines).toEqual(['loading', 'warning: no', ' 25%', '']);
});

test('an unknown total shows neither percent nor bar', async () => {
  const { clock, screen, report } = await setUp('bar', 160);
  report.show(() => snapshotAt(10, { percent: null }));
  await clock.advance(500);
  expect(screen.lines[0]).toMatch(/^100,000 points/);
  expect(screen.raw).not.toMatch(/%|===/);
  report.finish(null);
});

test.each([
  [true, true],
  [false, false],
])('with color %s the bar has colours: %s', async (color, expected) => {
  const { clock, screen, report, look } = await setUp('bar', 160, color);
  report.show(look);
  await clock.advance(90_000);
  report.notice(warning);
  expect(['\u001b[32m', '\u001b[33m'].map((code) => screen.raw.includes(code))).toEqual([expected, expected]);
  expect(screen.lines[1]).toMatch(/^ 45% \[=+ +\] {2}900,000 points/);
  report.finish(null);
});

test('a run that ends before its first snapshot shows no bar', async () => {
  const { screen, report } = await setUp('bar');
  report.finish(null);
  expect(screen.raw).toBe('');
});

test('--progress bar without a terminal prints plain lines', async () => {
  const clock = new VirtualClock();
  const screen = new Screen(200);
  const report = await reporter(
    'bar',
    { write: (text) => screen.write(text), columns: () => null, color: false },
    clock,
  );
  report.show(() => snapshotAt(clock.monotonic() / 1000));
  await clock.advance(60_000);
  report.finish(null);
  expect(screen.lines).toEqual([expect.stringMatching(/^1m 00s: 30% {2}600,000 points/), '']);
  expect(screen.raw).not.toContain('\u001b');
});
