// The files behind --ca, --cert and --key, read once and looked at before anything connects: a key that does not fit its
// certificate is a bad option, not an endpoint that cannot be reached.

import { readFile } from 'node:fs/promises';
import type { Origin, Settings } from './settings.js';

type Name = 'ca' | 'cert' | 'key';
type GivenFile = ReadonlyMap<string, { readonly value: unknown; readonly origin: Origin }>;

/** Contents of the files that were named. What is wrong is added to `problems`, never with a piece of a file. */
export async function readPems(given: GivenFile, problems: string[]): Promise<Settings['tls']> {
  const read = async (name: Name): Promise<string | null> => {
    const named = given.get(name);
    if (typeof named?.value !== 'string' || named.value === '') return null;
    try {
      return await readFile(named.value, 'utf8');
    } catch (error) {
      const got = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      problems.push(problem(name, given, 'a PEM file that can be read', got));
      return null;
    }
  };
  const [ca, cert, key] = await Promise.all([read('ca'), read('cert'), read('key')]);
  if (ca !== null && !(await holds(({ X509Certificate }) => new X509Certificate(ca)))) {
    problems.push(problem('ca', given, 'a PEM file with a certificate', 'none in it'));
  }
  if (cert !== null && !(await holds(({ X509Certificate }) => new X509Certificate(cert)))) {
    problems.push(problem('cert', given, 'a PEM file with a certificate', 'none in it'));
  } else if (cert !== null && key !== null && !(await holds((crypto) => fits(crypto, cert, key)))) {
    problems.push(problem('key', given, 'the private key of --cert, as PEM and without a passphrase', 'another thing'));
  }
  return { ca, cert, key };
}

type Crypto = typeof import('node:crypto');

async function holds(look: (crypto: Crypto) => unknown): Promise<boolean> {
  // Only here: most runs never need it, and a load should begin at once.
  const crypto = await import('node:crypto');
  try {
    return look(crypto) !== false;
  } catch {
    return false;
  }
}

function fits({ X509Certificate, createPrivateKey }: Crypto, cert: string, key: string): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}

function problem(name: Name, given: GivenFile, expected: string, got: string): string {
  const { value, origin } = given.get(name)!;
  return `${name}: expected ${expected}, got "${String(value)}": ${got} (from ${origin.name})`;
}
