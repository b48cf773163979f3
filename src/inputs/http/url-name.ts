// The name of a URL in logs, checkpoints and dead letters. It stays the same from night to night and holds no secret.

/** Parameters of signed URLs. */
const signing =
  /^(x-amz-.*|x-goog-.*|awsaccesskeyid|googleaccessid|expires|signature|policy|key-pair-id|sig|se|sp|sv|sr|st|spr|sip|skoid|sktid|skt|ske|sks|skv)$/i;
const secret = /sig|token|secret|passw|auth|credential|(^|[-_.])(key|pass|pwd)$|api-?key/i;

export function isUrl(name: string): boolean {
  return /^https?:\/\//i.test(name);
}

/** Tests whether a word is meant as a URL, even without its slashes. */
export function looksLikeUrl(name: string): boolean {
  return /^https?:/i.test(name);
}

/** Removes user, password, fragment, and parameters that sign or look secret. */
export function urlName(url: URL): string {
  const named = new URL(url);
  named.username = '';
  named.password = '';
  named.hash = '';
  for (const name of new Set(named.searchParams.keys())) {
    if (signing.test(name) || secret.test(name)) named.searchParams.delete(name);
  }
  return named.href;
}

/** Masks a word of the command line that is a URL, or is meant as one. */
export function maskUrl(word: string): string {
  if (!looksLikeUrl(word)) return word;
  if (isUrl(word) && URL.canParse(word)) return urlName(new URL(word));
  return word.replace(/^(https?:[\\/]*).*@/is, '$1').replace(/[?#].*$/s, '');
}
