import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Verdict } from '../../../src/core/types/index.js';
import { verdicts } from '../../../src/targets/cnosdb/cnosdb-verdicts.js';
import type { HttpResponse } from '../../../src/targets/http/types.js';
import { judge } from '../../../src/targets/http/verdict-table.js';

interface Recorded {
  readonly name: string;
  readonly request: { readonly method: string; readonly path: string };
  readonly response: Partial<HttpResponse> & { readonly closed?: boolean };
}

const read = (name: string): string => readFileSync(new URL(`../../../fixtures/wire/${name}`, import.meta.url), 'utf8');
const lines = <T>(name: string): T[] =>
  read(name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

const now = Date.UTC(2026, 0, 1);
const verdictOf = (status: number, body = '', headers: HttpResponse['headers'] = {}): Verdict =>
  judge(verdicts, { status, headers, body }, now);
const failure = (code: string, message: string): Verdict =>
  verdictOf(422, JSON.stringify({ error_code: code, error_message: message }));

/** Kind and reason word, as in fixtures/wire/verdicts.json. */
function short(found: Verdict): string {
  return found.kind === 'rejected' ? `rejected ${found.reason}` : found.kind;
}

test('every recorded answer to a write has its expected verdict', () => {
  const expected = JSON.parse(read('verdicts.json')) as Record<string, string>;
  const writes = lines<Recorded>('http.ndjson').filter(
    ({ request, response }) => /write/.test(request.path) && response.closed !== true,
  );
  const found = writes.map(({ name, response }) => [
    name,
    short(verdictOf(response.status ?? 0, response.body, response.headers)),
  ]);
  expect(writes.length).toBeGreaterThan(80);
  expect(Object.fromEntries(found.filter(([, kind]) => kind !== 'accepted'))).toEqual(expected);
});

test('every answer of a forming or busy cluster is retried', () => {
  const found = lines<{ status: number; body: string }>('cluster-errors.ndjson').map(({ status, body }) =>
    verdictOf(status, body),
  );
  expect(found.map(({ kind }) => kind)).toEqual([
    'forming',
    'forming',
    'forming',
    'overloaded',
    'forming',
    'forming',
    'forming',
  ]);
  expect(found.map((each) => 'mayBeApplied' in each && each.mayBeApplied)).toEqual([
    false,
    false,
    false,
    true,
    false,
    false,
    false,
  ]);
});

test.each([
  ['020005', 'Memory Exhausted Retry Later', false],
  ['050000', 'ReplicatError: Apply engine failed: Memory Exhausted Retry Later', true],
  ['050033', 'Memory Exhausted Retry Later', false],
  ['050014', 'Apply engine failed: Memory Exhausted Retry Later', true],
  ['050019', 'grpc client request error: Apply engine failed: Memory Exhausted Retry Later', true],
])('exhausted memory is recognised: %s %s', (code, message, mayBeApplied) => {
  expect(failure(code, message)).toMatchObject({ kind: 'overloaded', memory: true, mayBeApplied });
});

test.each([
  ['030024', 'HttpDataIn reached limit', 'overloaded'],
  ['050029', 'Forward to Leader (replcia id: 3 leader vnode id: 7)', 'forming'],
  ['030053', 'Valid node is not enough, need: 2, but found: 1', 'forming'],
  ['050023', 'Not enough valid replica of ReplicationSet(4)', 'forming'],
  ['050014', 'no available vnode in replication set', 'forming'],
  ['050014', 'Apply engine failed: vnode is moving please retry later', 'forming'],
  ['050019', 'grpc client request error: something nobody has seen', 'forming'],
  ['060001', 'something nobody has seen', 'forming'],
  ['010016', 'Auth error: Request meta cluster error: timeout', 'forming'],
  ['010004', 'Insufficient privileges, expected [write on database]', 'refused'],
  ['030010', 'The tenant x not found', 'refused'],
  ['020033', 'Index: index storage error: Resource temporarily unavailable', 'overloaded'],
  [
    '050014',
    "Apply engine failed: DataSchemaError: Column 'f' type error, found I64 expected F64",
    'rejected target-type',
  ],
  [
    '050000',
    "ReplicatError: Apply engine failed: DataSchemaError: Column 'f' type error, found I64 expected F64",
    'rejected target-type',
  ],
  ['050025', 'write expired time data not permit', 'rejected target-expired'],
  ['050014', 'create bucket unknown error db:wire', 'rejected target-timestamp'],
])('the answer %s %s has the expected verdict', (code, message, kind) => {
  expect(short(failure(code, message))).toBe(kind);
});

test('text quoted from the data is not mistaken for trouble of the server', () => {
  for (const text of ['request timed out', 'Memory Exhausted', 'Access denied', 'Leader']) {
    expect(short(failure('040004', `Error parsing message: invalid field value: '${text}'`))).toBe(
      'rejected target-parse',
    );
    expect(
      short(
        failure('050014', `Apply engine failed: DataSchemaError: Column '${text}' type error, found I64 expected F64`),
      ),
    ).toBe('rejected target-type');
  }
});

test.each([
  ['fail to parse timestamp at 21', 21],
  ["unexpect token 'é' at 7", 7],
  ["unexpect token ''' at 0", 0],
  ["unexpect end line start at '1048575'", 1048575],
  ["invalid field value: 'x at 3'", null],
  ['invalid line protocol syntax', null],
])('the byte offset in the parser message is found: %s', (message, offset) => {
  expect(failure('040004', `Error parsing message: ${message}`)).toMatchObject({ kind: 'rejected', offset });
});

test('an unknown answer is a rejection marked as unknown', () => {
  expect(failure('050099', 'never seen')).toMatchObject({ kind: 'rejected', reason: 'target-unknown', unknown: true });
  expect(verdictOf(422, '<html>')).toMatchObject({ kind: 'rejected', unknown: true });
  expect(verdictOf(422, '{"error_code":1}')).toMatchObject({ kind: 'rejected', unknown: true });
});

test('413 means that the body is too large, not that a point is bad', () => {
  expect(verdictOf(413)).toMatchObject({
    kind: 'rejected',
    tooLarge: true,
    reason: 'target-too-large',
    unknown: false,
  });
});

test.each([
  ['7', 7000],
  ['0', 0],
  ['99999999', 300_000],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
  ['Thu, 01 Jan 2015 00:00:10 GMT', 0],
  ['soon', null],
])('Retry-After %s is honoured up to five minutes', (header, retryAfterMs) => {
  for (const status of [429, 503]) {
    expect(verdictOf(status, '', { 'retry-after': header })).toMatchObject({ kind: 'overloaded', retryAfterMs });
  }
});

test('transient answers of proxies are retried, and permanent ones are refused with advice', () => {
  for (const status of [408, 425, 500, 502, 504, 599]) expect(verdictOf(status).kind).toBe('overloaded');
  for (const status of [301, 307, 400, 401, 403, 404, 405, 407, 411, 431, 501])
    expect(verdictOf(status).kind).toBe('refused');
  expect(verdictOf(404)).toMatchObject({ advice: expect.stringContaining('port 8902') as string });
  expect(verdictOf(302, '', { location: 'https://x/' })).toMatchObject({
    reason: expect.stringContaining('https://x/') as string,
  });
  expect(verdictOf(502, '<html><style>b{}</style><h1>Bad</h1></html>')).toMatchObject({
    reason: '502: a proxy could not reach the server (Bad)',
  });
});

test('only an empty 200 acknowledges a write', () => {
  expect(verdictOf(200).kind).toBe('accepted');
  expect(verdictOf(200, '<html>Please log in</html>').kind).toBe('refused');
  expect(verdictOf(204).kind).toBe('refused');
});
