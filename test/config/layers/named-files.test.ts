import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { Settings } from '../../../src/config/settings.js';
import { UsageError } from '../../../src/core/errors.js';
import { options } from '../../../src/load/option-table.js';
import { type Authority, authority, type Pair } from '../../support/servers/pki.js';

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
  return (await resolve(options, { flags: { db: 'd', url: 'https://a', ...flags }, env: { HOME: folder } })).settings;
}

async function problemsOf(flags: Record<string, unknown>): Promise<string> {
  const error: unknown = await settings(flags).catch((each: unknown) => each);
  expect(error).toBeInstanceOf(UsageError);
  return (error as UsageError).message;
}

test('the settings hold the content of the PEM files', async () => {
  const { tls, ca, cert } = await settings({ ca: signer.ca, cert: one.cert, key: one.key });
  expect([ca, cert]).toEqual([signer.ca, one.cert]);
  expect(tls.ca).toContain('BEGIN CERTIFICATE');
  expect(tls.cert).toContain('BEGIN CERTIFICATE');
  expect(tls.key).toContain('PRIVATE KEY');
});

test.each<[string, () => Record<string, unknown>, RegExp]>([
  [
    'a missing file',
    () => ({ ca: '/no/such/ca.pem' }),
    /^--ca: expected a readable file, found a file \(name not shown\): ENOENT\.$/,
  ],
  [
    'a file with something other than certificates',
    () => ({ ca: junk }),
    /^--ca: expected a PEM file with a certificate, found ".*junk\.pem" without a certificate\.$/,
  ],
  [
    'a certificate file with something else',
    () => ({ cert: junk, key: one.key }),
    /^--cert: expected a PEM file with a certificate/,
  ],
  [
    'the key of another certificate',
    () => ({ cert: one.cert, key: two.key }),
    /^--key: expected the private key for --cert/,
  ],
  [
    'a key file with something else',
    () => ({ cert: one.cert, key: junk }),
    /^--key: expected the private key for --cert/,
  ],
  [
    'a certificate without its key',
    () => ({ cert: one.cert }),
    /^--cert: expected --cert and --key together, found only --cert\. Add --key\.$/,
  ],
  [
    'a key without its certificate',
    () => ({ key: one.key }),
    /^--key: expected --cert and --key together, found only --key\. Add --cert\.$/,
  ],
  [
    '--insecure without https',
    () => ({ url: 'http://a', insecure: true }),
    /^--insecure: expected an https:\/\/ endpoint/,
  ],
])('%s is a problem, and the message quotes no file', async (_, flags, words) => {
  const problems = await problemsOf(flags());
  expect(problems).toMatch(words);
  expect(problems).not.toContain('hunter2');
});
