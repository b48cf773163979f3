import { expect, test } from 'vitest';
import { maskUrl, urlIdentity } from '../../../src/inputs/http/url-name.js';

const aws = (night: number): string =>
  `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=${night}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=s${night}`;

test.each([
  ['https://me:secret@host/a.lp', 'https://host/a.lp'],
  ['HTTPS://me:p@ss:w@host:8443/a.lp#top', 'https://host:8443/a.lp'],
  [`https://b.s3.amazonaws.com/k?${aws(1)}&versionId=7`, 'https://b.s3.amazonaws.com/k?versionId=7'],
  ['https://x.blob.core.windows.net/c/b?sv=2022&se=2023&sr=b&sp=r&sig=abc', 'https://x.blob.core.windows.net/c/b'],
  ['https://host/a?X-Amz-Signature=abc', 'https://host/a?X-Amz-Signature=***'],
  [
    'https://host/a?day=1&api_key=abc&token=t&private-key=k',
    'https://host/a?day=1&api_key=***&token=***&private-key=***',
  ],
  ['https://host/a?jwt=j&session=s&code=c', 'https://host/a?jwt=***&session=***&code=***'],
  ['https://host/a?keyboard=qwerty&monkey=1', 'https://host/a?keyboard=qwerty&monkey=1'],
  ['https://me:secret@host:port/a?token=x', 'https://host:port/a'],
  ['http:/me:secret@host/a?token=x', 'http:/host/a'],
  ['HTTPS:me:sec/ret@host/a', 'HTTPS:host/a'],
  ['http:\\\\me:secret@host/a', 'http:\\\\host/a'],
  ['data/a.lp', 'data/a.lp'],
  ['data/me@host', 'data/me@host'],
])('the URL %s is shown as %s', (url, name) => {
  expect(maskUrl(url)).toBe(name);
});

const identity = (url: string): string => urlIdentity(new URL(url));

test.each(['key', 'author', 'signal', 'st', 'se', 'expires', 'sig', 'token', 'X-Amz-Signature', 'policy'])(
  'two URLs that differ in the parameter %s are two inputs',
  (name) => {
    expect(identity(`https://host/get?${name}=a`)).not.toBe(identity(`https://host/get?${name}=b`));
  },
);

test('a URL that is signed again, or has other credentials, is the same input', () => {
  expect(identity(`https://host/a?${aws(1)}`)).toBe(identity(`https://host/a?${aws(2)}`));
  expect(identity('https://host/a?key=k&sv=1&se=2&sig=a')).toBe(identity('https://host/a?key=k&sv=1&se=3&sig=b'));
  expect(identity('https://host/a?Key-Pair-Id=K&Policy=p&Signature=s')).toBe(identity('https://host/a'));
  expect(identity('https://me:a@host/a#x')).toBe(identity('https://you:b@host/a'));
});

test('the identity of a URL reveals no secret', () => {
  const all = identity('https://me:hush1@host/a?key=hush2&sig=hush3&session=hush4');
  expect(all).toMatch(/^https:\/\/host\/a\?key=\*\*\*&sig=\*\*\*&session=\*\*\*#[0-9a-f]{16}$/);
});
