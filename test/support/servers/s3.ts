// S3 on loopback as far as reading goes: objects with ranges, ListObjectsV2 page by page, and signatures checked from the
// description of Signature Version 4, not by the code that signs. (The one server on npm, s3rver 3.7.1, lets every such
// signature pass, and cannot give a second page since OpenSSL 3.)

import { createHash, createHmac } from 'node:crypto';
import { type Act, type Asked, startFiles } from './files.js';

export interface S3 {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** For the loader: keys that are known there, and the endpoint. */
  readonly env: Record<string, string>;
  put(key: string, content: string | Uint8Array): void;
  stop(): Promise<void>;
}

export const bucket = 'readings';
const region = 'eu-central-1';
const [id, secret] = ['AKIATEST', 'hush/secret+key'];
/** Keys of a page. */
const most = 5;

export async function startS3(): Promise<S3> {
  const objects = new Map<string, Buffer>();
  const server = await startFiles();
  server.act((asked) => answer(asked, objects));
  return {
    url: server.url,
    asked: server.asked,
    env: {
      AWS_ACCESS_KEY_ID: id,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_ENDPOINT_URL_S3: server.url,
      AWS_REGION: region,
    },
    put: (key, content) => void objects.set(key, Buffer.from(content)),
    stop: () => server.stop(),
  };
}

function answer(asked: Asked, objects: ReadonlyMap<string, Buffer>): Act {
  const wrong = forgery(asked);
  if (wrong !== null) return refusal(403, wrong);
  const url = new URL(asked.path, 'http://host');
  const [, named, ...rest] = url.pathname.split('/').map(decodeURIComponent);
  if (named !== bucket) return refusal(404, 'NoSuchBucket');
  if (url.searchParams.has('list-type')) return { status: 200, body: page(url.searchParams, [...objects]) };
  const content = objects.get(rest.join('/'));
  return content === undefined ? refusal(404, 'NoSuchKey') : { content };
}

function refusal(status: number, code: string): Act {
  return { status, body: `<?xml version="1.0"?>\n<Error><Code>${code}</Code><RequestId>1</RequestId></Error>` };
}

function page(query: URLSearchParams, objects: [string, Buffer][]): string {
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString();
  const all = objects
    .filter(
      ([key]) => key.startsWith(query.get('prefix') ?? '') && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0,
    )
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const some = all.slice(0, most);
  const next = Buffer.from(some.at(-1)?.[0] ?? '').toString('base64');
  const contents = some.map(
    ([key, { length }]) => `<Contents><Key>${strict(key)}</Key><Size>${length}</Size></Contents>`,
  );
  const more = all.length > most ? `<NextContinuationToken>${next}</NextContinuationToken>` : '';
  return `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${more !== ''}</IsTruncated>${more}${contents.join('')}</ListBucketResult>`;
}

/** Code of the error; null: whoever asked has the keys. */
function forgery({ path, headers }: Asked): string | null {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([\da-f]{64})$/;
  const match = pattern.exec(headers.authorization ?? '');
  if (match === null) return 'AccessDenied';
  const [, key, day, where, names, signature] = match as unknown as string[];
  if (key !== id) return 'InvalidAccessKeyId';
  const signed = names!.split(';');
  const needed = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (where !== region || !needed.every((name) => signed.includes(name))) return 'AuthorizationHeaderMalformed';
  const stamp = String(headers['x-amz-date']);
  const at = Date.parse(stamp.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(at - Date.now()) < 15 * 60_000) || !stamp.startsWith(day!)) return 'RequestTimeTooSkewed';
  const { pathname, searchParams } = new URL(path, 'http://host');
  const request = [
    'GET',
    pathname
      .split('/')
      .map((part) => strict(decodeURIComponent(part)))
      .join('/'),
    [...searchParams]
      .map((pair) => pair.map(strict).join('='))
      .sort()
      .join('&'),
    ...signed.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    headers['x-amz-content-sha256'],
  ].join('\n');
  const scope = `${day}/${where}/s3/aws4_request`;
  const hash = createHash('sha256').update(request).digest('hex');
  const chain = [day!, where, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const expected = hmac(chain, ['AWS4-HMAC-SHA256', stamp, scope, hash].join('\n')).toString('hex');
  return expected === signature ? null : 'SignatureDoesNotMatch';
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function strict(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
