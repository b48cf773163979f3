/** Values of options that nobody means. */
export const oddTexts = [
  ...['', '0', '-1', '1e309', 'NaN', '1.5GiB', '9999999999999999999GiB', '101%', '1h2m', 'off', 'true', '[]', '{}'],
  ...[
    'a:b:c',
    'a,,b',
    ',',
    '=',
    'a=b=c',
    '{column}',
    '}{',
    '\0',
    '\r\n',
    '\ufeff',
    '\ud800',
    '😀',
    '../..',
    '/dev/null',
  ],
  ...['http://', 'http://[::1', 'http://a:b@c:99999', 'http://a?x=1#y', '//x', 'localhost:0', '2020..2010', '..'],
  ...['0001-01-01..9999-12-31', '__proto__', 'constructor', 'K:', 'X: a\r\nY: b', 'Content-Length: 1', 'SHARD x', '-'],
  ...['--', '%s%n', '(((((', '[[[[', '1'.repeat(400), 'x'.repeat(100_000), '0x10', '1,000', '１', '٣', '\'"`;--'],
];
