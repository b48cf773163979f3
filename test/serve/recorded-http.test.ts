// The recorded conversation with a real server, replayed in order: same status, headers and body, but for a closed
// list of exchanges.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningServer, serve } from '../../src/serve/serve.js';
import { exchange, type RawAnswer, sql } from './raw-http.js';

interface Recorded {
  readonly status?: number;
  readonly closed?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Exchange {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly bodyBase64?: string;
    readonly noContentLength?: boolean;
  };
  readonly response: Recorded;
  readonly after?: { readonly sql: string; readonly response: Recorded };
}

/** Exchanges with another response here, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'ping GET': 'names its own build',
  'ping after panic': 'names its own build',
  'lz4 frame': 'lz4 is left out',
  'snappy block (not framing)': 'snappy is left out',
  'sql: SHOW REPLICAS': 'the recorded server had made other groups before',
  'sql: select count(*) from m': 'the real server counts overwritten rows too',
  'sql: select count(time) from m': 'the real server counts overwritten rows too',
  'sql json: SHOW SERIES FROM cpu': 'the real order is that of a hash',
  'sql csv: SHOW DATABASES': 'recorded in a second run, without the databases of the first',
  'sql json: SELECT * FROM information_schema.tables': 'recorded in a second run, as above',
  'sql json: SELECT * FROM information_schema.databases': 'recorded in a second run, as above',
};

const path = new URL('../../fixtures/wire/http.ndjson', import.meta.url);
const exchanges = readFileSync(path, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Exchange);

let server: RunningServer;
beforeAll(async () => {
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
});
afterAll(() => server.close());

function bodyOf({ request }: Exchange): Buffer {
  if (request.bodyBase64 !== undefined) return Buffer.from(request.bodyBase64, 'base64');
  // The recording shortens one body.
  const text = (request.body ?? '').replace(/x+… \(70,000 x\)/, `${'x'.repeat(70_000)} f=1 1600000000000000001\n`);
  return Buffer.from(text);
}

function comparable(answer: RawAnswer | Recorded): object {
  const { status, headers = {}, body = '' } = answer;
  const relevant = ['content-type', 'content-length', 'content-encoding'].map((name) => headers[name] ?? '');
  return { status: status ?? null, headers: relevant, body };
}

test('serve repeats the recorded responses of CnosDB exactly, except the listed ones', async () => {
  expect(exchanges).toHaveLength(159);
  const different: Record<string, object> = {};
  for (const each of exchanges) {
    const { method, headers, noContentLength = false } = each.request;
    const answer = await exchange(server.url, {
      method,
      path: each.request.path,
      headers,
      noContentLength,
      body: bodyOf(each),
    });
    const after = each.after === undefined ? null : await sql(server.url, 'wire', each.after.sql);
    const got = [comparable(answer), after === null ? null : comparable(after)];
    const wanted = [comparable(each.response), each.after === undefined ? null : comparable(each.after.response)];
    if (JSON.stringify(got) !== JSON.stringify(wanted)) different[each.name] = { got, wanted };
  }
  const unlisted = Object.entries(different).filter(([name]) => exceptions[name] === undefined);
  expect(unlisted).toEqual([]);
  expect(Object.keys(exceptions).filter((name) => different[name] === undefined)).toEqual([]);
});
