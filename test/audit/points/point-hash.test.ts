import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PointHasher } from '../../../src/audit/points/point-hash.js';
import { escapeName, pointValues, quoteString } from '../../../src/core/points/line-protocol.js';
import type { InputPrecision } from '../../../src/core/types/index.js';

/** Identity and values of a line, as text. */
function hashOf(line: string, precision: InputPrecision = 'ns'): string {
  const reader = new PointHasher(precision);
  const bytes = Buffer.from(`${line}\n`);
  expect(reader.read(bytes, 0)).toBe(bytes.length);
  return [...reader.identity, ...reader.values, reader.count].join(' ');
}

test.each([
  ['the order of tags and fields', 'm,a=1,b=2 x=1,y=2 5', 'm,b=2,a=1 y=2,x=1 5'],
  ['the notation of floats', 'm x=1.0,y=-0.5,z=1e3 5', 'm x=1,y=-5e-1,z=1000 5'],
  ['leading zeros of integers', 'm x=007i,y=-01i,z=00u 5', 'm x=7i,y=-1i,z=0u 5'],
  ['the notation of booleans', 'm x=t,y=FALSE 5', 'm x=true,y=f 5'],
  ['escapes that are not needed', 'm,t=a\\=b x=1 5', 'm,t=a=b x=1 5'],
  ['an empty tag', 'm,t= x=1 5', 'm x=1 5'],
  ['leading zeros of the time', 'm x=1 0005', 'm x=1 5'],
])('equal points have equal hashes: %s', (_, a, b) => {
  expect(hashOf(a)).toBe(hashOf(b));
});

test.each([
  ['the last bit of a float', 'm x=0.1 5', 'm x=0.10000000000000002 5'],
  ['the sign of zero', 'm x=0 5', 'm x=-0 5'],
  ['the last digit of an integer', 'm x=9223372036854775807i 5', 'm x=9223372036854775806i 5'],
  ['the sign of an integer', 'm x=1i 5', 'm x=-1i 5'],
  ['the type of a number', 'm x=1i 5', 'm x=1u 5'],
  ['a number and a string', 'm x=1 5', 'm x="1" 5'],
  ['a boolean and a number', 'm x=t 5', 'm x=1 5'],
  ['the name of a column', 'm x=1,y=2 5', 'm x=2,y=1 5'],
  ['a column that one lacks', 'm x=1,y=2 5', 'm x=1 5'],
  ['the time', 'm x=1 5', 'm x=1 6'],
  ['the sign of the time', 'm x=1 5', 'm x=1 -5'],
  ['the table', 'm x=1 5', 'n x=1 5'],
  ['the value of a tag', 'm,t=a x=1 5', 'm,t=b x=1 5'],
  ['the name of a tag', 'm,t=a x=1 5', 'm,u=a x=1 5'],
  ['two tags that change places', 'm,t=a,u=b x=1 5', 'm,t=b,u=a x=1 5'],
  ['where a name ends', 'm,t=ab x=1 5', 'm,ta=b x=1 5'],
  ['a zero byte at the end of a string', 'm x="a" 5', 'm x="a\u0000" 5'],
  ['an empty string and none', 'm x="",y=1 5', 'm y=1 5'],
])('different points have different hashes: %s', (_, a, b) => {
  expect(hashOf(a)).not.toBe(hashOf(b));
});

test('the values of two lines of one point add up to those of one line', () => {
  const reader = new PointHasher('ns');
  const sum = (lines: readonly string[]): number[] =>
    lines.reduce(
      (total, line) => {
        reader.read(Buffer.from(`${line}\n`), 0);
        return total.map((word, i) => (word + reader.values[i]!) | 0);
      },
      [0, 0, 0, 0],
    );
  expect(sum(['m,t=a x=1 5', 'm,t=a y=2i 5'])).toEqual(sum(['m,t=a y=2i,x=1 5']));
});

test.each([
  ['s', '1640995200', 1_640_995_200, 0],
  ['ms', '1640995200123', 1_640_995_200, 123_000_000],
  ['us', '-1', -1, 999_999_000],
  ['ns', '-9223372036854775808', -9_223_372_037, 145_224_192],
  ['ns', '9223372036854775807', 9_223_372_036, 854_775_807],
  ['ns', '0', 0, 0],
] as const)('a time in %s is exact: %s', (precision, text, seconds, nanos) => {
  const reader = new PointHasher(precision);
  reader.read(Buffer.from(`m x=1 ${text}\n`), 0);
  expect([reader.seconds, reader.nanos]).toEqual([seconds, nanos]);
  const asNs = pointValues(Buffer.from(`m x=1 ${text}`), precision).time;
  expect(hashOf(`m x=1 ${text}`, precision)).toBe(hashOf(`m x=1 ${asNs}`));
});

test('a line break in a string does not end the point', () => {
  const reader = new PointHasher('ns');
  const bytes = Buffer.from('m x="a\nb \\" c",y=1 5\nn x=1 6\n');
  const end = reader.read(bytes, 0);
  expect(reader.count).toBe(2);
  expect(reader.read(bytes, end)).toBe(bytes.length);
});

const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\\\n\r]/.test(text));
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? '-0' : String(number))),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((whole) => `${whole}i`),
  fc.boolean().map(String),
  fc.string({ unit: 'grapheme' }).map(quoteString),
);

test('the hash follows the values, not the text, for random points', () => {
  const pairs = fc.uniqueArray(fc.tuple(name, value), { minLength: 1, maxLength: 5, selector: ([key]) => key });
  fc.assert(
    fc.property(name, pairs, pairs, fc.integer({ min: 0 }), (table, tags, fields, time) => {
      const tagText = tags.map(
        ([key, text]) => `,${escapeName(key)}=${escapeName(`v${text.replace(/[\\\n\r]/g, '')}`)}`,
      );
      const fieldText = fields.map(([key, text]) => `${escapeName(key)}=${text}`);
      const line = (a: readonly string[], b: readonly string[]): string =>
        `${escapeName(table)}${a.join('')} ${b.join(',')} ${time}`;
      expect(hashOf(line(tagText, fieldText))).toBe(hashOf(line(tagText.toReversed(), fieldText.toReversed())));
    }),
  );
});

test('twenty thousand hashes of similar points have no collision in any pair of words', () => {
  const reader = new PointHasher('ns');
  const seen = new Set<string>();
  const total = 20_000;
  for (let i = 0; i < total; i += 1) {
    reader.read(Buffer.from(`m,t=${i % 100} x=${Math.floor(i / 100)} 5\n`), 0);
    const [a, b, c, d] = [...reader.values];
    seen.add(`ab${a} ${b}`).add(`cd${c} ${d}`).add(`ad${a} ${d}`).add(`bc${b} ${c}`);
  }
  expect(seen.size).toBe(4 * total);
});
