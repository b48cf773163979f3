// Reads files whose content is a setting: password, token, certificates and keys. Reports a key that does not fit its
// certificate as a wrong option, before the first connection.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../../core/errors.js';
import { readText } from '../../core/io/files.js';
import { flagName, type SettingProblem } from '../options.js';
import type { Settings } from '../settings.js';
import type { Layer } from './layers.js';

/** Largest size of a file with a secret, bytes. Servers refuse a header of this length. */
const maxSecretBytes = 64 * 1024;

/** Reads a password or token without the newline at its end; null for an unset option. */
export async function readSecret(
  key: 'passwordFile' | 'tokenFile' | 'queuePasswordFile',
  given: Layer,
  problems: SettingProblem[],
): Promise<string | null> {
  return (await readNamed(key, given, problems, maxSecretBytes))?.replace(/\r?\n$/, '') ?? null;
}

/** Keys of the options that name the CA certificates, the client certificate and its private key. */
type PemKeys = readonly [ca: string, cert: string, key: string];

export const targetPems: PemKeys = ['ca', 'cert', 'key'];
export const queuePems: PemKeys = ['queueCa', 'queueCert', 'queueKey'];

/** Reads the PEM files. Error messages never quote their content. */
export async function readPems(names: PemKeys, given: Layer, problems: SettingProblem[]): Promise<Settings['tls']> {
  const [ca = null, cert = null, key = null] = await Promise.all(names.map((name) => readNamed(name, given, problems)));
  const [caName, certName, keyName] = names;
  const expectCertificate = async (name: string, pem: string | null): Promise<boolean> => {
    const valid = pem === null || (await holds(({ X509Certificate }) => new X509Certificate(pem)));
    const found = `${fileNameText(given.get(name)?.value)} without a certificate`;
    if (!valid) problems.push({ key: name, expected: 'a PEM file with a certificate', found, fix: '' });
    return valid;
  };
  await expectCertificate(caName, ca);
  const valid = await expectCertificate(certName, cert);
  if (valid && cert !== null && key !== null && !(await holds((crypto) => fits(crypto, cert, key)))) {
    const found = `${fileNameText(given.get(keyName)?.value)} without a readable private key for ${flagName(certName)}`;
    const expected = `the private key for ${flagName(certName)} as PEM, without a passphrase`;
    problems.push({ key: keyName, expected, found, fix: '' });
  }
  return { ca, cert, key };
}

async function readNamed(
  key: string,
  given: Layer,
  problems: SettingProblem[],
  maxBytes?: number,
): Promise<string | null> {
  const path = given.get(key)?.value;
  if (typeof path !== 'string' || path === '') return null;
  try {
    return await readText(path, maxBytes);
  } catch (error) {
    const code = errorCode(error);
    // Such a value cannot be a file name. The option's own check reports the value.
    if (code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE') return null;
    problems.push({ key, expected: 'a readable file', found: `${fileNameText(path)}: ${code}`, fix: '' });
    return null;
  }
}

/** Shows a path whose directory exists. Hides other text, which may be a secret in the wrong place. */
function fileNameText(value: unknown): string {
  const path = typeof value === 'string' ? value : '';
  return path.includes('/') && existsSync(dirname(path)) ? JSON.stringify(path) : 'a file (name not shown)';
}

type Crypto = typeof import('node:crypto');

async function holds(look: (crypto: Crypto) => unknown): Promise<boolean> {
  // The module is imported only here. Most runs do not need the module and start sooner without it.
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
