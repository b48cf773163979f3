// Creates inputs from `s3://bucket/key`, `s3://bucket/prefix/` and `s3://bucket/pattern*`. Patterns have the same
// meaning as for local files.

import { UsageError } from '../../core/errors.js';
import type { Input } from '../../core/types/index.js';
import { objectInput, probeObject } from '../http/url-input.js';
import { isHidden } from '../local/discover.js';
import { type ListedObject, list } from './listing.js';
import type { S3Account } from './s3-account.js';

/** Largest number of inputs for one name. The plan for the memory of bulk-load allows for this many inputs. */
const maxObjects = 250_000;

export function isS3(name: string): boolean {
  return /^s3:\/\//i.test(name);
}

/**
 * Returns the inputs for a name. Throws UsageError without a matching object, and InputError if a listing fails.
 * @param leftOut called for each object that is left out because a part of its key is hidden
 */
export async function s3Inputs(account: S3Account, name: string, leftOut = (): void => {}): Promise<Input[]> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/?(.*)$/is.exec(name) ?? [];
  if (bucket === undefined || key === undefined)
    throw refusal(name, 's3://bucket/key, s3://bucket/prefix/ or a pattern', 'no bucket');
  if (key.split('/').some((part) => part === '.' || part === '..'))
    throw refusal(name, 'a key in which no part between slashes is . or ..', 'a key with such a part');
  const below = key === '' || key.endsWith('/');
  if (!below && !(await import('tinyglobby')).isDynamicPattern(key)) {
    const location = account.location(bucket, key, null);
    return [await probeObject(account.web, location, location.name)];
  }
  const found = await matching(account, bucket, key, below, leftOut);
  if (found.length === 0)
    throw refusal(
      name,
      below ? 'objects below this prefix' : 'a pattern that matches an object',
      'no match',
      `list the objects: \`aws s3 ls s3://${bucket}/\``,
    );
  return found.map((each) => {
    const location = account.location(bucket, each.key, null);
    return objectInput(account.web, location, location.name, each.size);
  });
}

function refusal(tried: string, expected: string, found: string, fix = ''): UsageError {
  return new UsageError([{ tried, expected, found, fix }]);
}

/** Returns the matching objects in byte order. If a key equals the pattern, that key is the only match. */
async function matching(
  account: S3Account,
  bucket: string,
  key: string,
  below: boolean,
  leftOut: () => void,
): Promise<ListedObject[]> {
  const { default: picomatch } = await import('picomatch');
  const isVisible = (each: string): boolean => !each.slice(key.length).split('/').some(isHidden);
  const matches = below ? isVisible : picomatch(key);
  const found: ListedObject[] = [];
  for await (const each of list(account, bucket, below ? key : literalPrefix(key))) {
    // An empty object whose key ends with a slash represents a folder.
    if (each.key.endsWith('/')) continue;
    if (each.key === key) return [each];
    if (matches(each.key)) found.push(each);
    else if (below) leftOut();
    if (found.length > maxObjects)
      throw refusal(`s3://${bucket}/${key}`, `at most ${maxObjects} objects`, 'more', 'name a narrower pattern');
  }
  const keyed = found.map((each) => ({ each, bytes: Buffer.from(each.key) }));
  return keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ each }) => each);
}

/** Returns the part of a pattern before its first special character. */
function literalPrefix(pattern: string): string {
  return /^[^*?[\]{}()!+@\\]*/.exec(pattern)![0];
}
