// What lies in a bucket below a prefix: a page of a thousand keys at a time, of which only those that match are kept.

import { InputError, UsageError } from '../../core/errors.js';
import { type RequestFailure, troubleOf } from '../http/http-messages.js';
import type { S3Account } from './s3-account.js';
import { tag, textOf } from './s3-messages.js';

/** Twice what a thousand of the longest keys take. */
const pageBytes = 8 * 1024 * 1024;
const patienceMs = 15_000;
const waitMs = 500;

export interface Listed {
  readonly key: string;
  readonly size: number;
}

/** In the server's order. Throws UsageError for what cannot be listed, InputError for who does not answer. */
export async function* list(account: S3Account, bucket: string, prefix: string): AsyncGenerator<Listed, void> {
  let token: string | null = null;
  do {
    const page: string = await pageOf(account, bucket, prefix, token);
    const coded = tag(page, 'EncodingType') === 'url';
    for (const [, entry] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      const key = tag(entry!, 'Key');
      const size = Number(tag(entry!, 'Size'));
      if (key !== null) yield { key: coded ? decodeURIComponent(key.replaceAll('+', ' ')) : key, size };
    }
    token = tag(page, 'IsTruncated') === 'true' ? tag(page, 'NextContinuationToken') : null;
  } while (token !== null);
}

async function pageOf(account: S3Account, bucket: string, prefix: string, token: string | null): Promise<string> {
  const { clock, random } = account.web;
  const from = clock.monotonic();
  for (;;) {
    const page = await attempt(account, bucket, prefix, token);
    if (typeof page === 'string') return page;
    const what = `listing s3://${bucket}/${prefix}: expected keys, got ${page.reason}`;
    if (!page.later) throw new UsageError([what]);
    const wait = Math.max(page.retryAfterMs, random() * waitMs);
    if (clock.monotonic() - from + wait > patienceMs)
      throw new InputError(`${what}; run the same command again when it can be reached`);
    await clock.sleep(wait);
  }
}

async function attempt(
  account: S3Account,
  bucket: string,
  prefix: string,
  token: string | null,
): Promise<string | RequestFailure> {
  const more = token === null ? {} : { 'continuation-token': token };
  const place = account.place(bucket, '', { 'list-type': '2', 'encoding-type': 'url', prefix, ...more });
  try {
    const got = await place.get({}, AbortSignal.timeout(60_000));
    if ('later' in got) return got;
    if (got.status !== 200) return await place.refused(got);
    const text = await textOf(got, pageBytes);
    return text.includes('<ListBucketResult') && text.trimEnd().endsWith('>')
      ? text
      : { later: false, reason: 'another answer than a list; does the endpoint speak S3?', retryAfterMs: 0 };
  } catch (error) {
    if (error instanceof UsageError || error instanceof InputError) throw error;
    return troubleOf(error);
  }
}
