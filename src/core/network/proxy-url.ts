/** An HTTP proxy. Only `authorization` contains credentials. */
export interface ProxyUrl {
  /** URL of the proxy, without credentials. */
  readonly origin: string;
  /** Value of the Proxy-Authorization header; null without credentials. */
  readonly authorization: string | null;
}

/** Default port of a proxy, as in curl. */
const defaultPort = 1080;

/**
 * Parses the URL of an HTTP proxy; the default scheme is `http://`. Returns null for other text, such as a SOCKS URL.
 */
export function parseProxyUrl(given: string): ProxyUrl | null {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') return null;
  // The class `URL` drops the standard port 80, so this test searches the text for an explicit :80.
  const hasPort = url.port !== '' || /:80\/?$/.test(text);
  if (!hasPort && url.protocol === 'http:') url.port = String(defaultPort);
  try {
    const credentials = [url.username, url.password].map(decodeURIComponent).join(':');
    const authorization = credentials === ':' ? null : `Basic ${Buffer.from(credentials).toString('base64')}`;
    return { origin: url.origin, authorization };
  } catch {
    return null;
  }
}

/** Returns a host name without the brackets that URLs put around IPv6 addresses. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
