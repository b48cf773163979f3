// Questions in InfluxQL and what comes back: every number as it stands in the answer, since a number of JSON ends at 2^53.

import type { QueryClient, Question } from '../lines/query-client.js';

/** A number as it was written. */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export interface InfluxqlSeries {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

/** An identifier. */
export const quoted = (name: string): string => `"${escaped(name, '"')}"`;
/** A text. */
export const text = (value: string): string => `'${escaped(value, "'")}'`;

function escaped(value: string, quote: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n');
}

export function question(db: string, statements: readonly string[]): Question {
  const body = new URLSearchParams({ db, epoch: 'ns', q: statements.join('; ') }).toString();
  return { path: '/query', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body };
}

/**
 * Series by statement. `refused`: the user may not ask that. Throws as `Asker.answer`, and RefusedError for a statement
 * that fails.
 */
export async function ask(asker: QueryClient, asked: Question): Promise<InfluxqlSeries[][] | 'refused'> {
  const { status, body } = await asker.answer(asked);
  if (status === 401 || status === 403) return 'refused';
  const read = exactly(body);
  const results = (read as { results?: unknown } | null)?.results;
  if (!Array.isArray(results)) throw asker.refused(asked, `${status} ${body.trim().slice(0, 200)}`);
  return results.map((result: { error?: unknown; series?: Partial<InfluxqlSeries>[] }) => {
    if (typeof result.error === 'string') throw asker.refused(asked, result.error);
    return (result.series ?? []).map(({ name = '', tags = {}, columns = [], values = [] }) => ({
      name,
      tags,
      columns,
      values,
    }));
  });
}

const mark = '\u0000';

/** JSON with its numbers as Digits; null when it is none. */
export function exactly(json: string): unknown {
  // A text never holds the mark: JSON writes it as an escape.
  const marked = json.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') ? token : `"\\u0000${token}"`,
  );
  try {
    return JSON.parse(marked, (_, value: unknown) =>
      typeof value === 'string' && value.startsWith(mark) ? new Digits(value.slice(1)) : value,
    );
  } catch {
    return null;
  }
}
