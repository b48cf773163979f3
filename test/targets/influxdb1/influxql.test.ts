import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { QueryClient } from '../../../src/targets/http/query-client.js';
import { verdicts } from '../../../src/targets/influxdb1/influxdb1-verdicts.js';
import {
  Digits,
  exactJson,
  influxql,
  quoted,
  quotedText,
  statements,
} from '../../../src/targets/influxdb1/influxql.js';
import { casesOf } from '../../support/effort.js';
import { scriptedQueryClient } from '../../support/targets/query-client.js';

const request = statements('d', ['SHOW DATABASES']);

/** A client whose target gives the same answer to every query. */
function answering(status: number, body: string): QueryClient {
  return scriptedQueryClient(() => ({ status, body }), { verdicts });
}

test('quotes in names and strings are escaped', () => {
  expect(quoted('a"b\\c\nd')).toBe('"a\\"b\\\\c\\nd"');
  expect(quotedText("it's \\ so")).toBe("'it\\'s \\\\ so'");
});

test('statements are sent as one form that asks for times in nanoseconds', () => {
  const { path, body, headers } = statements('my db', ['A', 'B']);
  expect([path, headers]).toEqual(['/query', { 'content-type': 'application/x-www-form-urlencoded' }]);
  expect(Object.fromEntries(new URLSearchParams(body))).toEqual({ db: 'my db', epoch: 'ns', q: 'A; B' });
});

test('every number keeps its digits, and strings that look like numbers stay strings', () => {
  const json = '{"a":[9223372036854775807,-1.50e-7,"12","a\\"1\\"",true,null],"1":{"x y":0}}';
  expect(exactJson(json)).toEqual({
    a: [new Digits('9223372036854775807'), new Digits('-1.50e-7'), '12', 'a"1"', true, null],
    1: { 'x y': new Digits('0') },
  });
  expect(exactJson('<html>')).toBeUndefined();
});

test('exact JSON equals JSON.parse except for numbers', () => {
  const digits = (value: unknown): unknown => {
    if (typeof value === 'number') return new Digits(JSON.stringify(value));
    if (Array.isArray(value)) return value.map(digits);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, digits(of)]));
  };
  // A string that begins with NUL would read as a number. Targets hold no such names or values.
  // `unit: 'binary'` would map every code point to its index, which takes 110 MB.
  const codePoint = fc.oneof(fc.nat(0x7f), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }));
  const unit = codePoint.map((each) => String.fromCodePoint(each));
  const texts = fc.string({ unit }).filter((each) => !each.startsWith('\0'));
  const key = texts.filter((each) => each !== '__proto__');
  const { any } = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      texts,
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((each) => !Object.is(each, -0)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(key, tie('any'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(any, (value) => {
      expect(exactJson(JSON.stringify(value))).toEqual(digits(value));
    }),
    { numRuns: casesOf(100) },
  );
});

test('series come for each statement, with missing parts filled in', async () => {
  const body =
    '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","v"],"values":[[1,2]]}]},{"statement_id":1}]}';
  expect(await influxql(answering(200, body), request)).toEqual([
    [{ name: 'm', tags: {}, columns: ['time', 'v'], values: [[new Digits('1'), new Digits('2')]] }],
    [],
  ]);
});

test.each([401, 403])('a %s answer to a query returns null', async (status) => {
  expect(await influxql(answering(status, '{"error":"no"}'), request)).toBeNull();
});

test.each([
  ['a failed statement', 200, '{"results":[{"error":"retention policy not found"}]}', 'retention policy not found'],
  ['a body without results', 200, '{"error":"x"}', 'found status 200 ({"error":"x"})'],
  ['a body that is not JSON', 404, '404 page not found\n', 'found status 404 (404 page not found)'],
])('%s is refused with the words of the target', async (_, status, body, words) => {
  await expect(influxql(answering(status, body), request)).rejects.toThrow(words);
});
