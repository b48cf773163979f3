// The text of one option → its value, kind by kind. A text that does not fit comes back as what was expected instead.

import { size } from '../core/text.js';
import { formatDuration, parseDuration, parseSize } from '../core/units.js';
import { parseAddress } from './address.js';
import { isTimezone, parseField, parseTag, split } from './column-lists.js';
import type { Option, OptionKind } from './options.js';
import type { Endpoint, Settings, Tolerance } from './settings.js';

/** A value, or words that complete "expected …". */
export type Parsed = { readonly value: unknown } | { readonly expected: string };

/**
 * Reads one option. `raw` is a flag's or variable's text, or whatever a config file held.
 * Numbers and booleans of a file are taken only where the option means a number or a switch.
 */
export function parseValue(option: Option, raw: unknown): Parsed {
  const kind = option.is;
  if (kind.kind === 'urls') return each(raw, (text) => text.split(','), parseUrl);
  if (kind.kind === 'headers') return each(raw, (text) => text.split('\n'), parseHeader);
  if (kind.kind === 'tags') return each(raw, (text) => split(text, ','), parseTag);
  if (kind.kind === 'fields') return each(raw, (text) => split(text, ','), parseField);
  if (kind.kind === 'words') return parseWords(raw);
  if (kind.kind === 'switch') return parseSwitch(raw);
  if (kind.kind === 'switchOrFile') return parseOutlet(raw);
  if (typeof raw === 'number' && kind.kind !== 'text') return parseText(kind, String(raw));
  if (typeof raw !== 'string') return { expected: 'text; in a config file, put it in quotes' };
  // Only the password may be empty: it is so by default.
  if (raw === '' && option.default !== '') return { expected: 'a value' };
  return parseText(kind, raw);
}

type TextKind = Exclude<
  OptionKind,
  { kind: 'urls' | 'headers' | 'tags' | 'fields' | 'words' | 'switch' | 'switchOrFile' }
>;

function parseText(kind: TextKind, text: string): Parsed {
  switch (kind.kind) {
    case 'text':
      return { value: text };
    case 'choice':
      return kind.values.includes(text) ? { value: text } : { expected: `one of ${kind.values.join(', ')}` };
    case 'count':
      return worded(kind, text, parseCount(text), 'a whole number', String);
    case 'size':
      return worded(kind, text, parseSize(text), 'a size such as 512MiB', size);
    case 'duration':
      return worded(kind, text, parseDuration(text), 'a duration such as 30s', formatDuration);
    case 'timeRange':
      return parseRange(text);
    case 'countOrPercent':
      return parseTolerance(text);
    case 'sizeOrPercent':
      return parseShare(kind.min, text);
    case 'character':
      return parseCharacter(kind.words, text);
    case 'address':
      return parsedAddress(text);
    case 'timezone':
      return isTimezone(text) ? { value: text } : { expected: 'a time zone such as Europe/Berlin, UTC or +01:00' };
  }
}

function parsedAddress(text: string): Parsed {
  const value = parseAddress(text);
  return value === null ? { expected: 'HOST:PORT, such as 127.0.0.1:9100 or :0' } : { value };
}

