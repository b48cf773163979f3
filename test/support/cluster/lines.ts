// The parser of the scripted cluster: short, slow and independent of src, so that it does not repeat errors of src. It
// accepts portable, valid bodies and refuses anything else with an offset.

export type FieldValue = number | bigint | boolean | string;
export type FieldType = 'float' | 'integer' | 'unsigned' | 'boolean' | 'string';

export interface ParsedPoint {
  readonly table: string;
  /** Sorted by name. */
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, FieldType, FieldValue])[];
  /** In the unit of the request; null without a timestamp. */
  readonly time: bigint | null;
  /** The text of the point. */
  readonly line: string;
}

/** An error with the text of CnosDB. Offsets are in bytes of the body. */
export class LineError extends Error {}

const numbers = /^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/;
const booleans: Record<string, boolean> = { t: true, T: true, true: true, True: true, TRUE: true };
const falses = ['f', 'F', 'false', 'False', 'FALSE'];

function fieldValue(text: string): readonly [FieldType, FieldValue] {
  if (text in booleans) return ['boolean', true];
  if (falses.includes(text)) return ['boolean', false];
  if (/^-?\d+i$/.test(text)) return ['integer', BigInt(text.slice(0, -1))];
  if (/^\d+u$/.test(text)) return ['unsigned', BigInt(text.slice(0, -1))];
  if (numbers.test(text)) return ['float', Number(text)];
  throw new LineError(`invalid field value: '${text}'`);
}

/** Reads one token up to an unescaped stop character; a backslash before one of `,= \` or a quote is dropped. */
class Cursor {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get here(): string {
    return this.text[this.at] ?? '\n';
  }

  skip(characters: string): void {
    while (this.at < this.text.length && characters.includes(this.here)) this.at++;
  }

  fail(): never {
    throw new LineError(`unexpect token '${this.here}' at ${Buffer.byteLength(this.text.slice(0, this.at))}`);
  }

  token(stops: string): string {
    let found = '';
    while (this.at < this.text.length && !stops.includes(this.here)) {
      if (this.here === '\\' && ',= \\"'.includes(this.text[this.at + 1] ?? '\n')) this.at++;
      found += this.here;
      this.at++;
    }
    return found;
  }

  expect(character: string): void {
    if (this.here !== character || this.at >= this.text.length) this.fail();
    this.at++;
  }

  quoted(): string {
    const start = this.at++;
    let found = '';
    while (this.here !== '"') {
      if (this.at >= this.text.length)
        throw new LineError(`unexpect end line start at '${Buffer.byteLength(this.text.slice(0, start))}'`);
      if (this.here === '\\' && '"\\'.includes(this.text[this.at + 1] ?? '\n')) this.at++;
      found += this.here;
      this.at++;
    }
    this.at++;
    return found;
  }
}

function tags(cursor: Cursor): [string, string][] {
  const found: [string, string][] = [];
  while (cursor.here === ',') {
    cursor.at++;
    const key = cursor.token('=, \n');
    cursor.expect('=');
    found.push([key, cursor.token(', \n')]);
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

function fields(cursor: Cursor): [string, FieldType, FieldValue][] {
  const found: [string, FieldType, FieldValue][] = [];
  for (let more = true; more; ) {
    const key = cursor.token('=, \n');
    cursor.expect('=');
    if (cursor.here === '"') found.push([key, 'string', cursor.quoted()]);
    else found.push([key, ...fieldValue(cursor.token(', \r\n'))]);
    more = cursor.here === ',';
    if (more) cursor.at++;
  }
  return found;
}

function timestamp(cursor: Cursor): bigint | null {
  cursor.skip(' ');
  const start = cursor.at;
  const text = cursor.token(' \r\n');
  cursor.skip(' \r');
  if (cursor.here !== '\n') cursor.fail();
  if (text !== '' && !/^-?\d+$/.test(text))
    throw new LineError(`fail to parse timestamp at ${Buffer.byteLength(cursor.text.slice(0, start))}`);
  return text === '' ? null : BigInt(text);
}

/** Parses all points of a body. Throws LineError if CnosDB would store none of them. */
export function parseLines(body: Uint8Array): ParsedPoint[] {
  const cursor = new Cursor(Buffer.from(body).toString('utf8'));
  const found: ParsedPoint[] = [];
  for (cursor.skip(' \r\n'); cursor.at < cursor.text.length; cursor.skip(' \r\n')) {
    const start = cursor.at;
    const table = cursor.token(', \n');
    if (table === '') cursor.fail();
    const of = tags(cursor);
    cursor.expect(' ');
    cursor.skip(' ');
    const values = fields(cursor);
    const time = timestamp(cursor);
    found.push({ table, tags: of, fields: values, time, line: cursor.text.slice(start, cursor.at) });
  }
  return found;
}
