// Sends InfluxQL statements and parses their results. Numbers keep all their digits. A JSON number of JavaScript would
// be exact only up to 2^53.

import { z } from 'zod';
import type { QueryClient, QueryRequest } from '../http/query-client.js';
import { jsonOf } from '../http/response-text.js';

/** A number of a response, as text with all its digits. */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const seriesSchema = z.object({
  name: z.string().default(''),
  tags: z.record(z.string(), z.string()).default({}),
  columns: z.array(z.string()).default([]),
  values: z.array(z.array(z.unknown())).default([]),
});
const resultsSchema = z.object({
  results: z.array(z.object({ error: z.string().optional(), series: z.array(seriesSchema).default([]) })),
});

export type InfluxqlSeries = Readonly<z.infer<typeof seriesSchema>>;

/** Quotes an identifier. */
export const quoted = (name: string): string => `"${escaped(name, '"')}"`;
/** Quotes a string. */
export const quotedText = (value: string): string => `'${escaped(value, "'")}'`;
/** Formats a table for a FROM clause. If `rp` is null, InfluxDB uses the default retention policy. */
export const sourceOf = (table: string, rp: string | null): string =>
  rp === null ? quoted(table) : `${quoted(rp)}.${quoted(table)}`;

function escaped(value: string, quote: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n');
}

/** Builds the request for statements about a database. */
export function statements(db: string, texts: readonly string[]): QueryRequest {
  const body = new URLSearchParams({ db, epoch: 'ns', q: texts.join('; ') }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { path: '/query', headers, body, label: texts.join('; ') };
}

/** Builds the request for one statement whose series arrive in chunks, one JSON text per line. */
export function chunkedStatement(db: string, text: string, rows: number): QueryRequest {
  const request = statements(db, [text]);
  return { ...request, body: `${request.body}&chunked=true&chunk_size=${rows}` };
}

/**
 * Parses one line of a chunked response; returns undefined for other text. Numbers become strings, which `digitsOf`
 * recognises. Creating an object for each number instead would take most of the time.
 */
export function chunkOf(line: string): z.infer<typeof resultsSchema> | undefined {
  return resultsSchema.safeParse(jsonOf(withQuotedNumbers(line))).data;
}

/** Returns the digits of a number in a chunk; null for other values. */
export function digitsOf(value: unknown): string | null {
  return typeof value === 'string' && value.startsWith(mark) ? value.slice(1) : null;
}

/**
 * Returns the series of each statement; null if the user may not run the statements. Throws RefusedError for a failed
 * statement. Also throws like `QueryClient.response`.
 */
export async function influxql(query: QueryClient, request: QueryRequest): Promise<InfluxqlSeries[][] | null> {
  const response = await query.response(request);
  if (response.status === 401 || response.status === 403) return null;
  const { results } = query.parsed(request, response, exactJson(response.body), resultsSchema);
  return results.map(({ error, series }) => {
    if (error !== undefined) throw query.refused(request, response.endpoint, error);
    return series;
  });
}

const mark = '\u0000';
const [quote, backslash, minus, zero, nine] = ['"', '\\', '-', '0', '9'].map((sign) => sign.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
];

/** Parses JSON and turns its numbers into Digits; returns undefined for text that is not JSON. */
export function exactJson(json: string): unknown {
  const revive = (_: string, value: unknown): unknown =>
    typeof value === 'string' && value.startsWith(mark) ? new Digits(value.slice(1)) : value;
  // First tries the native parser, because it rejects broken text fast.
  return jsonOf(json) === undefined ? undefined : JSON.parse(withQuotedNumbers(json), revive);
}

/**
 * Turns each number into a string of its digits that begins with U+0000. No other string begins with U+0000, because
 * the loader never writes this character. The scan is linear.
 */
function withQuotedNumbers(json: string): string {
  const parts: string[] = [];
  let copied = 0;
  for (let at = 0; at < json.length; ) {
    const code = json.charCodeAt(at);
    if (code === quote) {
      at = endOfString(json, at);
    } else if (code === minus || (code >= zero && code <= nine)) {
      const end = endOfNumber(json, at);
      parts.push(json.slice(copied, at), `"\\u0000${json.slice(at, end)}"`);
      copied = end;
      at = end;
    } else {
      at += 1;
    }
  }
  return parts.join('') + json.slice(copied);
}

function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === backslash) at += 1;
  }
  return json.length;
}

function endOfNumber(json: string, start: number): number {
  let end = start + 1;
  while (end < json.length && '0123456789.eE+-'.includes(json[end]!)) end += 1;
  return end;
}