function bounded(
  value: number | null,
  { min, max }: { min: number; max: number },
  what: string,
  show: (n: number) => string,
): Parsed {
  if (value !== null && value >= min && value <= max) return { value };
  const upper = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${show(max)}`;
  return { expected: value === null ? what : `${what} from ${show(min)}${upper || ' on'}` };
}

function parseCount(text: string): number | null {
  const count = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(count) ? count : null;
}

function worded(
  kind: Extract<OptionKind, { kind: 'count' | 'size' | 'duration' }>,
  text: string,
  value: number | null,
  what: string,
  show: (n: number) => string,
): Parsed {
  const words = kind.words ?? {};
  if (Object.hasOwn(words, text)) return { value: words[text] };
  const also = Object.keys(words).map((word) => `, or ${word}`);
  return bounded(value, kind, `${what}${also.join('')}`, show);
}

function parsePercent(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?%$/.exec(text.trim());
  const percent = match ? Number(match[1]) : Number.NaN;
  return percent <= 100 ? percent : null;
}

function parseTolerance(text: string): Parsed {
  const percent = parsePercent(text);
  const count = parseCount(text);
  const value: Tolerance | null = percent !== null ? { percent } : count !== null ? { count } : null;
  return value ? { value } : { expected: 'a number of points such as 1000, or a percentage such as 0.1%' };
}

function parseShare(min: number, text: string): Parsed {
  const percent = parsePercent(text);
  if (percent) return { value: { percent } };
  const bytes = parseSize(text);
  if (bytes !== null && bytes >= min) return { value: { bytes } };
  const least = bytes === null ? '' : ` from ${size(min)} on`;
  return { expected: `a size such as 512MiB${least}, or a percentage such as 50%` };
}

function parseCharacter(words: Readonly<Record<string, string | null>>, text: string): Parsed {
  if (Object.hasOwn(words, text)) return { value: words[text] };
  const names = Object.keys(words).join(' or ');
  const fits = /^[\t -~]$/.test(text) && !/[0-9A-Za-z\\]/.test(text);
  return fits
    ? { value: text }
    : { expected: `one character of ASCII that is no letter, digit or backslash, or ${names}` };
}

function parseSwitch(raw: unknown): Parsed {
  if (typeof raw === 'boolean') return { value: raw };
  if (typeof raw === 'string' && /^(true|false|1|0|yes|no|on|off)$/i.test(raw))
    return { value: /^(true|1|yes|on)$/i.test(raw) };
  return { expected: 'true or false' };
}

/** A path, `-`, or null for off. A file that is called `true` is `./true`. */
function parseOutlet(raw: unknown): Parsed {
  const is = parseSwitch(raw);
  if ('value' in is) return { value: is.value === true ? '-' : null };
  return typeof raw === 'string' && raw !== '' ? { value: raw } : { expected: 'true, false, - or a file' };
}

/** A date on its own, or a year, stands for its first instant in UTC. */
function parseInstant(text: string): number {
  const shape = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?)?)?$/;
  return shape.test(text) ? Date.parse(text) : Number.NaN;
}

function parseRange(text: string): Parsed {
  if (text === 'off') return { value: null };
  const [fromMs, toMs, more] = text.split('..').map((end) => parseInstant(end.trim()));
  const valid = more === undefined && Number.isFinite(fromMs) && Number.isFinite(toMs);
  if (!valid) return { expected: 'FROM..TO, each a year or a date such as 2024-01-31, or off' };
  return fromMs < toMs ? { value: { fromMs, toMs } } : { expected: 'FROM..TO with FROM before TO' };
}

function each<T>(raw: unknown, split: (text: string) => string[], parse: (text: string) => T | string): Parsed {
  const list = Array.isArray(raw) ? raw : [raw];
  if (!list.every((item) => typeof item === 'string')) return { expected: 'text, or a list of texts' };
  const texts = list.flatMap(split).map((text) => text.trim());
  const results = texts.filter((text) => text !== '').map(parse);
  const wrong = results.find((result) => typeof result === 'string');
  if (wrong !== undefined) return { expected: wrong };
  return results.length > 0 ? { value: results } : { expected: 'at least one' };
}

function parseWords(raw: unknown): Parsed {
  const list = (Array.isArray(raw) ? raw : [raw]) as unknown[];
  if (!list.every((item) => typeof item === 'string')) return { expected: 'words, in quotes' };
  return { value: list.flatMap((text) => text.split(',')).filter((word) => word !== '') };
}

/** An endpoint as it was given, credentials included. */
export interface GivenUrl extends Endpoint {
  readonly user: string | null;
  readonly password: string | null;
}

function parseUrl(text: string): GivenUrl | string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:\/\//i.test(text) || !url.hostname) return 'a URL such as http://localhost:8902';
  if (url.pathname !== '/' || url.search || url.hash) return `a URL without path or query: ${url.origin}`;
  try {
    const user = url.username ? decodeURIComponent(url.username) : null;
    const password = url.password ? decodeURIComponent(url.password) : null;
    return { shown: url.origin, origin: url.origin, user, password };
  } catch {
    return 'user and password in a URL percent-encoded';
  }
}

function parseHeader(text: string): Settings['headers'][number] | string {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text);
  if (!match) return "a header such as 'X-Team: data'";
  // These describe the body, or say who asks: other options own them.
  const owned = /^(content-length|content-encoding|transfer-encoding|host|connection|authorization)$/i.test(match[1]);
  return owned ? `a header other than ${match[1]}, which is set by the program` : { name: match[1], value: match[2] };
}
