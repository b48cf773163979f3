// Locates a remote object by URL and requests it, following redirects.

import { UsageError } from '../../core/errors.js';
import { shellQuote } from '../../core/text.js';
import { permanentFailure, type RequestFailure, refusedRequest } from './http-messages.js';
import type { Web, WebResponse } from './web-client.js';

export interface ObjectLocation {
  /** Name of the object in messages. */
  readonly name: string;
  /**
   * Requests the object with these headers and the credentials. Rejects with the network's error or the signal's
   * reason.
   */
  get(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<WebResponse | RequestFailure>;
  /**
   * Returns a shell command such as `curl URL` that writes the object to standard output. The command does not contain
   * secrets.
   */
  command(): string;
  /** Describes a response that does not deliver the object, such as a refusal. */
  refused(response: WebResponse): Promise<RequestFailure>;
}

const maxRedirects = 10;

/**
 * Locates an object by its URL. Sends the user and password in the URL only to the origin of this URL, and not to other
 * origins after a redirect. Throws UsageError if user or password are not percent-encoded.
 */
export function urlLocation(web: Web, name: string, url: URL): ObjectLocation {
  const credentials = basicAuthorization(name, url);
  return {
    name,
    async get(headers, signal) {
      let at = url;
      for (let hops = 0; hops <= maxRedirects; hops += 1) {
        const own = at.origin === url.origin ? credentials : {};
        const response = await web.get(at, { ...headers, ...own }, signal);
        const location = redirectOf(response);
        if (location === null) return response;
        response.body.destroy();
        const next = URL.canParse(location, at.href) ? new URL(location, at) : null;
        if (next === null || !/^https?:$/.test(next.protocol))
          return permanentFailure(`${response.status}: a redirect to something other than an http or https URL`);
        if (at.protocol === 'https:' && next.protocol === 'http:')
          return permanentFailure(
            `${response.status}: a redirect from https to http (${next.host}), which bulk-load does not follow`,
          );
        at = next;
      }
      return permanentFailure(`more than ${maxRedirects} redirects`);
    },
    command: () =>
      `curl -sSfL${web.hasOwnCa ? ' --cacert …' : ''} ${shellQuote(name === url.href ? name : `${name}…`)}`,
    refused: (response) => {
      response.body.destroy();
      return Promise.resolve(refusedRequest(response.status, '', response.headers, web.clock.now()));
    },
  };
}

function basicAuthorization(name: string, { username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  } catch {
    throw new UsageError([
      {
        tried: name,
        expected: 'a percent-encoded user and password in the URL',
        found: 'an invalid percent-encoding',
        fix: 'write % as %25',
      },
    ]);
  }
}

function redirectOf({ status, headers }: WebResponse): string | null {
  return [301, 302, 303, 307, 308].includes(status) && typeof headers.location === 'string' ? headers.location : null;
}
