import { expect, test } from 'vitest';
import { maskUrl } from '../../../src/inputs/http/url-name.js';

test.each([
  ['https://me:secret@host/a.lp', 'https://host/a.lp'],
  ['HTTPS://me:p@ss:w@host:8443/a.lp#top', 'https://host:8443/a.lp'],
  [
    'https://b.s3.amazonaws.com/k?X-Amz-Signature=abc&X-Amz-Date=1&versionId=7',
    'https://b.s3.amazonaws.com/k?versionId=7',
  ],
  ['https://x.blob.core.windows.net/c/b?sv=2022&se=2023&sr=b&sp=r&sig=abc', 'https://x.blob.core.windows.net/c/b'],
  ['https://host/a?day=1&api_key=abc&token=t&private-key=k', 'https://host/a?day=1'],
  ['https://host/a?keyboard=qwerty&monkey=1', 'https://host/a?keyboard=qwerty&monkey=1'],
  ['https://me:secret@host:port/a?token=x', 'https://host:port/a'],
  ['http:/me:secret@host/a?token=x', 'http:/host/a'],
  ['HTTPS:me:sec/ret@host/a', 'HTTPS:host/a'],
  ['http:\\\\me:secret@host/a', 'http:\\\\host/a'],
  ['data/a.lp', 'data/a.lp'],
  ['data/me@host', 'data/me@host'],
])('the URL %s is shown as %s', (url, shown) => {
  expect(maskUrl(url)).toBe(shown);
});
