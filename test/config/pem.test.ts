import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolve, type Settings } from '../../src/config/resolve.js';
import { UsageError } from '../../src/core/errors.js';
import { type Authority, authority, type Pair } from '../support/pki.js';

let folder: string;
let junk: string;
let signer: Authority;
let one: Pair;
let two: Pair;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-pem-'));
  junk = join(folder, 'junk.pem');
  await writeFile(junk, 'hunter2\n');
  signer = await authority();
  [one, two] = await Promise.all([signer.issue('one', 'DNS:one'), signer.issue('two', 'DNS:two')]);
});
afterAll(() => Promise.all([signer.end(), rm(folder, { recursive: true })]));

async function settings(flags: Record<string, unknown>): Promise<Settings> {
  return (await resolve({ flags: { db: 'd', url: 'https://a', ...flags }, env: { HOME: folder } })).settings;
}

async function problemsOf(flags: Record<string, unknown>): Promise<string> {
  const error: unknown = await settings(flags).catch((each: unknown) => each);
  expect(error).toBeInstanceOf(UsageError);
  return (error as UsageError).message;
}

test('what is in the files comes with the settings', async () => {
  const { tls, ca, cert } = await settings({ ca: signer.ca, cert: one.cert, key: one.key });
  expect([ca, cert]).toEqual([signer.ca, one.cert]);
  expect(tls.ca).toContain('BEGIN CERTIFICATE');
  expect(tls.cert).toContain('BEGIN CERTIFICATE');
  expect(tls.key).toContain('PRIVATE KEY');
});

test.each<[string, () => Record<string, unknown>, RegExp]>([
  [
    'a file that is not there',
    () => ({ ca: '/no/such' }),
    /^ca: expected a PEM file that can be read, got "\/no\/such": ENOENT \(from --ca\)$/,
  ],
  ['a file with something else', () => ({ ca: junk }), /^ca: expected a PEM file with a certificate/],
  ['a certificate that is none', () => ({ cert: junk, key: one.key }), /^cert: expected a PEM file with a certificate/],
  [
    'the key of another certificate',
    () => ({ cert: one.cert, key: two.key }),
    /^key: expected the private key of --cert/,
  ],
  ['a key that is none', () => ({ cert: one.cert, key: junk }), /^key: expected the private key of --cert/],
  ['a certificate without its key', () => ({ cert: one.cert }), /^cert: expected together with --key/],
  ['a key without its certificate', () => ({ key: one.key }), /^key: expected together with --cert/],
  ['--insecure without https', () => ({ url: 'http://a', insecure: true }), /^insecure: expected with an https:/],
])('%s is said, and nothing of a file', async (_, flags, words) => {
  const problems = await problemsOf(flags());
  expect(problems).toMatch(words);
  expect(problems).not.toContain('hunter2');
});
