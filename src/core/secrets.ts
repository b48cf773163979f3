// Secrets of a run, kept out of everything that the run prints or writes. A server may echo them in its messages.

const replacement = '(hidden)';

/** Shorter secrets are masked only as whole words: they appear inside ordinary words by chance. */
const wordBytes = 6;
/** Shorter secrets are not masked: they cannot be distinguished from ordinary text. */
const minLength = 3;

export class SecretMask {
  readonly #forms = new Set<string>();
  #pattern: RegExp | null = null;

  /** Adds secrets in every form that a text may show: plain, JSON-escaped, percent-encoded and base64. */
  add(secrets: Iterable<string | null | undefined>): void {
    for (const secret of secrets) {
      if (!secret || secret.length < minLength) continue;
      const base64 = Buffer.from(secret).toString('base64');
      const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), base64];
      for (const form of [...forms, base64.replace(/=+$/, '')]) this.#forms.add(form);
    }
    const longestFirst = [...this.#forms].sort((a, b) => b.length - a.length);
    this.#pattern = longestFirst.length === 0 ? null : new RegExp(longestFirst.map(patternOf).join('|'), 'g');
  }

  text(text: string): string {
    return this.#pattern === null ? text : text.replace(this.#pattern, replacement);
  }

  /** Masks every string inside plain data. Returns other values as they are. */
  deep<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T;
    if (this.#pattern === null || value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((each: unknown) => this.deep(each)) as T;
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.deep(each as unknown)])) as T;
  }
}

function patternOf(form: string): string {
  const literal = form.replace(/[$()*+./?[\\\]^{|}-]/g, '\\$&');
  return form.length < wordBytes ? `(?<![\\w])${literal}(?![\\w])` : literal;
}

/** The secrets that the settings of a load hold. */
export function secretsOf(settings: {
  readonly user: string;
  readonly password: string;
  readonly token: string | null;
  readonly headers: readonly { readonly value: string }[];
}): (string | null)[] {
  const { user, password, token, headers } = settings;
  const credentials = password === '' ? null : `${user}:${password}`;
  // `Bearer abc`: a server may echo the second word alone.
  const values = headers.flatMap(({ value }) => [value, value.split(' ').at(-1) ?? '']);
  return [password, credentials, token, ...values];
}
