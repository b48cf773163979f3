import { expect, test } from 'vitest';
import { html } from '../../../src/reporting/html/html.js';
import { linear } from '../../../src/reporting/html/scale.js';
import { band, frameOf, picture, runs, stepArea, stepLine, timeAxis } from '../../../src/reporting/html/svg.js';

const x = linear(10, 0, 100);
const y = linear(10, 50, 0);
const two = [
  { from: 0, to: 5, value: 10 },
  { from: 5, to: 10, value: 2 },
];

test('adjacent stretches draw one stepped path', () => {
  expect(stepArea(two, x, y)).toBe('M0 50V0H50V40H100V50Z');
  expect(stepLine(two, x, y)).toBe('M0 0H50V40H100');
});

test('a gap between stretches interrupts the path', () => {
  const apart = [two[0]!, { from: 6, to: 10, value: 2 }];
  expect(stepArea(apart, x, y)).toBe('M0 50V0H50V50ZM60 50V40H100V50Z');
  expect(stepLine(apart, x, y)).toBe('M0 0H50M60 40H100');
  expect(stepArea([], x, y)).toBe('');
});

test('adjacent stretches of one value merge', () => {
  const stretches = [0, 1, 2, 3].map((from) => ({ from, to: from + 1, value: from === 3 ? 1 : 0 }));
  expect(runs(stretches)).toEqual([
    { from: 0, to: 3, value: 0 },
    { from: 3, to: 4, value: 1 },
  ]);
});

test('a band of one moment is at least one unit wide', () => {
  expect(band({ from: 5, to: 5.001, value: 1 }, x, 0, 10, 'bad').text).toContain('width="1"');
});

test('a picture has a wide and a narrow version, each with its title', () => {
  const { text } = picture('<speed>', () => ({ height: 10, content: html`<g/>` }));
  expect(text.match(/<title>&lt;speed&gt;<\/title>/g)).toHaveLength(2);
  expect(text).toContain('class="narrow" viewBox="0 0 360 10"');
});

test('the time axis stays within its frame', () => {
  for (const size of ['wide', 'narrow'] as const) {
    const frame = frameOf(size, 100);
    const places = [...timeAxis(frame, 47 * 60, 100).text.matchAll(/x1="([\d.]+)"/g)].map(([, at]) => Number(at));
    expect(places.length).toBeGreaterThan(3);
    expect(Math.min(...places)).toBe(frame.left);
    expect(Math.max(...places)).toBeLessThanOrEqual(frame.right);
  }
});
