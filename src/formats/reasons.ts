// The reasons why a point is rejected before it is sent. The list is fixed, because people filter dead letters by
// reason.

/** For each reason, the rule that a rejected point broke. Reason names are in kebab-case and never change. */
export const reasons = {
  'no-measurement': 'a point starts with the name of its measurement',
  'no-fields': 'a point needs at least one field after its measurement and tags, on the same line',
  'empty-tag-key': 'a tag is written key=value, and the key cannot be empty',
  'empty-tag-value': 'a tag value cannot be empty; leave the tag out instead',
  'no-tag-value': 'a tag is written key=value, and commas and spaces in names are escaped with a backslash',
  'empty-field-key': 'a field is written key=value, and the key cannot be empty',
  'no-field-value': 'a field is written key=value, and commas and spaces in names are escaped with a backslash',
  'empty-field-value': 'a field needs a value: a number, a boolean or a quoted string',
  'newline-in-name': 'a line cannot end inside a name',
  'bad-escape':
    'in a name, a backslash may stand only before a comma, a space, = (not in measurements), a quote or a backslash',
  'bad-string-escape': 'servers read three or more backslashes before a quote in different ways',
  'slash-in-measurement': 'CnosDB stores a measurement with /, but cannot query this measurement',
  'column-named-time': 'time is the name of the timestamp column; rename the tag or field',
  'tag-and-field-same-name': 'a tag and a field of one point need different names',
  'duplicate-tag': 'each tag key may occur once in a point',
  'duplicate-field': 'each field key may occur once in a point',
  'too-many-columns': 'a point may have at most 16384 tags and fields',
  'non-finite': 'a number must be finite and fit a 64-bit float',
  'bad-number': 'numbers are written 1, -1.5, 1e5, 1i or 1u',
  'integer-range':
    'an integer fits 64 bits; a signed integer has at most 19 digits, an unsigned integer at most 20 digits',
  'bad-value': 'a field value is a number, true, false or a string in double quotes',
  'unterminated-string': 'a string ends with a double quote',
  'no-timestamp': 'a point ends with its timestamp; --missing-timestamp=now generates missing timestamps',
  'bad-timestamp': 'a timestamp is a whole decimal number of at most 19 digits',
  'inexact-time':
    'the timestamp has more digits than --precision holds; --time-rounding truncate drops the extra digits',
  'timestamp-range': 'servers store only timestamps from about the year 1680 to about the year 2260',
  'trailing-data': 'only spaces may follow the timestamp on a line',
  'carriage-return': 'a carriage return may stand only at the end of a line',
  'series-key-too-long':
    'measurement and tags form the series key, which has at most 511 bytes in CnosDB and 64 KiB elsewhere; each tag counts as its text plus 9 bytes',
  'invalid-utf8': 'names and strings are UTF-8',
  'control-character': 'names and tag values cannot contain control characters, and strings cannot contain NUL',
  'too-long': 'raise --max-point-bytes to load such points',
  'cut-short': 'the input ends inside this point; the last bytes of the input may be missing',
  'ragged-row': 'each row and the header have the same number of cells',
  'bad-quote':
    'a quoted cell ends with a quote before a delimiter or the end of the line, and quotes inside the cell are doubled',
  'bad-json': 'each line is one JSON object',
  'array-value': 'a list does not fit a column; name an element of the list, as in --fields samples.0:float',
  'duplicate-column': 'each column may occur once in a row',
  'wrong-type': 'the declared type of a field, or the type of its first value, holds for the whole load',
  'inexact-integer':
    'a float holds whole numbers exactly only up to 2^53; declare the field as integer, unsigned or string',
  'inexact-decimal':
    'the decimal has more digits than a float holds; declare the field as float to round the decimal, or declare the field as string',
  'backslash-in-name': 'servers read a backslash in a name or tag value in different ways',
  'ambiguous-time':
    'the clocks changed at this time; add an offset to the times, or set --ambiguous-time earlier or later',
} as const;

export type Reason = keyof typeof reasons;

/** All reasons, in a fixed order. */
export const reasonNames = Object.keys(reasons) as readonly Reason[];

/** Composes the message of a reject: what was found, then the rule. */
export function describe(reason: Reason, found: string, rule: string | null = null): string {
  return `found ${found}; ${rule ?? reasons[reason]}`;
}
