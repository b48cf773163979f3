// Detects servers that speak a protocol other than HTTP/1, by the first bytes that they send.

import { excerpt } from '../../../core/text.js';

const bannerBytes = 60;

const banners: readonly (readonly [start: RegExp, name: string])[] = [
  [/^SSH-/, 'an SSH server'],
  [/^220[ -]/, 'a mail or FTP server'],
  [/^\* OK/, 'an IMAP server'],
  [/^\+OK/, 'a POP3 server'],
  [/^-ERR/, 'a Redis server'],
  [/^ERROR\r?\n/, 'a memcached server'],
  [/^AMQP/, 'an AMQP server'],
  [/^RFB /, 'a VNC server'],
  [/^E[\s\S]{4}S(FATAL|ERROR)/, 'a PostgreSQL server'],
  // The first packet of MySQL: packet number 0, protocol version 10 (`\n`), then the version of the server.
  [/^[\s\S]{3}\0\n\d+\./, 'a MySQL server'],
];

/** Describes the server that sent these bytes; null for HTTP/1 and for unknown bytes. */
export function foreignServer(bytes: Uint8Array): string | null {
  const start = Buffer.from(bytes.subarray(0, bannerBytes)).toString('latin1');
  if (start.startsWith('HTTP/1')) return null;
  // A TLS alert: type 21, then version 3.x.
  if (bytes[0] === 21 && bytes[1] === 3) return 'the port expects TLS; use https:// in --url';
  // A SETTINGS frame on stream 0, with which an HTTP/2 server begins.
  if (bytes[0] === 0 && bytes[3] === 4 && start.slice(5, 9) === '\0\0\0\0')
    return 'the port accepts HTTP/2 only, such as the gRPC port of a node; give the HTTP port in --url';
  const found = banners.find(([pattern]) => pattern.test(start));
  if (found === undefined) return null;
  const line = start
    .split(/[\r\n]/, 1)[0]!
    .replace(/[^ -~]+/g, ' ')
    .trim();
  const banner = line === '' ? '' : ` (${excerpt(line, bannerBytes)})`;
  return `it is ${found[1]}${banner}, not an HTTP server; check --url`;
}
