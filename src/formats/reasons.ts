// Why a point is refused before it is sent: a closed list, because people filter dead letters by it.

/** Every reason with the sentence that says what would have been right. Kebab-case; stable. */
export const reasons = {
  'no-measurement': 'a point starts with the name of its measurement',
  'no-fields': 'a point needs at least one field after its measurement and tags, on the same line',
  'empty-tag-key': 'a tag is written key=value, and the key cannot be empty',
  'empty-tag-value': 'a tag value cannot be empty; leave the tag out instead',
  'no-tag-value': 'a tag is written key=value; commas and spaces in names are escaped with a backslash',
  'empty-field-key': 'a field is written key=value, and the key cannot be empty',
  'no-field-value': 'a field is written key=value; commas and spaces in names are escaped with a backslash',
  'empty-field-value': 'a field needs a value: a number, a boolean or a quoted string',
  'newline-in-name': 'a line cannot end inside a name',
  'bad-escape':
    'a backslash in a name may only precede a comma, a space, = (not in measurements), a quote or a backslash',
  'bad-string-escape': 'three or more backslashes before a quote are read differently by different servers',
  'slash-in-measurement': 'a measurement with / cannot be found again after it was stored',
  'column-named-time': 'time is the name of the timestamp column; rename the tag or field',
  'tag-and-field-same-name': 'a tag and a field of one point need different names',
  'duplicate-tag': 'each tag key may occur once in a point',
  'duplicate-field': 'each field key may occur once in a point',
  'too-many-columns': 'a point may have at most 16384 tags and fields',
  'non-finite': 'a number must be finite and fit a 64-bit float',
  'bad-number': 'numbers are written 1, -1.5, 1e5, 1i or 1u',
  'integer-range': 'integers end in i or u and fit 64 bits without further digits',
  'bad-value': 'a field value is a number, true, false or a string in double quotes',
  'unterminated-string': 'a string ends with a double quote',
  'no-timestamp': 'a point ends with its timestamp; --missing-timestamp now stamps those without',
  'bad-timestamp': 'a timestamp is a whole decimal number of at most 19 digits',
  'timestamp-range': 'the timestamp must lie within what the server can place in a bucket, about years 1680 to 2260',
  'trailing-data': 'nothing but spaces may follow the timestamp on its line',
  'carriage-return': 'a carriage return may only stand at the end of a line',
  'series-key-too-long':
    'measurement and tag values together may take 511 bytes of index key in a CnosDB, 64 KiB elsewhere, 9 more counted per tag',
  'invalid-utf8': 'names and strings are UTF-8',
  'control-character': 'names and tag values cannot contain control characters, strings no NUL',
  'too-long': 'raise --max-point-bytes if the point is meant to be so long',
  'cut-short': 'the input ends inside this point; its last bytes may be missing',
  'ragged-row': 'each row has as many cells as the header',
  'bad-quote':
    'a quoted cell ends with a quote, right before a delimiter or the end of the line; quotes in it are doubled',
  'bad-json': 'each line is one JSON object',
  'array-value': 'a list fits no column; name one of its elements, as in --fields samples.0:float',
  'duplicate-column': 'each column may occur once in a row',
  'wrong-type': 'the type of a field is the declared one, else that of its first value, for the whole load',
  'inexact-integer':
    'whole numbers beyond 2^53 do not all fit a float; declare the field as integer, unsigned or string',
  'inexact-decimal':
    'a decimal of more digits than a float holds; declare the field as float to have the nearest, or as string',
  'backslash-in-name': 'a backslash in a name or tag value is read differently by different servers',
  'ambiguous-time':
    'the clock was changed then; give times an offset, or take one with --ambiguous-time earlier or later',
} as const;

export type Reason = keyof typeof reasons;

/** The closed list itself. */
export const reasonNames = Object.keys(reasons) as readonly Reason[];

/** Message for a reject: what was found, then what would have been right. */
export function describe(reason: Reason, found: string): string {
  return `found ${found}; ${reasons[reason]}`;
}
