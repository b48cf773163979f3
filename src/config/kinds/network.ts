// Kinds of option values: endpoints, headers, proxies and addresses.

import { z } from 'zod';
import { parseProxyUrl } from '../../core/network/proxy-url.js';
import { parseAddress } from './address.js';
import { explained, list, parsed } from './parsed.js';

/** An endpoint as a user typed it, with its credentials. */
export interface GivenUrl {
  /** URL of the endpoint without credentials, for messages. */
  readonly shown: string;
  /** Scheme, host, port and path, without a slash at the end. */
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

export function proxy() {
  return parsed(z.string(), 'the URL of an HTTP proxy, such as http://proxy:3128', parseProxyUrl);
}

export function address() {
  return parsed(z.string(), 'HOST:PORT, such as 127.0.0.1:9100 or :0', parseAddress);
}

/** Request paths that a URL must not contain, because the program adds such paths itself. */
const requestPath = /\/(write|query|api\/v1\/sql|api\/v[123]\/write(_lp)?|api\/v3\/query_sql)$/;

/**
 * Parses an endpoint; the default scheme is `http://`, as in curl. For an invalid URL, returns the phrase that follows
 * "expected" in the message.
 */
function parseUrl(given: string): GivenUrl | string {
  const text = lacksScheme(given) ? `http://${given}` : given;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:\/\//i.test(text) || !url.hostname) return 'a URL such as http://localhost:8902';
  const path = url.pathname.replace(/\/+$/, '');
  const request = requestPath.exec(path);
  if (request !== null)
    return `a URL without ${request[0]}, which bulk-load adds itself: ${url.origin}${path.slice(0, request.index)}`;
  if (url.search || url.hash) return `a URL without a query: ${url.origin}${path}`;
  try {
    const user = url.username ? decodeURIComponent(url.username) : null;
    const password = url.password ? decodeURIComponent(url.password) : null;
    const origin = url.origin + path;
    return { shown: origin, origin, user, password };
  } catch {
    return 'a URL in which user and password are percent-encoded';
  }
}

/**
 * Tests whether a text may be an endpoint without a scheme. Excludes `http:/host` and paths, which are typing errors.
 */
function lacksScheme(text: string): boolean {
  return !/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && !/^https?:\//i.test(text) && !text.startsWith('/');
}

/** Returns those URLs in a value that lack a scheme. Removes their credentials. */
export function schemelessUrls(value: unknown): string[] {
  const texts = (Array.isArray(value) ? value : [value]).flatMap((each) => String(each ?? '').split(','));
  const found = texts.map((text) => text.trim()).filter((text) => text !== '' && lacksScheme(text));
  return found.map((text) => text.slice(text.lastIndexOf('@') + 1));
}

const headerExample = "a header such as 'X-Team: data'";

/** Headers that the HTTP client sets, because they describe the body, the connection or the user. */
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
    ? `a header other than ${name}, which bulk-load sets itself`
    : { name, value };
}
