import { expect, test } from 'vitest';
import { SecretMask, secretsOf } from '../../src/core/secrets.js';

const settings = {
  user: 'loader',
  password: 'pa"ss wörd',
  token: 't0ken-1234',
  headers: [{ value: 'Bearer abcdef' }, { value: 'secret-header' }],
  queue: { password: 'of-the-queue' },
};

function masked(text: string): string {
  const mask = new SecretMask();
  mask.add(secretsOf(settings));
  return mask.text(text);
}

test.each([
  ['the password', 'pa"ss wörd'],
  ['the password inside JSON', 'pa\\"ss wörd'],
  ['the password in a query', encodeURIComponent('pa"ss wörd')],
  ['user and password in base64', Buffer.from('loader:pa"ss wörd').toString('base64')],
  ['the token', 't0ken-1234'],
  ['the token in base64', Buffer.from('t0ken-1234').toString('base64')],
  ['a header value', 'secret-header'],
  ['the credentials of a header', 'abcdef'],
  ['the password of the queue', 'of-the-queue'],
])('a message of a server that repeats %s is masked', (_, secret) => {
  expect(masked(`<you sent: ${secret}>`)).toBe('<you sent: (hidden)>');
});

test('a short secret is masked as a word, but not inside other words', () => {
  const mask = new SecretMask();
  mask.add(['root', 'ab', '', null]);
  expect(mask.text('root: no such table rootstock, ab')).toBe('(hidden): no such table rootstock, ab');
});

test('data is masked at any depth, and figures stay as they are', () => {
  const mask = new SecretMask();
  mask.add(['hunter22']);
  const date = new Date(0);
  expect(mask.deep({ a: ['x hunter22', 5, null, { b: 'hunter22' }], date })).toEqual({
    a: ['x (hidden)', 5, null, { b: '(hidden)' }],
    date,
  });
});

test('secrets of any length and content are masked', () => {
  const mask = new SecretMask();
  const secrets = ['<é>'.repeat(20_000), 'half a pair \ud800', 'hidden'];
  mask.add(secrets);
  for (const secret of secrets) expect(mask.text(`a ${secret} b`)).toBe('a (hidden) b');
});
