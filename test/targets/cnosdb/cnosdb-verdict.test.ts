import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Verdict } from '../../../src/core/types/index.js';
import { verdict } from '../../../src/targets/cnosdb/cnosdb-verdict.js';
import type { HttpAnswer } from '../../../src/targets/http/http-status.js';

interface Recorded {
  readonly name: string;
  readonly request: { readonly method: string; readonly path: string };
  readonly response: Partial<HttpAnswer> & { readonly closed?: boolean };
}

const read = (name: string): string => readFileSync(new URL(`../../../fixtures/wire/${name}`, import.meta.url), 'utf8');
const lines = <T>(name: string): T[] =>
  read(name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

const now = Date.UTC(2026, 0, 1);
const means = (status: number, body = '', headers: HttpAnswer['headers'] = {}): Verdict =>
  verdict({ status, headers, body }, now);
const said = (code: string, message: string): Verdict =>
  means(422, JSON.stringify({ error_code: code, error_message: message }));

/** Kind and reason word, as in fixtures/wire/verdicts.json. */
function short(found: Verdict): string {
  return found.kind === 'rejected' ? `rejected ${found.reason}` : found.kind;
}

test('every recorded answer to a write has the verdict that was agreed for it', () => {
  const agreed = JSON.parse(read('verdicts.json')) as Record<string, string>;
  const writes = lines<Recorded>('http.ndjson').filter(
    ({ request, response }) => /write/.test(request.path) && response.closed !== true,
  );
  const found = writes.map(({ name, response }) => [
    name,
    short(means(response.status ?? 0, response.body, response.headers)),
  ]);
  expect(writes.length).toBeGreaterThan(80);
  expect(Object.fromEntries(found.filter(([, kind]) => kind !== 'accepted'))).toEqual(agreed);
});

test('every answer of a cluster that is forming or busy is worth a retry', () => {
  const found = lines<{ status: number; body: string }>('cluster-errors.ndjson').map(({ status, body }) =>
    means(status, body),
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
])('exhausted memory is recognised in every spelling (%s %s)', (code, message, mayBeApplied) => {
  expect(said(code, message)).toMatchObject({ kind: 'overloaded', memory: true, mayBeApplied });
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
])('%s %s', (code, message, kind) => {
  expect(short(said(code, message))).toBe(kind);
});

test('what a message quotes from the data is not taken for the trouble of the server', () => {
  for (const text of ['request timed out', 'Memory Exhausted', 'Access denied', 'Leader']) {
    expect(short(said('040004', `Error parsing message: invalid field value: '${text}'`))).toBe(
      'rejected target-parse',
    );
    expect(
      short(
        said('050014', `Apply engine failed: DataSchemaError: Column '${text}' type error, found I64 expected F64`),
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
])('the offset that the parser names is found: %s', (message, offset) => {
  expect(said('040004', `Error parsing message: ${message}`)).toMatchObject({ kind: 'rejected', offset });
});

test('an answer that nobody has described is a rejection marked as unknown', () => {
  expect(said('050099', 'never seen')).toMatchObject({ kind: 'rejected', reason: 'target-unknown', unknown: true });
  expect(means(422, '<html>')).toMatchObject({ kind: 'rejected', unknown: true });
  expect(means(422, '{"error_code":1}')).toMatchObject({ kind: 'rejected', unknown: true });
});

test('413 says that the body is too large, not that a point is bad', () => {
  expect(means(413)).toMatchObject({ kind: 'rejected', tooLarge: true, reason: 'target-too-large', unknown: false });
});

test.each([
  ['7', 7000],
  ['0', 0],
  ['99999999', 300_000],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
  ['Thu, 01 Jan 2015 00:00:10 GMT', 0],
  ['soon', null],
])('Retry-After: %s', (header, retryAfterMs) => {
  for (const status of [429, 503]) {
    expect(means(status, '', { 'retry-after': header })).toMatchObject({ kind: 'overloaded', retryAfterMs });
  }
});

test('what proxies say in passing is retried; what they say for good is refused with what to do', () => {
  for (const status of [408, 425, 500, 502, 504, 599]) expect(means(status).kind).toBe('overloaded');
  for (const status of [301, 307, 400, 401, 403, 404, 405, 407, 411, 431]) expect(means(status).kind).toBe('refused');
  expect(means(404)).toMatchObject({ reason: expect.stringContaining('port 8902') as string });
  expect(means(302, '', { location: 'https://x/' })).toMatchObject({
    reason: expect.stringContaining('https://x/') as string,
  });
  expect(means(502, '<html><style>b{}</style><h1>Bad</h1></html>')).toMatchObject({
    reason: '502: a proxy could not reach the server (Bad)',
  });
});

test('only an empty 200 acknowledges: a login page or another database does not', () => {
  expect(means(200).kind).toBe('accepted');
  expect(means(200, '<html>Please log in</html>').kind).toBe('refused');
  expect(means(204).kind).toBe('refused');
});
