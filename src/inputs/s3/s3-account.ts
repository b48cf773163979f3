// Access to S3: endpoint, region, credentials and signed requests. All inputs of a load use one account.

import { InputError } from '../../core/errors.js';
import { shellQuote } from '../../core/text.js';
import type { ObjectLocation } from '../http/location.js';
import type { Web, WebResponse } from '../http/web-client.js';
import { CredentialChain } from './credentials.js';
import { type Environment, readProfile } from './profile.js';
import { s3Refusal } from './s3-messages.js';
import { readText } from './s3-xml.js';

const maxCredentialBytes = 64 * 1024;

interface S3Settings {
  readonly chain: CredentialChain;
  readonly region: string;
  /** Custom endpoint; null for Amazon's endpoint. */
  readonly endpoint: URL | null;
}

export class S3Account {
  readonly web: Web;
  readonly #env: Environment;
  #settings: Promise<S3Settings> | undefined;

  constructor(web: Web, env: Environment) {
    this.web = web;
    this.#env = env;
  }

  /**
   * Locates the object with this key. With a query, locates a resource of the bucket instead, such as the list of its
   * objects. The methods of the result may throw UsageError.
   */
  location(bucket: string, key: string, query: Readonly<Record<string, string>> | null): ObjectLocation {
    let signed = false;
    return {
      name: `s3://${bucket}/${key}`,
      get: async (headers, signal) => {
        const { chain, ...where } = await this.#resolved();
        const url = addressOf(where, bucket, key, query);
        const credentials = await chain.get(this.web.clock.now());
        signed = credentials !== null;
        if (credentials === null) return await this.web.get(url, headers, signal);
        const { AwsV4Signer } = await import('aws4fetch');
        const signer = new AwsV4Signer({ ...credentials, url: url.href, service: 's3', region: where.region });
        const all = { ...headers, ...Object.fromEntries((await signer.sign()).headers) };
        return await this.web.get(url, all, signal);
      },
      command: () => `aws s3 cp${signed ? '' : ' --no-sign-request'} ${shellQuote(`s3://${bucket}/${key}`)} -`,
      refused: async (response: WebResponse) => {
        const { region } = await this.#resolved();
        return await s3Refusal(response, { bucket, region, signed }, this.web.clock.now());
      },
    };
  }

  #resolved(): Promise<S3Settings> {
    this.#settings ??= this.#resolve();
    return this.#settings;
  }

  async #resolve(): Promise<S3Settings> {
    const env = this.#env;
    const profile = await readProfile(env);
    const { values } = profile;
    const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || values.endpoint_url;
    if (endpoint && !/^https?:\/\/[^/]/i.test(endpoint))
      throw new InputError({
        tried: 'reading the S3 settings',
        expected: 'AWS_ENDPOINT_URL_S3 to be a URL such as http://localhost:9000',
        found: JSON.stringify(endpoint),
        fix: '',
      });
    return {
      chain: new CredentialChain(env, profile, (url, headers) => this.#fetchCredentials(url, headers)),
      region: env.AWS_REGION || env.AWS_DEFAULT_REGION || values.region || 'us-east-1',
      endpoint: endpoint ? new URL(endpoint) : null,
    };
  }

  async #fetchCredentials(url: URL, headers: Readonly<Record<string, string>>): Promise<string> {
    const response = await this.web.get(url, headers, AbortSignal.timeout(10_000));
    const text = await readText(response, maxCredentialBytes);
    if (response.status === 200) return text;
    throw new InputError({
      tried: 'reading the S3 credentials',
      expected: `keys from ${url.origin}`,
      found: `${response.status}`,
      fix: 'check the role of the container, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    });
  }
}

/**
 * Builds a URL. For Amazon's endpoint, the bucket is part of the host name. But Amazon's certificate does not match
 * host names of buckets with dots. So the bucket is part of the path if it has dots, and for every custom endpoint.
 */
function addressOf(
  { region, endpoint }: Omit<S3Settings, 'chain'>,
  bucket: string,
  key: string,
  query: Readonly<Record<string, string>> | null,
): URL {
  const amazon = `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  const inPath = endpoint !== null || bucket.includes('.');
  const base = endpoint === null ? `https://${inPath ? '' : `${bucket}.`}${amazon}` : endpoint.href.replace(/\/$/, '');
  const path = key.split('/').map(encode).join('/');
  const url = new URL(`${base}${inPath ? `/${bucket}` : ''}/${path}`);
  // The signature covers the query exactly as it is sent. So the query must contain %20 for a blank, and not `+`.
  if (query !== null)
    url.search = Object.entries(query)
      .map((pair) => pair.map(encode).join('='))
      .join('&');
  return url;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
