// Endpoints, headers and addresses.

import { z } from 'zod';
import { parseAddress } from './address.js';
import { explained, list, parsed } from './parsed.js';

/** An endpoint as a user typed it, with its credentials. */
export interface GivenUrl {
  /** URL without credentials. */
  readonly shown: string;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly user: string | null;
  readonly password: string | null;
}

export function urls() {
  const split = (text: string) => text.split(',').map((each) => each.trim());
  return list(split, explained(parseUrl), 'at least one URL such as http://localhost:8902');
}

export function headers() {
  return list((text) => text.split('\n').map((each) => each.trim()), explained(parseHeader), headerExample);
}

export function address() {
  return parsed(z.string(), 'HOST:PORT, such as 127.0.0.1:9100 or :0', parseAddress);
}

/** A string completes "expected …". */
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

const headerExample = "a header such as 'X-Team: data'";

/** Headers that describe the body, the connection or the user; the HTTP client sets them. */
const reserved = new Set(
  'authorization connection content-encoding content-length expect host http2-settings keep-alive proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

function parseHeader(text: string): { readonly name: string; readonly value: string } | string {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text);
  if (!match) return headerExample;
  const [, name = '', value = ''] = match;
  return reserved.has(name.toLowerCase())
    ? `a header other than ${name}, which the program sets itself`
    : { name, value };
}
