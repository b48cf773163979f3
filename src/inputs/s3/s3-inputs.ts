// `s3://bucket/key`, `s3://bucket/prefix/`, `s3://bucket/pattern*` → inputs, by the same patterns as for files.

import { UsageError } from '../../core/errors.js';
import type { Input } from '../../core/types/index.js';
import { objectInput, probeObject } from '../http/url-input.js';
import { type Listed, list } from './listing.js';
import type { S3Account } from './s3-account.js';

/** So many inputs a load can hold in mind beside its batches. */
const mostObjects = 250_000;

export function isS3(name: string): boolean {
  return /^s3:\/\//i.test(name);
}

/** Throws UsageError when nothing is there, and InputError when a list cannot be had. */
export async function s3Inputs(account: S3Account, name: string): Promise<Input[]> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/?(.*)$/is.exec(name) ?? [];
  if (bucket === undefined || key === undefined)
    throw new UsageError([`${name}: expected s3://bucket/key, s3://bucket/prefix/ or a pattern, got no bucket`]);
  if (key.split('/').some((part) => part === '.' || part === '..'))
    throw new UsageError([`${name}: expected a key without . and .. between slashes`]);
  const below = key === '' || key.endsWith('/');
  if (!below && !(await import('tinyglobby')).isDynamicPattern(key)) {
    const place = account.place(bucket, key, null);
    return [await probeObject(account.web, place, place.name)];
  }
  const found = await matching(account, bucket, key, below);
  if (found.length === 0)
    throw new UsageError([
      `${name}: expected ${below ? 'objects below this prefix' : 'a pattern that matches an object'}, got no match; the AWS tools list what is there with: aws s3 ls s3://${bucket}/`,
    ]);
  return found.map((each) => {
    const place = account.place(bucket, each.key, null);
    return objectInput(account.web, place, place.name, each.size);
  });
}

/** In the order of their bytes. A key that reads as a pattern is that object. */
async function matching(account: S3Account, bucket: string, key: string, below: boolean): Promise<Listed[]> {
  const { default: picomatch } = await import('picomatch');
  const matches = below ? (each: string) => !/(^|\/)\./.test(each.slice(key.length)) : picomatch(key);
  const found: Listed[] = [];
  for await (const each of list(account, bucket, below ? key : literal(key))) {
    // An empty object with such a name stands for a folder.
    if (each.key.endsWith('/')) continue;
    if (each.key === key) return [each];
    if (matches(each.key)) found.push(each);
    if (found.length > mostObjects)
      throw new UsageError([
        `s3://${bucket}/${key}: expected at most ${mostObjects} objects, got more; name a narrower pattern`,
      ]);
  }
  const keyed = found.map((each) => ({ each, bytes: Buffer.from(each.key) }));
  return keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ each }) => each);
}

/** What comes before the first sign that may stand for others. */
function literal(pattern: string): string {
  return /^[^*?[\]{}()!+@\\]*/.exec(pattern)![0];
}
