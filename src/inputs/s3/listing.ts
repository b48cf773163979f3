// Lists the keys of a bucket below a prefix, page by page.

import type { XmlElement } from '@rgrove/parse-xml';
import { InputError, UsageError } from '../../core/errors.js';
import { fullJitter } from '../../core/time/backoff.js';
import { failedRequest, permanentFailure, type RequestFailure } from '../http/http-messages.js';
import type { S3Account } from './s3-account.js';
import { childrenOf, childText, parseRoot, readText } from './s3-xml.js';

/** Longest page of a listing, bytes. A page with a thousand of the longest keys takes half of this size. */
const pageBytes = 8 * 1024 * 1024;
const retryMs = 15_000;
const backoff = { firstMs: 500, maxMs: 500 };

export interface ListedObject {
  readonly key: string;
  readonly size: number;
}

/**
 * Lists objects in the server's order. Throws UsageError if the bucket cannot be listed, and InputError if the server
 * fails.
 */
export async function* list(account: S3Account, bucket: string, prefix: string): AsyncGenerator<ListedObject, void> {
  const tried = `listing s3://${bucket}/${prefix}`;
  const seen = new Set<string>();
  let next: Record<string, string> | null = { 'list-type': '2' };
  do {
    const page: XmlElement = await pageOf(account, bucket, { 'encoding-type': 'url', prefix, ...next }, tried);
    const text = childText(page, 'EncodingType') === 'url' ? (value: string) => decode(value, tried) : String;
    for (const entry of childrenOf(page, 'Contents')) {
      const [key, size] = [childText(entry, 'Key'), childText(entry, 'Size')];
      if (key === null || size === null || !/^\d{1,15}$/.test(size))
        throw contradiction(tried, 'a key and a size for each object', 'an entry without a key or a valid size');
      yield { key: text(key), size: Number(size) };
    }
    next = continuationOf(page, text, tried);
    const token = JSON.stringify(next);
    if (seen.has(token)) throw contradiction(tried, 'each page once', 'the same continuation token twice');
    seen.add(token);
  } while (next !== null);
}

/**
 * Returns the parameters of the request for the next page; null after the last page. A server that supports only
 * version 1 of the request ignores `list-type` and responds with a marker.
 */
function continuationOf(
  page: XmlElement,
  text: (value: string) => string,
  tried: string,
): Record<string, string> | null {
  if (childText(page, 'IsTruncated') !== 'true') return null;
  const token = childText(page, 'NextContinuationToken');
  if (token !== null) return { 'list-type': '2', 'continuation-token': token };
  const marker = childText(page, 'NextMarker');
  if (marker !== null) return { marker: text(marker) };
  throw contradiction(tried, 'a continuation token for the next page', 'a truncated list without a token');
}

/** Decodes a key. Throws InputError for an invalid percent-encoding. */
function decode(text: string, tried: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw contradiction(tried, 'percent-encoded keys', 'an invalid percent-encoding');
  }
}

/** Builds the error for a list that may be incomplete. */
function contradiction(tried: string, expected: string, found: string): InputError {
  const fix = 'name the objects one by one, or fetch them with another tool';
  return new InputError({ tried, expected, found, fix });
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
    return permanentFailure('a response that is not a list of keys; check that the endpoint is an S3 server');
  } catch (error) {
    if (error instanceof UsageError || error instanceof InputError) throw error;
    return failedRequest(error);
  }
}
