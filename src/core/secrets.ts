// Masks secrets in everything that a run prints or writes. A server may repeat secrets in its messages.

const replacement = '(hidden)';

/**
 * Secrets with fewer characters are masked only as whole words, because an ordinary word may contain such a secret by
 * chance.
 */
const wordBytes = 6;
/** Secrets with fewer characters are not masked, because they cannot be distinguished from ordinary text. */
const minLength = 3;

export class SecretMask {
  readonly #secrets = new Set<string>();
  /** All forms of the secrets, the longest first, because a secret may contain another secret. */
  #forms: readonly (string | RegExp)[] = [];

  /** Adds secrets in every form that a text may show: plain, JSON-escaped, percent-encoded and base64. */
  add(secrets: Iterable<string | null | undefined>): void {
    for (const secret of secrets) {
      if (!secret || secret.length < minLength) continue;
      const bytes = Buffer.from(secret);
      const base64 = bytes.toString('base64');
      const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(bytes.toString()), base64];
      for (const form of [...forms, base64.replace(/=+$/, '')]) this.#secrets.add(form);
    }
    this.#forms = [...this.#secrets].sort((a, b) => b.length - a.length).map(formOf);
  }

  text(text: string): string {
    let parts = [text];
    for (const form of this.#forms) {
      if (typeof form === 'string' && !text.includes(form)) continue;
      parts = parts.flatMap((part) => part.split(form));
    }
    return parts.join(replacement);
  }

  /** Masks every string inside plain data. Returns other values unchanged. */
  deep<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T;
    if (this.#forms.length === 0 || value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((each: unknown) => this.deep(each)) as T;
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.deep(each as unknown)])) as T;
  }
}

/**
 * Returns a regular expression for a short secret. Returns a long secret unchanged, because V8 limits the size of
 * regular expressions.
 */
function formOf(secret: string): string | RegExp {
  if (secret.length >= wordBytes) return secret;
  return new RegExp(`(?<![\\w])${secret.replace(/[$()*+./?[\\\]^{|}-]/g, '\\$&')}(?![\\w])`);
}

/** Returns the secrets in the settings of a load. */
export function secretsOf(settings: {
  readonly user: string;
  readonly password: string;
  readonly token: string | null;
  readonly headers: readonly { readonly value: string }[];
  readonly queue: { readonly password: string | null } | null;
}): (string | null)[] {
  const { user, password, token, headers, queue } = settings;
  const credentials = password === '' ? null : `${user}:${password}`;
  // A response may contain the token of `Bearer abc` without the word `Bearer`. So the token alone is masked as well.
  const values = headers.flatMap(({ value }) => [value, value.split(' ').at(-1) ?? '']);
  return [password, credentials, token, queue?.password ?? null, ...values];
}
