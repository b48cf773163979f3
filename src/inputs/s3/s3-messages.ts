// Describes for messages why S3 refused a request.

import { permanentFailure, type RequestFailure, refusedRequest } from '../http/http-messages.js';
import type { WebResponse } from '../http/web-client.js';
import { childText, parseRoot, readText } from './s3-xml.js';

const maxBytes = 16 * 1024;

export interface S3RequestContext {
  readonly bucket: string;
  readonly region: string;
  /** True if the request was signed with credentials. */
  readonly signed: boolean;
}

const transientCodes = ['SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout', 'Throttling'];

export async function s3Refusal(
  response: WebResponse,
  context: S3RequestContext,
  nowMs: number,
): Promise<RequestFailure> {
  const error = await parseRoot(await readText(response, maxBytes));
  const code = (error && childText(error, 'Code')) ?? '';
  const plain = refusedRequest(response.status, code, response.headers, nowMs);
  if (transientCodes.includes(code)) return { ...plain, transient: true };
  if (plain.transient) return plain;
  const region = response.headers['x-amz-bucket-region'] ?? (error && childText(error, 'Region'));
  const bucketRegion = typeof region === 'string' && region !== context.region ? region : null;
  const status = `${response.status}${code === '' ? '' : ` ${code}`}`;
  return permanentFailure(`${status}: ${explain(code, response.status, context, bucketRegion)}`);
}

const codes: Record<string, string> = {
  NoSuchKey: 'the bucket has no object under this key',
  InvalidAccessKeyId: 'the server does not know the access key; see AWS_ACCESS_KEY_ID and AWS_PROFILE',
  SignatureDoesNotMatch: 'the secret key does not fit the access key; see AWS_SECRET_ACCESS_KEY',
  ExpiredToken: 'the session has expired; sign in again',
  RequestTimeTooSkewed: 'the clock of this machine is wrong',
  InvalidObjectState: 'the object is archived; restore the object first',
};

function explain(
  code: string,
  status: number,
  { bucket, region, signed }: S3RequestContext,
  bucketRegion: string | null,
): string {
  if (bucketRegion !== null)
    return `the bucket is in ${bucketRegion}, not in ${region}; set AWS_REGION=${bucketRegion}`;
  if (code === 'NoSuchBucket') return `there is no bucket ${bucket} at this endpoint`;
  if (Object.hasOwn(codes, code)) return codes[code]!;
  if (status === 404) return 'the bucket has no object under this key';
  if (status === 301 || code === 'PermanentRedirect')
    return `the bucket is not in ${region}; set AWS_REGION to the region of the bucket`;
  if (status !== 403) return 'the server refuses access';
  return signed
    ? 'the credentials lack a permission (they need s3:GetObject, and s3:ListBucket for patterns)'
    : 'no credentials were found, and the object or bucket is not public; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE';
}
