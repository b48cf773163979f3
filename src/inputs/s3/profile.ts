// Reads one profile from the files of the AWS tools, ~/.aws/credentials and ~/.aws/config. Values in ~/.aws/credentials
// have precedence.

import { join } from 'node:path';
import { UsageError } from '../../core/errors.js';
import { readText } from '../../core/io/files.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Profile {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Reads a profile. Treats missing files as empty. Throws UsageError if both files lack the profile that AWS_PROFILE
 * names.
 */
export async function readProfile(env: Environment): Promise<Profile> {
  const name = env.AWS_PROFILE || 'default';
  const folder = join(env.HOME ?? '', '.aws');
  const [config, credentials] = await Promise.all([
    read(env.AWS_CONFIG_FILE || join(folder, 'config')),
    read(env.AWS_SHARED_CREDENTIALS_FILE || join(folder, 'credentials')),
  ]);
  const found = [sections(config).get(name === 'default' ? name : `profile ${name}`), sections(credentials).get(name)];
  if (env.AWS_PROFILE && found.every((each) => each === undefined))
    throw new UsageError([
      {
        tried: 'reading the S3 credentials',
        expected: `the AWS profile "${name}" (AWS_PROFILE) in ${folder}`,
        found: 'no profile of that name',
        fix: 'list the profiles: `aws configure list-profiles`',
      },
    ]);
  return { name, values: { ...found[0], ...found[1] } };
}

async function read(path: string): Promise<string> {
  return await readText(path).catch(() => '');
}

/** Parses the sections of a file. Ignores nested values, which are indented. */
function sections(text: string): Map<string, Record<string, string>> {
  const all = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const end = line.indexOf(']');
    const equals = line.indexOf('=');
    if (line.startsWith('[') && end > 0) {
      const name = line.slice(1, end).trim().split(/\s+/).join(' ');
      current = all.get(name) ?? {};
      all.set(name, current);
    } else if (equals > 0 && /^[\w-]/.test(line)) current[line.slice(0, equals).trim()] = line.slice(equals + 1).trim();
  }
  return all;
}
