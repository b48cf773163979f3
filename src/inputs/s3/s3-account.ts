// S3 as this machine may use it: endpoint, region and credentials, and requests signed with them. One for a whole run.

import { InputError } from '../../core/errors.js';
import { quoted } from '../decompress/sniff.js';
import type { ObjectLocation } from '../http/location.js';
import type { Web, WebResponse } from '../http/web-client.js';
import { CredentialChain } from './credentials.js';
import { type Environment, readProfile } from './profile.js';
import { s3Refusal, textOf } from './s3-messages.js';

const longestAnswer = 64 * 1024;

interface ResolvedCredentials {
  readonly chain: CredentialChain;
  readonly region: string;
  /** Null: Amazon's. */
  readonly endpoint: URL | null;
}

export class S3Account {
  readonly web: Web;
  readonly #env: Environment;
  #found: Promise<ResolvedCredentials> | undefined;

  constructor(web: Web, env: Environment) {
    this.web = web;
    this.#env = env;
  }

  /** What lies under a key, or with a query the bucket's own answers. Its methods throw UsageError, too. */
  place(bucket: string, key: string, query: Readonly<Record<string, string>> | null): ObjectLocation {
    let signed = false;
    return {
      name: `s3://${bucket}/${key}`,
      get: async (headers, signal) => {
        const { chain, ...where } = await this.#look();
        const url = address(where, bucket, key, query);
        const credentials = await chain.get(this.web.clock.now());
        signed = credentials !== null;
        if (credentials === null) return await this.web.get(url, headers, signal);
        const { AwsV4Signer } = await import('aws4fetch');
        const signer = new AwsV4Signer({ ...credentials, url: url.href, service: 's3', region: where.region });
        const all = { ...headers, ...Object.fromEntries((await signer.sign()).headers) };
        return await this.web.get(url, all, signal);
      },
      command: () => `aws s3 cp${signed ? '' : ' --no-sign-request'} ${quoted(`s3://${bucket}/${key}`)} -`,
      refused: async (got: WebResponse) => {
        const { region } = await this.#look();
        return await s3Refusal(got, { bucket, region, signed }, this.web.clock.now());
      },
    };
  }

  #look(): Promise<ResolvedCredentials> {
    this.#found ??= this.#find();
    return this.#found;
  }

  async #find(): Promise<ResolvedCredentials> {
    const env = this.#env;
    const profile = await readProfile(env);
    const { values } = profile;
    const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || values.endpoint_url;
    if (endpoint && !/^https?:\/\/[^/]/i.test(endpoint))
      throw new InputError(
        `s3: expected AWS_ENDPOINT_URL_S3 to be a URL such as http://localhost:9000, got ${JSON.stringify(endpoint)}`,
      );
    return {
      chain: new CredentialChain(env, profile, (url, headers) => this.#ask(url, headers)),
      region: env.AWS_REGION || env.AWS_DEFAULT_REGION || values.region || 'us-east-1',
      endpoint: endpoint ? new URL(endpoint) : null,
    };
  }

  async #ask(url: URL, headers: Readonly<Record<string, string>>): Promise<string> {
    const got = await this.web.get(url, headers, AbortSignal.timeout(10_000));
    const text = await textOf(got, longestAnswer);
    if (got.status === 200) return text;
    throw new InputError(
      `s3: expected credentials from ${url.origin}, got ${got.status}; look at the role of the container, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    );
  }
}

/** Path-style at an endpoint of one's own, and where a dot in the bucket's name would not fit the certificate. */
function address(
  { region, endpoint }: Omit<ResolvedCredentials, 'chain'>,
  bucket: string,
  key: string,
  query: Readonly<Record<string, string>> | null,
): URL {
  const amazon = `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  const inPath = endpoint !== null || bucket.includes('.');
  const base = endpoint === null ? `https://${inPath ? '' : `${bucket}.`}${amazon}` : endpoint.href.replace(/\/$/, '');
  const path = key.split('/').map(encoded).join('/');
  const url = new URL(`${base}${inPath ? `/${bucket}` : ''}/${path}`);
  // As they are signed: a blank is %20.
  if (query !== null)
    url.search = Object.entries(query)
      .map((pair) => pair.map(encoded).join('='))
      .join('&');
  return url;
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
