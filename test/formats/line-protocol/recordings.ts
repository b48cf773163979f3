// Two small readers that share nothing with src: the rows that a recorded server stored, and the rows that points describe.

/** A column's value as text with its type: `i:5`, `f:1.5`, `s:"x"`, `b:true`. */
type Row = Record<string, string>;

export interface Decoded {
  readonly table: string;
  readonly tags: Row;
  readonly fields: Row;
  readonly time: bigint | null;
}

/** Parses numbers as the server prints them: floats with a point or exponent, integers without. */
function storedValue(text: string): string {
  if (text.startsWith('"')) return `s:${JSON.stringify(JSON.parse(text))}`;
  if (text === 'true' || text === 'false') return `b:${text}`;
  return /^-?\d+$/.test(text) ? `i:${BigInt(text)}` : `f:${Number(text)}`;
}

/** Parses `2020-09-13T12:26:40.000000001` to nanoseconds. */
function nanoseconds(text: string): bigint {
  const [seconds, fraction = ''] = text.split('.');
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

const member = /"((?:[^"\\]|\\.)*)":("(?:[^"\\]|\\.)*"|[^,}\]]+)/gs;

function storedRow(object: string): Row {
  const row: Row = {};
  for (const [, rawKey = '', value = ''] of object.matchAll(member)) {
    const key = JSON.parse(`"${rawKey}"`) as string;
    if (key !== 'time') row[key] = storedValue(value);
    else if (!value.startsWith('"2026-11')) row[key] = String(nanoseconds(JSON.parse(value) as string));
  }
  return row;
}

function objects(text: string): string[] {
  return text.match(/\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}/gs) ?? [];
}

function entries(row: Row): [string, string][] {
  return Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
}

function sorted(rows: readonly (readonly [string, Row])[]): string[] {
  return rows.map(([table, row]) => `${table} ${JSON.stringify(entries(row))}`).sort();
}

/** Returns all rows of a recording, comparable with `wanted`. */
export function storedRows(tables: Record<string, string>): string[] {
  return sorted(
    Object.entries(tables).flatMap(([table, text]) => objects(text).map((each) => [table, storedRow(each)] as const)),
  );
}

/** Returns the rows that these points describe. Points of one series and time merge; the later value of a field wins. */
export function wanted(points: readonly Decoded[]): string[] {
  const rows = new Map<string, readonly [string, Row]>();
  points.forEach(({ table, tags, fields, time }, i) => {
    const key = JSON.stringify([table, entries(tags), time === null ? `now ${i}` : String(time)]);
    const before = rows.get(key)?.[1];
    const stamped = time === null ? {} : { time: String(time) };
    rows.set(key, [table, { ...before, ...tags, ...fields, ...stamped }]);
  });
  return sorted([...rows.values()]);
}

/** Cuts `text` at unescaped bytes of `stops`. In fields, quotes around a value hide such bytes. */
function cut(text: string, stops: string, inFields = false): [string, string] {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (quoted) quoted = text[i] !== '"';
    else if (text[i] === '"' && i === 1 && inFields) quoted = true;
    else if (stops.includes(text[i] as string)) return [text.slice(0, i), text.slice(i)];
  }
  return [text, ''];
}

const unescapeName = (text: string): string => text.replace(/\\([,= ])/g, '$1');

function fieldValue(text: string): string {
  if (text.startsWith('"')) return `s:${JSON.stringify(text.slice(1, -1).replace(/\\(["\\])/g, '$1'))}`;
  if (/^[tT]/.test(text)) return 'b:true';
  if (/^[fF]/.test(text)) return 'b:false';
  if (/[iu]$/.test(text)) return `i:${BigInt(text.slice(0, -1).replace(/^(-?)0+(?=\d)/, '$1'))}`;
  return `f:${Number(text)}`;
}

function pairs(text: string, value: (text: string) => string, inFields: boolean): [Row, string] {
  const row: Row = {};
  let rest = `,${text}`;
  while (rest.startsWith(',')) {
    const [key, after] = cut(rest.slice(1), '=');
    const [raw, next] = cut(after, ', ', inFields);
    row[unescapeName(key)] = value(raw.slice(1));
    rest = next;
  }
  return [row, rest.trimStart()];
}

/** Reads one point as it is sent. */
export function decode(point: string): Decoded {
  const [name, rest] = cut(point, ', ');
  const table = name.replace(/\\([, ])/g, '$1');
  const tagText = (text: string): string => `s:${JSON.stringify(unescapeName(text))}`;
  const [tags, afterTags] = rest.startsWith(',') ? pairs(rest.slice(1), tagText, false) : [{}, rest.trimStart()];
  const [fields, time] = pairs(afterTags, fieldValue, true);
  return { table, tags, fields, time: time === '' ? null : BigInt(time) };
}
