// Reads the JSON response of InfluxDB 1's /query: `results[].series[].{name,tags,columns,values}`. The response may be
// chunked. Turns each row of a series into one line of JSON: an object with the measurement, the tags under the key
// `tags`, and the columns.

import type { Token } from 'stream-json/parser.js';
import { InputError } from '../../core/errors.js';
import { excerpt, plural } from '../../core/text.js';
import type { ByteSource, TagMapping } from '../../core/types/index.js';
import type { MappingOptions } from '../rows/mapping/mapping.js';
import { type TokenSink, tokenSource } from './select-path.js';

/** Key under which each line contains the measurement. */
const measurementColumn = '_measurement';

/**
 * Adds the tags of all series read so far to the user's mapping options. If the user names no table, the measurement
 * of each series becomes the table.
 */
export class InfluxMapping {
  readonly #tags: TagMapping[];

  constructor(tags: readonly TagMapping[] | null) {
    this.#tags = [...(tags ?? [])];
  }

  /**
   * Returns the options with measurement and tags. The result shares the list of tags with this object. The mapping
   * reads the list again for each new column, so `addTag` may add tags later.
   */
  complete(options: MappingOptions): MappingOptions {
    return { ...options, measurement: options.measurement ?? `{${measurementColumn}}`, tags: this.#tags };
  }

  addTag(name: string): void {
    const column = `tags.${name}`;
    if (!this.#tags.some((each) => each.name === column)) this.#tags.push({ name: column, as: name });
  }
}

/**
 * Returns a source with one JSON line per row of the response. A read rejects with InputError if the response contains
 * an error of the server.
 */
export function influxLines(source: ByteSource, name: string, mapping: InfluxMapping): ByteSource {
  return tokenSource(source, name, [], new SeriesRows(name, mapping));
}

/** Kinds of objects and lists in a response. `ignored` stands for all other kinds. */
type Place = 'response' | 'results' | 'result' | 'list' | 'series' | 'tags' | 'columns' | 'values' | 'row' | 'ignored';

/** Kind of an object or list, by the kind of its parent and by its own key. `*` stands for any key or list element. */
const places: Partial<Record<Place, Readonly<Record<string, Place>>>> = {
  response: { results: 'results' },
  results: { '*': 'result' },
  result: { series: 'list' },
  list: { '*': 'series' },
  series: { tags: 'tags', columns: 'columns', values: 'values' },
  values: { '*': 'row' },
};

class SeriesRows implements TokenSink {
  readonly #name: string;
  readonly #mapping: InfluxMapping;
  readonly #path: Place[] = [];
  #key = '';
  #text = '';
  #measurement = '';
  #seriesTags: [string, string][] = [];
  /** Column names of the series, each as a JSON string. */
  #columns: string[] = [];
  /**
   * The JSON text of measurement and tags, with which the line of each row begins. Null before the first row of the
   * series.
   */
  #prefix: string | null = null;
  #cells: string[] = [];
  #isPartial = false;

  constructor(name: string, mapping: InfluxMapping) {
    this.#name = name;
    this.#mapping = mapping;
  }

  token(token: Token): void {
    const { name } = token;
    if (name === 'startObject' || name === 'startArray') this.#open();
    else if (name === 'endObject' || name === 'endArray') this.#close();
    else if (name === 'keyValue') this.#key = token.value;
    else if (name === 'stringValue') this.#value(JSON.stringify(token.value), token.value);
    else if ('value' in token) this.#value(String(token.value), String(token.value));
  }

  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  end(): void {
    if (this.#isPartial)
      throw this.#problem(
        'all rows of the query',
        'a partial response',
        'raise max-row-limit, or query with chunked=true',
      );
  }

  #open(): void {
    const around = this.#path.at(-1);
    const rules: Readonly<Record<string, Place>> | undefined =
      around === undefined ? { '*': 'response' } : places[around];
    const isKnown = rules !== undefined && Object.hasOwn(rules, this.#key);
    const place: Place = (isKnown ? rules[this.#key] : rules?.['*']) ?? 'ignored';
    if (around === 'row') throw this.#problem('rows of plain values', 'a nested value', '');
    this.#path.push(place);
    // In a chunked response, every chunk except the last chunk is marked as partial. So a new chunk clears the mark.
    if (place === 'response') this.#isPartial = false;
    else if (place === 'series') {
      this.#measurement = '';
      this.#seriesTags = [];
      this.#columns = [];
      this.#prefix = null;
    } else if (place === 'row') this.#cells = [];
  }

  #close(): void {
    if (this.#path.pop() === 'row') this.#row();
  }

  #value(json: string, text: string): void {
    const place = this.#path.at(-1);
    if (place === 'row') this.#cells.push(json);
    else if (place === 'columns') this.#columns.push(json);
    else if (place === 'tags') this.#seriesTags.push([this.#key, text]);
    else if (place === 'series' && this.#key === 'name') this.#measurement = text;
    else if (this.#key === 'partial' && text === 'true') this.#isPartial = true;
    else if (this.#key === 'error' && (place === 'result' || place === 'response'))
      throw this.#problem('the result of a query', `the error "${excerpt(text)}"`, 'correct the query');
  }

  #row(): void {
    if (this.#cells.length !== this.#columns.length)
      throw this.#problem(`a row of ${plural(this.#columns.length, 'value')}`, plural(this.#cells.length, 'value'), '');
    this.#prefix ??= this.#seriesPrefix();
    let line = this.#prefix;
    for (let i = 0; i < this.#cells.length; i++)
      if (this.#cells[i] !== 'null') line += `,${this.#columns[i]}:${this.#cells[i]}`;
    this.#text += `${line}}\n`;
  }

  #seriesPrefix(): string {
    for (const [name] of this.#seriesTags) this.#mapping.addTag(name);
    const tags = this.#seriesTags.length === 0 ? '' : `,"tags":${JSON.stringify(Object.fromEntries(this.#seriesTags))}`;
    return `{"${measurementColumn}":${JSON.stringify(this.#measurement)}${tags}`;
  }

  #problem(expected: string, found: string, fix: string): InputError {
    return new InputError({ tried: `reading ${this.#name} as a response of InfluxDB 1`, expected, found, fix });
  }
}
