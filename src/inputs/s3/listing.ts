// The keys of a bucket below a prefix, page by page.

import type { XmlElement } from '@rgrove/parse-xml';
import { fullJitter } from '../../core/backoff.js';
import { InputError, UsageError } from '../../core/errors.js';
import { failedRequest, permanentFailure, type RequestFailure } from '../http/http-messages.js';
import type { S3Account } from './s3-account.js';
import { childrenOf, childText, parseRoot, readText } from './s3-xml.js';

/** Twice the size of a page with a thousand of the longest keys. */
const pageBytes = 8 * 1024 * 1024;
const retryMs = 15_000;
const backoff = { firstMs: 500, maxMs: 500 };

export interface ListedObject {
  readonly key: string;
  readonly size: number;
}

/** Lists objects in the server's order. Throws UsageError for a bucket that cannot be listed, InputError for a failing server. */
export async function* list(account: S3Account, bucket: string, prefix: string): AsyncGenerator<ListedObject, void> {
  const tried = `listing s3://${bucket}/${prefix}`;
  let next: Record<string, string> | null = { 'list-type': '2' };
  do {
    const page: XmlElement = await pageOf(account, bucket, { 'encoding-type': 'url', prefix, ...next }, tried);
    const isEncoded = childText(page, 'EncodingType') === 'url';
    for (const entry of childrenOf(page, 'Contents')) {
      const key = childText(entry, 'Key');
      const size = Number(childText(entry, 'Size'));
      if (key !== null) yield { key: isEncoded ? decodeURIComponent(key.replaceAll('+', ' ')) : key, size };
    }
    next = continuationOf(page);
  } while (next !== null);
}

/** Returns the parameters of the next request, or null after the last page. */
function continuationOf(page: XmlElement): Record<string, string> | null {
  const token = childText(page, 'IsTruncated') === 'true' ? childText(page, 'NextContinuationToken') : null;
  return token === null ? null : { 'list-type': '2', 'continuation-token': token };
}

async function pageOf(
  account: S3Account,
  bucket: string,
  query: Readonly<Record<string, string>>,
  tried: string,
): Promise<XmlElement> {
  const { clock, random } = account.web;
  const from = clock.monotonic();
  for (let failures = 1; ; failures += 1) {
    const page = await request(account, bucket, query);
    if (!('transient' in page)) return page;
    const problem = { tried, expected: 'a list of keys', found: page.reason, fix: '' };
    if (!page.transient) throw new UsageError([problem]);
    const wait = Math.max(page.retryAfterMs, fullJitter(failures, backoff, random));
    if (clock.monotonic() - from + wait > retryMs)
      throw new InputError({ ...problem, fix: 'run the same command again when the server can be reached' });
    await clock.sleep(wait);
  }
}

async function request(
  account: S3Account,
  bucket: string,
  query: Readonly<Record<string, string>>,
): Promise<XmlElement | RequestFailure> {
  const location = account.location(bucket, '', query);
  try {
    const response = await location.get({}, AbortSignal.timeout(60_000));
    if ('transient' in response) return response;
    if (response.status !== 200) return await location.refused(response);
    const root = await parseRoot(await readText(response, pageBytes));
    if (root?.name === 'ListBucketResult') return root;
    return permanentFailure('another response; does the endpoint speak S3?');
  } catch (error) {
    if (error instanceof UsageError || error instanceof InputError) throw error;
    return failedRequest(error);
  }
}
