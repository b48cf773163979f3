// Every recorded body of line protocol, sent to a database of its own, must be answered and stored as CnosDB did.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningServer, serve } from '../../src/serve/serve.js';
import { sql, writeLines } from './raw-http.js';

interface Recording {
  readonly body: string;
  readonly status?: number;
  readonly closed?: boolean;
  readonly error?: { readonly error_code: string; readonly error_message: string };
  readonly tables: Readonly<Record<string, string>>;
}

function recordings(name: string): Recording[] {
  const path = new URL(`../../fixtures/wire/${name}`, import.meta.url);
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recording);
}

let server: RunningServer;
beforeAll(async () => {
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
});
afterAll(() => server.close());

/** Rows as text, so that integers stay exact; without the server's own time, which is of this decade's second half. */
function rows(json: string): string[] {
  const objects = json.replace(/^\[|\]$/g, '').split(/(?<=\})(?:,(?=\{))/);
  return objects.map((row) => row.replace(/,?"time":"20(?:2[6-9]|[3-9]\d)[^"]*"/, '')).sort();
}

async function stored(database: string): Promise<Record<string, string[]>> {
  const names = (await sql(server.url, database, 'SHOW TABLES')).body || '[]';
  const found: Record<string, string[]> = {};
  for (const { table_name: name } of JSON.parse(names) as { table_name: string }[])
    found[name] = rows((await sql(server.url, database, `SELECT * FROM "${name.replaceAll('"', '""')}"`)).body);
  return found;
}

async function replay(recording: Recording, database: string): Promise<object> {
  await sql(server.url, 'public', `CREATE DATABASE ${database}`);
  const answer = await writeLines(server.url, database, recording.body);
  const tables = await stored(database);
  const error = answer.status === 422 ? (JSON.parse(answer.body) as Recording['error']) : undefined;
  return { body: recording.body, status: answer.status, message: error?.error_message.replace(database, 'db'), tables };
}

function wanted(recording: Recording): object {
  const tables = Object.entries(recording.tables).map(([name, json]) => [name, rows(json)] as const);
  return {
    body: recording.body,
    status: recording.closed ? null : recording.status,
    message: recording.error?.error_message.replace(/chand1_\w+/, 'db'),
    tables: Object.fromEntries(tables),
  };
}

/** Each body takes 20 ms, and a fuzzed one is much like its neighbour: `npm test` has a sample. */
const step = process.env.BULK_LOAD_SOAK === '1' ? 1 : 24;

for (const [name, count, every] of [
  ['lines-hand.ndjson', 198, 1],
  ['lines-fuzz.ndjson', 1427, step],
] as const)
  test(`answers and stores each body of ${name} as recorded`, { timeout: 300_000 }, async () => {
    const whole = recordings(name);
    expect(whole).toHaveLength(count);
    const all = whole.filter((_, i) => i % every === 0);
    const answered: object[] = [];
    for (const [i, recording] of all.entries()) answered.push(await replay(recording, `${name.slice(6, 10)}_${i}`));
    const differing = answered.filter((each, i) => JSON.stringify(each) !== JSON.stringify(wanted(all[i])));
    expect(differing.slice(0, 5)).toEqual(
      all
        .filter((_, i) => differing.includes(answered[i]))
        .slice(0, 5)
        .map(wanted),
    );
    expect(differing).toHaveLength(0);
  });
