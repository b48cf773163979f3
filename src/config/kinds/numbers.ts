// Kinds of option values: counts, sizes, durations and percentages.

import { z } from 'zod';
import { size as sizeText } from '../../core/text.js';
import { formatDuration, parseDuration, parseSize } from '../../core/units.js';
import { parsed, scalar } from './parsed.js';

/** Inclusive bounds, in points, bytes or milliseconds. */
interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** A percentage of all points, or a number of points. */
type Tolerance = { readonly count: number } | { readonly percent: number };

export function count(bounds: NumberRange) {
  return bounded(parsed(scalar, '', parseCount), bounds, 'a whole number', String);
}

export function size(bounds: NumberRange) {
  const spelling = ', in B, KB, MB, GB, KiB, MiB or GiB';
  return bounded(parsed(scalar, '', parseSize), bounds, 'a size', compactBytes, spelling);
}

export function duration(bounds: NumberRange) {
  return bounded(parsed(scalar, '', parseDuration), bounds, 'a duration', formatDuration, ', in ms, s, m, h or d');
}

export function countOrPercent() {
  return parsed(scalar, 'a number of points such as 1000, or a percentage such as 0.1%', (text): Tolerance | null => {
    const [percent, points] = [parsePercent(text), parseCount(text)];
    return percent !== null ? { percent } : points === null ? null : { count: points };
  });
}

export function sizeOrPercent({ min }: Pick<NumberRange, 'min'>) {
  const expected = `a size of at least ${compactBytes(min)}, such as 512MiB, or a percentage such as 50%`;
  return parsed(scalar, expected, (text): { readonly bytes: number } | { readonly percent: number } | null => {
    const [percent, bytes] = [parsePercent(text), parseSize(text)];
    if (percent) return { percent };
    return bytes !== null && bytes >= min ? { bytes } : null;
  });
}

function bounded(
  number: z.ZodType<number, string | number>,
  { min, max }: NumberRange,
  noun: string,
  show: (value: number) => string,
  spelling = '',
) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${show(min)}` : `from ${show(min)} to ${show(max)}`;
  return number.pipe(z.number().min(min).max(max)).describe(`${noun} ${range}${spelling}`);
}

/** Formats a size without a space, as users type sizes: `64KiB`. */
function compactBytes(bytes: number): string {
  return sizeText(bytes).replace(' ', '').replace('.0', '');
}

function parseCount(text: string): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

function parsePercent(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?%$/.exec(text);
  const percent = match ? Number(match[1]) : Number.NaN;
  return percent <= 100 ? percent : null;
}
