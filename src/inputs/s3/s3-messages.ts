// S3's refusals in words: what was asked, what came, what to do.

import { type RequestFailure, refusalOf } from '../http/http-messages.js';
import type { WebResponse } from '../http/web-client.js';

const mostBytes = 16 * 1024;

export interface S3RequestContext {
  readonly bucket: string;
  readonly region: string;
  /** Whether the request was signed. */
  readonly signed: boolean;
}

const busy = ['SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout', 'Throttling'];

export async function s3Refusal(
  got: WebResponse,
  { bucket, region, signed }: S3RequestContext,
  nowMs: number,
): Promise<RequestFailure> {
  const text = await textOf(got, mostBytes);
  const code = tag(text, 'Code') ?? '';
  const plain = refusalOf(got.status, code, got.headers, nowMs);
  if (busy.includes(code)) return { ...plain, later: true };
  if (plain.later) return plain;
  const told = got.headers['x-amz-bucket-region'] ?? tag(text, 'Region');
  const elsewhere = typeof told === 'string' && told !== region ? told : null;
  return {
    ...plain,
    reason: `${got.status}${code === '' ? '' : ` ${code}`}: ${words(code, got.status, { bucket, region, signed, elsewhere })}`,
  };
}

function words(
  code: string,
  status: number,
  { bucket, region, signed, elsewhere }: S3RequestContext & { readonly elsewhere: string | null },
): string {
  if (elsewhere !== null) return `the bucket is in ${elsewhere}, asked was ${region}; set AWS_REGION=${elsewhere}`;
  if (code === 'NoSuchBucket') return `there is no bucket ${bucket} at this endpoint`;
  if (code === 'NoSuchKey' || status === 404) return 'there is nothing under this key';
  if (status === 301 || code === 'PermanentRedirect')
    return `the bucket is not in ${region}; set AWS_REGION to its region`;
  if (code === 'InvalidAccessKeyId') return 'the access key is not known there; see AWS_ACCESS_KEY_ID and AWS_PROFILE';
  if (code === 'SignatureDoesNotMatch') return 'the secret key does not fit the access key; see AWS_SECRET_ACCESS_KEY';
  if (code === 'ExpiredToken') return 'the session has expired; sign in again';
  if (code === 'RequestTimeTooSkewed') return 'the clock of this machine is wrong';
  if (code === 'InvalidObjectState') return 'it is archived; restore it first';
  if (status !== 403) return 'the server will not give it';
  return signed
    ? 'these credentials may not read it (s3:GetObject, and s3:ListBucket for patterns)'
    : 'no credentials were found, and it is not public; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE';
}

/** The first one of that name. */
export function tag(xml: string, name: string): string | null {
  const match = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml);
  return match === null ? null : unescaped(match[1]!);
}

const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    return named[name] ?? whole;
  });
}

/** The first bytes of an answer; the rest is not read. Rejects with the network's error. */
export async function textOf({ body }: WebResponse, mostBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    parts.push(part as Buffer);
    length += (part as Buffer).length;
    if (length >= mostBytes) break;
  }
  return Buffer.concat(parts).toString('utf8', 0, mostBytes);
}
