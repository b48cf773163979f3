// Who we are to S3, as the AWS command line finds it: environment, profile, the endpoint that a container is given. Without
// any of them requests go unsigned, which is enough for public buckets.

import { readFile } from 'node:fs/promises';
import { UsageError } from '../../core/errors.js';
import type { Environment, Profile } from './profile.js';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** ms since 1970; null: they do not expire. */
  readonly expires: number | null;
}

/** GET of a small text, for the container's endpoint. */
export type Fetch = (url: URL, headers: Readonly<Record<string, string>>) => Promise<string>;

/** So long before they expire they are asked for again. */
const earlyMs = 5 * 60_000;
const containerHost = 'http://169.254.170.2';

export class CredentialChain {
  readonly #env: Environment;
  readonly #profile: Profile;
  readonly #fetch: Fetch;
  #known: Credentials | null | undefined;

  constructor(env: Environment, profile: Profile, fetch: Fetch) {
    this.#env = env;
    this.#profile = profile;
    this.#fetch = fetch;
  }

  /** Null: none, anywhere. Throws UsageError when there is something that cannot be used. */
  async get(now: number): Promise<Credentials | null> {
    const known = this.#known;
    if (known !== undefined && (known === null || known.expires === null || known.expires - earlyMs > now))
      return known;
    this.#known = this.#fromEnvironment() ?? this.#fromProfile() ?? (await this.#fromContainer());
    return this.#known;
  }

  /** A profile that is named comes first, as with the AWS tools. */
  #fromEnvironment(): Credentials | null {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = this.#env;
    return this.#env.AWS_PROFILE ? null : pair(id, secret, token);
  }

  #fromProfile(): Credentials | null {
    const { values, name } = this.#profile;
    const found = pair(values.aws_access_key_id, values.aws_secret_access_key, values.aws_session_token);
    if (found !== null) return found;
    const other = Object.keys(values).find((key) =>
      /^(role_arn|sso_|credential_process|credential_source|web_identity)/.test(key),
    );
    if (other === undefined) return null;
    throw new UsageError([
      `s3: expected keys in the AWS profile "${name}", got ${other}, which is left to the AWS tools; use: eval "$(aws configure export-credentials --profile ${name} --format env)"`,
    ]);
  }

  async #fromContainer(): Promise<Credentials | null> {
    const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = this.#env;
    const text = relative ? containerHost + relative : full;
    if (!text) return null;
    if (!URL.canParse(text) || !safe(new URL(text)))
      throw new UsageError([
        `s3: expected AWS_CONTAINER_CREDENTIALS_FULL_URI to be https, or http on this machine or a container's address, got ${JSON.stringify(text)}`,
      ]);
    const token = await this.#token();
    const answer = await this.#fetch(new URL(text), token === null ? {} : { authorization: token });
    return parse(answer);
  }

  async #token(): Promise<string | null> {
    const { AWS_CONTAINER_AUTHORIZATION_TOKEN: token, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file } = this.#env;
    if (!file) return token || null;
    return await readFile(file, 'utf8').then(
      (text) => text.trim(),
      () => {
        throw new UsageError([
          `s3: expected AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to be a file that can be read, got ${file}; let this user read it`,
        ]);
      },
    );
  }
}

function pair(id: string | undefined, secret: string | undefined, token: string | undefined): Credentials | null {
  if (!id || !secret) return null;
  return { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}), expires: null };
}

/** Addresses that the AWS tools take: loopback, and those of ECS and EKS. */
function safe({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return (
    protocol === 'http:' && /^(localhost|127\.[\d.]+|\[::1\]|169\.254\.170\.(2|23)|\[fd00:ec2::23\])$/.test(hostname)
  );
}

function parse(text: string): Credentials {
  try {
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(text) as Record<string, string | undefined>;
    const found = pair(AccessKeyId, SecretAccessKey, Token);
    if (found !== null) return { ...found, expires: Expiration ? Date.parse(Expiration) : null };
  } catch {
    // Not shown: it may hold keys.
  }
  throw new UsageError([
    "s3: expected keys from the container's credentials endpoint, got another answer; look at the role of the container, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  ]);
}
