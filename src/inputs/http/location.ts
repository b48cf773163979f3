// Where an object lies, and how one asks for it there: by URL, with redirects followed.

import { UsageError } from '../../core/errors.js';
import { quoted } from '../decompress/sniff.js';
import { type RequestFailure, refusalOf } from './http-messages.js';
import type { Web, WebResponse } from './web-client.js';

/** An object on some server. */
export interface ObjectLocation {
  /** As it is shown. */
  readonly name: string;
  /** A request for it with these headers, credentials added. Rejects with the network's error or the signal's reason. */
  get(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<WebResponse | RequestFailure>;
  /** A shell command of another tool that writes the object to standard output; without secrets. */
  command(): string;
  /** What an answer means that is not the content. */
  refused(got: WebResponse): Promise<RequestFailure>;
}

const mostRedirects = 10;

/** User and password of the URL go to its own origin and to no other one. Throws UsageError where they are not encoded. */
export function urlLocation(web: Web, name: string, url: URL): ObjectLocation {
  const credentials = basic(name, url);
  return {
    name,
    async get(headers, signal) {
      let at = url;
      for (let hops = 0; hops <= mostRedirects; hops += 1) {
        const own = at.origin === url.origin ? credentials : {};
        const got = await web.get(at, { ...headers, ...own }, signal);
        const location = redirect(got);
        if (location === null) return got;
        got.body.destroy();
        const next = URL.canParse(location, at.href) ? new URL(location, at) : null;
        const problem =
          next === null || !/^https?:$/.test(next.protocol) ? 'to no URL of http or https' : unsafe(at, next);
        if (problem !== null || next === null) return stop(`${got.status}: it redirects ${problem}`);
        at = next;
      }
      return stop(`it redirects more than ${mostRedirects} times`);
    },
    command: () => `curl -sSfL${web.trustsMore ? ' --cacert …' : ''} ${quoted(name === url.href ? name : `${name}…`)}`,
    refused: (got) => {
      got.body.destroy();
      return Promise.resolve(refusalOf(got.status, '', got.headers, web.clock.now()));
    },
  };
}

function basic(name: string, { username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  } catch {
    throw new UsageError([`${name}: expected user and password in a URL percent-encoded; write % as %25`]);
  }
}

function redirect({ status, headers }: WebResponse): string | null {
  return [301, 302, 303, 307, 308].includes(status) && typeof headers.location === 'string' ? headers.location : null;
}

function unsafe(from: URL, to: URL): string | null {
  return from.protocol === 'https:' && to.protocol === 'http:' ? `from https to http (${to.host}); not followed` : null;
}

function stop(reason: string): RequestFailure {
  return { later: false, reason, retryAfterMs: 0 };
}
