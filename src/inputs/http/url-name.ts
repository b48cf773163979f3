// Computes the identity of a URL, and its name for messages. Both are independent of the URL's signature.

import { createHash } from 'node:crypto';

/**
 * A kind of signed URL. `required` lists the query parameters that such a URL must have, each with one or more names.
 * `removed` matches all query parameters that belong to the signature. `withQuery` removes them.
 */
interface SignatureSet {
  readonly required: readonly (readonly string[])[];
  readonly removed: RegExp;
}

const version4 = (prefix: string): SignatureSet => ({
  required: ['algorithm', 'credential', 'date', 'expires', 'signedheaders', 'signature'].map((each) => [prefix + each]),
  removed: new RegExp(`^${prefix}`),
});

const signatureSets: readonly SignatureSet[] = [
  version4('x-amz-'),
  version4('x-goog-'),
  { required: [['awsaccesskeyid'], ['signature'], ['expires']], removed: /^(awsaccesskeyid|signature|expires)$/ },
  { required: [['googleaccessid'], ['signature'], ['expires']], removed: /^(googleaccessid|signature|expires)$/ },
  {
    required: [['key-pair-id'], ['signature'], ['expires', 'policy']],
    removed: /^(key-pair-id|signature|expires|policy)$/,
  },
  // Azure: a shared access signature, with an expiry time or with a stored policy.
  {
    required: [['sig'], ['sv'], ['se', 'si']],
    removed: /^(sig|sv|se|si|sp|sr|ss|srt|st|spr|sip|sdd|ses|skoid|sktid|skt|ske|sks|skv)$/,
  },
];

const secret =
  /sig|token|secret|passw|auth|credential|jwt|session|api-?key|(^|[-_.])(key|pass|pwd|sid|code)$|^(se|sp|sv|sr|st)$/i;

export function isUrl(name: string): boolean {
  return /^https?:\/\//i.test(name);
}

/** Tests whether a word of the command line looks like a URL, even if its slashes are missing. */
export function looksLikeUrl(name: string): boolean {
  return /^https?:/i.test(name);
}

/**
 * Returns the name for messages. Omits user, password, fragment and signature, and masks the values of secret
 * parameters.
 */
export function urlName(url: URL): string {
  return withQuery(url, (pair) => (secret.test(nameOf(pair)) ? `${pair.split('=', 1)[0]}=***` : pair));
}

/**
 * Returns the identity of the resource. Two URLs have the same identity if they differ only in user, password, fragment
 * or complete signatures. If the name for messages masks a value, the identity also contains a hash of the URL with
 * this value.
 */
export function urlIdentity(url: URL): string {
  const whole = withQuery(url, (pair) => pair);
  const name = urlName(url);
  return whole === name ? name : `${name}#${createHash('sha256').update(whole).digest('hex').slice(0, 16)}`;
}

/**
 * Returns the URL without user, password, fragment and complete signatures. Replaces each remaining query parameter by
 * the result of `map`.
 */
function withQuery(url: URL, map: (pair: string) => string): string {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  const pairs = bare.search.slice(1).split('&').filter(Boolean);
  const names = new Set(pairs.map(nameOf));
  const isComplete = ({ required }: SignatureSet): boolean =>
    required.every((any) => any.some((each) => names.has(each)));
  const complete = signatureSets.filter(isComplete);
  const unsigned = pairs.filter((pair) => !complete.some(({ removed }) => removed.test(nameOf(pair))));
  bare.search = unsigned.map(map).join('&');
  return bare.href;
}

/** Returns the name of a parameter in lower case. */
function nameOf(pair: string): string {
  const [name = ''] = new URLSearchParams(pair).keys();
  return name.toLowerCase();
}

/** Masks secrets in a word of the command line that is a URL or looks like a URL. */
export function maskUrl(word: string): string {
  if (!looksLikeUrl(word)) return word;
  if (isUrl(word) && URL.canParse(word)) return urlName(new URL(word));
  return word.replace(/^(https?:[\\/]*).*@/is, '$1').replace(/[?#].*$/s, '');
}
