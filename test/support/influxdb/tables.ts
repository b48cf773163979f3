// The content of a scripted InfluxDB: column types, and the newest value of each field of each point.

import { LineError, type ParsedPoint, parseLines } from '../cluster/lines.js';

export interface Line {
  /** Line number from 1. */
  readonly number: number;
  readonly text: string;
  /** Null: the line is unreadable, see `problem`. */
  readonly point: ParsedPoint | null;
  readonly problem: string;
}

/** Parses line by line. Strings in these tests hold no line ends. */
export function linesOf(body: Buffer): Line[] {
  const texts = body.toString('utf8').split('\n');
  return texts.flatMap((text, i) => (text.trim() === '' ? [] : [lineOf(text, i + 1)]));
}

function lineOf(text: string, number: number): Line {
  try {
    const [point = null] = parseLines(Buffer.from(text));
    return { number, text, point, problem: '' };
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    return { number, text, point: null, problem: error.message };
  }
}

interface Conflict {
  readonly column: string;
  readonly has: string;
  readonly got: string;
}

export class Tables {
  /** Types by table and column. */
  readonly types = new Map<string, Map<string, string>>();
  readonly #points = new Map<string, Map<string, string>>();
  readonly #places = new Map<string, { table: string; tags: ParsedPoint['tags']; ns: bigint }>();

  /** A field that the table has with another type; null where all fit. */
  conflict({ table, fields }: ParsedPoint): Conflict | null {
    const known = this.types.get(table);
    for (const [column, got] of fields) {
      const has = known?.get(column);
      if (has !== undefined && has !== got) return { column, has, got };
    }
    return null;
  }

  /** @param ns time of the point */
  store({ table, tags, fields }: ParsedPoint, ns: bigint): void {
    const columns = this.types.get(table) ?? new Map<string, string>();
    this.types.set(table, columns);
    for (const [name] of tags) columns.set(name, 'tag');
    for (const [name, type] of fields) columns.set(name, type);
    const key = `${table} ${JSON.stringify(tags)} ${ns}`;
    const values = this.#points.get(key) ?? new Map<string, string>();
    for (const [name, type, value] of fields)
      values.set(name, `${type} ${Object.is(value, -0) ? '-0' : String(value)}`);
    this.#points.set(key, values);
    this.#places.set(key, { table, tags, ns });
  }

  /** Answers `SELECT "a", "b" IS NULL AS "c", …, time FROM "t" WHERE time >= '…' AND time < '…'` as CSV. */
  csv(query: string): string {
    const [, list = '', table = '', from = '', to = ''] =
      /^SELECT (.*) FROM "(.*)" WHERE time >= '(.*)' AND time < '(.*)'$/.exec(query) ?? [];
    const wanted = [...list.matchAll(/"([^"]+)"( IS NULL AS "[^"]+")?|time/g)];
    const rows = [...this.#places].flatMap(([key, { table: of, tags, ns }]) => {
      const time = iso(ns);
      if (of !== table || `${time}Z` < from || `${time}Z` >= to) return [];
      const values = new Map([
        ...tags,
        ...[...this.#points.get(key)!].map(([name, text]) => [name, plain(text)] as const),
      ]);
      return [
        wanted.map(([, name, isNull]) => {
          if (name === undefined) return time;
          return isNull === undefined ? (values.get(name) ?? '') : String(!values.has(name));
        }),
      ];
    });
    const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const head = wanted.map(([, name = 'time']) => name);
    return [head, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
  }

  texts(): string[] {
    return [...this.#points]
      .map(
        ([key, values]) =>
          `${key} ${[...values]
            .map(([name, value]) => `${name} ${value}`)
            .sort()
            .join(', ')}`,
      )
      .sort();
  }
}

/** The points of a text as `stored` shows them. */
export function expected(text: string, unit: bigint): string[] {
  const tables = new Tables();
  for (const { point } of linesOf(Buffer.from(text))) if (point !== null) tables.store(point, point.time! * unit);
  return tables.texts();
}

/** `2022-01-01T00:00:00.000000001` */
function iso(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}

/** The value of a text such as `float 1`. */
function plain(text: string): string {
  return text.slice(text.indexOf(' ') + 1);
}
