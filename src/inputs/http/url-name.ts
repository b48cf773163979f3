// What a URL is called: in logs, checkpoints and dead letters, and as the part of a load's name that stays the same from
// night to night. So nothing that signs, and nothing that must stay secret.

/** Of signed URLs: another signature tomorrow makes no other input. */
const signing =
  /^(x-amz-.*|x-goog-.*|awsaccesskeyid|googleaccessid|expires|signature|policy|key-pair-id|sig|se|sp|sv|sr|st|spr|sip|skoid|sktid|skt|ske|sks|skv)$/i;
const secret = /sig|token|secret|passw|auth|credential|(^|[-_.])(key|pass|pwd)$|api-?key/i;

export function isUrl(name: string): boolean {
  return /^https?:\/\//i.test(name);
}

/** Also with a slash forgotten. */
export function looksLikeUrl(name: string): boolean {
  return /^https?:/i.test(name);
}

/** Without user and password, fragment, and parameters that sign or are named as a secret would be. */
export function urlName(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.hash = '';
  for (const name of new Set(shown.searchParams.keys())) {
    if (signing.test(name) || secret.test(name)) shown.searchParams.delete(name);
  }
  return shown.href;
}

/** The same for a word that may be a URL, or try to be one. */
export function maskUrl(word: string): string {
  if (!looksLikeUrl(word)) return word;
  if (isUrl(word) && URL.canParse(word)) return urlName(new URL(word));
  return word.replace(/^(https?:[\\/]*).*@/is, '$1').replace(/[?#].*$/s, '');
}
