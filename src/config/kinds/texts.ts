// Kinds of option values: texts, words of a fixed list, switches, file names, patterns, encodings and single
// characters.

import { z } from 'zod';
import { encodingNamed } from '../../core/io/encoding.js';
import { list, parsed } from './parsed.js';

export function text() {
  return z.string().min(1).describe('text; in a config file a number needs quotes');
}

/** Text that may be empty and is never shown. */
export function secret() {
  return z.string().describe('text; in a config file a number needs quotes');
}

export function choice<const Values extends readonly string[]>({ values }: { readonly values: Values }) {
  return z.enum(values).describe(`one of ${values.join(', ')}`);
}

const truth = z.union([
  z.boolean(),
  z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] }),
]);

export function onOff() {
  return truth.describe('true or false');
}

/**
 * The name of a file or directory. Rejects very long or multi-line text, which is probably a value in the wrong place,
 * such as a pasted key.
 */
export function path() {
  return parsed(z.string(), 'a file name of one line, with at most 255 bytes between slashes', fileName);
}

/** A switch that may name a file: `-` when on, null when off. A file called `true` must be typed as `./true`. */
export function switchOrPath() {
  return z.union([truth.transform((on) => (on ? '-' : null)), path()]).describe('true, false, - or a file name');
}

/** One ASCII character that cannot be part of a number, a name or an escape. */
export function character() {
  return parsed(z.string(), 'one ASCII character other than a letter, digit or backslash', (value) =>
    /^[\t -~]$/.test(value) && !/[0-9A-Za-z\\]/.test(value) ? value : null,
  );
}

/** A label of an encoding in the WHATWG standard. The value is the name of the encoding. */
export function encoding() {
  return parsed(z.string(), 'an encoding of the WHATWG standard, such as windows-1252', encodingNamed);
}

/** A list of patterns. A text is not split at commas, because a pattern may contain commas. */
export function patterns() {
  return list((value) => [value], z.string().min(1), 'a pattern such as /data/**');
}

export function words() {
  return z
    .union([z.string().transform((value) => [value]), z.array(z.string())])
    .transform((texts) => texts.flatMap((value) => value.split(',')).filter((word) => word !== ''))
    .describe('words, in quotes');
}

function fileName(value: string): string | null {
  const fits = value.split('/').every((part) => Buffer.byteLength(part) <= 255);
  return value !== '' && fits && Buffer.byteLength(value) < 4096 && !/\p{Cc}/u.test(value) ? value : null;
}
