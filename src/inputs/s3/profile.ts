// The AWS tools' files, ~/.aws/credentials and ~/.aws/config: one profile of them, credentials over config.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Profile {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Files that are not there are empty. Throws UsageError for a profile that was asked for and is in neither of them. */
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
      `s3: expected the AWS profile "${name}" (AWS_PROFILE) in ${folder}, got none of that name; the AWS tools list theirs with: aws configure list-profiles`,
    ]);
  return { name, values: { ...found[0], ...found[1] } };
}

async function read(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}

/** Nested values, which are indented, are left out. */
function sections(text: string): Map<string, Record<string, string>> {
  const all = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const head = /^\[\s*(.*?)\s*\]/.exec(line);
    const value = /^([\w-]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (head !== null) {
      current = all.get(head[1]!.replace(/\s+/g, ' ')) ?? {};
      all.set(head[1]!.replace(/\s+/g, ' '), current);
    } else if (value !== null) current[value[1]!] = value[2]!;
  }
  return all;
}
