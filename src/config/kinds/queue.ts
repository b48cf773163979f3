// A kind of option value: the URLs of the Redis or Valkey server that distributes the pieces of a load to workers.

import type { QueueAddress } from '../../core/types/index.js';
import { explained } from './parsed.js';

const example = 'a URL such as redis://user@localhost:6379/0, or rediss:// for TLS';

export function queue() {
  return explained(parseQueue);
}

/**
 * Parses URLs; the first URL gives credentials, database and TLS. For an invalid URL, returns the phrase that follows
 * "expected" in the message.
 */
function parseQueue(text: string): QueueAddress | string {
  const given = text.split(',').map((each) => each.trim());
  const urls = given.map((each) => (URL.canParse(each) ? new URL(each) : null));
  const [first] = urls;
  if (!first || urls.some((url) => !url?.hostname || !/^rediss?:$/.test(url.protocol) || url.search || url.hash))
    return example;
  const path = /^\/?(\d{0,4})$/.exec(first.pathname);
  if (path === null) return `${example}, with the number of the database as its path`;
  try {
    const decoded = (part: string): string | null => (part === '' ? null : decodeURIComponent(part));
    return {
      nodes: urls.map((url) => ({ host: url!.hostname.replace(/^\[|\]$/g, ''), port: Number(url!.port || 6379) })),
      database: Number(path[1]),
      isTls: first.protocol === 'rediss:',
      user: decoded(first.username),
      password: decoded(first.password),
      shown: urls.map((url) => `${url!.protocol}//${url!.host}`).join(','),
    };
  } catch {
    return 'a URL in which user and password are percent-encoded';
  }
}
