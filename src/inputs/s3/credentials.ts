// Finds S3 credentials as the AWS command line does: environment, profile, container endpoint. Without credentials,
// requests are unsigned, which suffices for public buckets.

import { UsageError } from '../../core/errors.js';
import { readText } from '../../core/io/files.js';
import type { Environment, Profile } from './profile.js';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Time of expiry, ms since 1970; null for credentials that do not expire. */
  readonly expires: number | null;
}

/** Requests a small text from the container endpoint. */
export type Fetch = (url: URL, headers: Readonly<Record<string, string>>) => Promise<string>;

const tried = 'reading the S3 credentials';
/** How long before their expiry credentials are replaced, ms. */
const refreshMs = 5 * 60_000;
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

  /** Returns the credentials; null for unsigned requests. Throws UsageError for unusable credentials. */
  async get(now: number): Promise<Credentials | null> {
    const known = this.#known;
    if (known !== undefined && (known === null || known.expires === null || known.expires - refreshMs > now))
      return known;
    this.#known = this.#fromEnvironment() ?? this.#fromProfile() ?? (await this.#fromContainer());
    return this.#known;
  }

  /** Reads keys from environment variables. As in the AWS tools, AWS_PROFILE takes precedence over these variables. */
  #fromEnvironment(): Credentials | null {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = this.#env;
    return this.#env.AWS_PROFILE ? null : credentialsOf(id, secret, token);
  }

  #fromProfile(): Credentials | null {
    const { values, name } = this.#profile;
    const found = credentialsOf(values.aws_access_key_id, values.aws_secret_access_key, values.aws_session_token);
    if (found !== null) return found;
    const other = Object.keys(values).find((key) =>
      /^(role_arn|sso_|credential_process|credential_source|web_identity)/.test(key),
    );
    if (other === undefined) return null;
    throw new UsageError([
      {
        tried,
        expected: `keys in the AWS profile "${name}"`,
        found: `${other}, which only the AWS tools resolve`,
        fix: `run \`eval "$(aws configure export-credentials --profile ${name} --format env)"\` first`,
      },
    ]);
  }

  async #fromContainer(): Promise<Credentials | null> {
    const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = this.#env;
    const text = relative ? containerHost + relative : full;
    if (!text) return null;
    if (!URL.canParse(text) || !isTrusted(new URL(text)))
      throw new UsageError([
        {
          tried,
          expected:
            'AWS_CONTAINER_CREDENTIALS_FULL_URI to be an https URL, or an http URL of this machine or its container host',
          found: JSON.stringify(text),
          fix: '',
        },
      ]);
    const token = await this.#token();
    return parse(await this.#fetch(new URL(text), token === null ? {} : { authorization: token }));
  }

  async #token(): Promise<string | null> {
    const { AWS_CONTAINER_AUTHORIZATION_TOKEN: token, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file } = this.#env;
    if (!file) return token || null;
    return await readText(file).then(
      (text) => text.trim(),
      () => {
        throw new UsageError([
          {
            tried,
            expected: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to be a file that can be read',
            found: file,
            fix: 'give this user read permission',
          },
        ]);
      },
    );
  }
}

function credentialsOf(
  id: string | undefined,
  secret: string | undefined,
  token: string | undefined,
): Credentials | null {
  if (!id || !secret) return null;
  return { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}), expires: null };
}

/** Tests for an address from which the AWS tools accept credentials: https, loopback, and the hosts of ECS and EKS. */
function isTrusted({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return (
    protocol === 'http:' && /^(localhost|127\.[\d.]+|\[::1\]|169\.254\.170\.(2|23)|\[fd00:ec2::23\])$/.test(hostname)
  );
}

function parse(text: string): Credentials {
  try {
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(text) as Record<string, string | undefined>;
    const found = credentialsOf(AccessKeyId, SecretAccessKey, Token);
    if (found !== null) return { ...found, expires: Expiration ? Date.parse(Expiration) : null };
  } catch {
    // The message omits the response, because the response may contain keys.
  }
  throw new UsageError([
    {
      tried,
      expected: 'keys from the credentials endpoint of the container',
      found: 'another response',
      fix: 'check the role of the container, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    },
  ]);
}
