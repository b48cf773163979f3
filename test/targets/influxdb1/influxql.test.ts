import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RefusedError } from '../../../src/core/errors.js';
import { ask, Digits, exactly, question, quoted, text } from '../../../src/targets/influxdb1/influxql.js';
import type { QueryClient } from '../../../src/targets/lines/query-client.js';

const asked = question('d', ['SHOW DATABASES']);

/** An Asker whose target says the same to everything. */
function saying(status: number, body: string): QueryClient {
  const refused = (_: unknown, got: string): RefusedError => new RefusedError(got);
  return { answer: () => Promise.resolve({ status, headers: {}, body }), refused } as unknown as QueryClient;
}

test('names and texts cannot end before their quote', () => {
  expect(quoted('a"b\\c\nd')).toBe('"a\\"b\\\\c\\nd"');
  expect(text("it's \\ so")).toBe("'it\\'s \\\\ so'");
});

test('statements go as one form, with times in nanoseconds', () => {
  const { path, body, headers } = question('my db', ['A', 'B']);
  expect([path, headers]).toEqual(['/query', { 'content-type': 'application/x-www-form-urlencoded' }]);
  expect(Object.fromEntries(new URLSearchParams(body))).toEqual({ db: 'my db', epoch: 'ns', q: 'A; B' });
});

test('every number keeps its digits, wherever it stands, and texts that look like numbers stay texts', () => {
  const json = '{"a":[9223372036854775807,-1.50e-7,"12","a\\"1\\"",true,null],"1":{"x y":0}}';
  expect(exactly(json)).toEqual({
    a: [new Digits('9223372036854775807'), new Digits('-1.50e-7'), '12', 'a"1"', true, null],
    1: { 'x y': new Digits('0') },
  });
  expect(exactly('<html>')).toBeNull();
});

test('any JSON comes out as JSON.parse has it, but for its numbers', () => {
  const digits = (value: unknown): unknown => {
    if (typeof value === 'number') return new Digits(JSON.stringify(value));
    if (Array.isArray(value)) return value.map(digits);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, digits(of)]));
  };
  // A text that begins with NUL cannot be told from a number; no name or value in a target has one.
  const texts = fc.string({ unit: 'binary' }).filter((each) => !each.startsWith('\0'));
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
      expect(exactly(JSON.stringify(value))).toEqual(digits(value));
    }),
  );
});

test('series come by statement, with what they lack filled in', async () => {
  const body =
    '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","v"],"values":[[1,2]]}]},{"statement_id":1}]}';
  expect(await ask(saying(200, body), asked)).toEqual([
    [{ name: 'm', tags: {}, columns: ['time', 'v'], values: [[new Digits('1'), new Digits('2')]] }],
    [],
  ]);
});

test.each([401, 403])('%s is a question that the user may not ask', async (status) => {
  expect(await ask(saying(status, '{"error":"no"}'), asked)).toBe('refused');
});

test.each([
  ['a statement that fails', 200, '{"results":[{"error":"retention policy not found"}]}', 'retention policy not found'],
  ['no results', 200, '{"error":"x"}', '200 {"error":"x"}'],
  ['no JSON', 404, '404 page not found\n', '404 404 page not found'],
])('%s is refused in its words', async (_, status, body, words) => {
  await expect(ask(saying(status, body), asked)).rejects.toThrow(words);
});
