import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolve } from '../../src/config/resolve.js';
import { UsageError } from '../../src/core/errors.js';
import { options } from '../../src/load/option-table.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

async function problems(flags: Record<string, unknown>, env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> {
  const error: unknown = await resolve(options, { flags, env }).catch((reason: unknown) => reason);
  if (!(error instanceof UsageError)) throw new Error('expected a UsageError');
  return error.problems;
}

test('the origin of a switch is the flag as typed', async () => {
  const { origins } = await resolve(options, { flags: { db: 'x', checkpoint: false, quiet: true }, env: {} });
  expect([origins.checkpoint.name, origins.quiet.name]).toEqual(['--no-checkpoint', '--quiet']);
});

test('a mistyped key in the block mapping: is answered with the nearest key', async () => {
  const config = file('slip.yaml', 'db: x\nmapping:\n  delimeter: ";"\n');
  expect(await problems({ config })).toEqual([expect.stringMatching(/mapping\.delimeter.*Did you mean delimiter\?/)]);
});

test('flags override the environment, which overrides the file, which overrides the defaults', async () => {
  const config = file('layers.yaml', 'db: fromFile\nworkers: 2\nbatchPoints: 20\nurl: [http://a:1, http://b:2]\n');
  const env = { BULK_LOAD_CONFIG: config, BULK_LOAD_WORKERS: '3', BULK_LOAD_BATCH_POINTS: '30' };
  const { settings, origins } = await resolve(options, { flags: { batchPoints: '40' }, env });
  expect(settings).toMatchObject({ db: 'fromFile', workers: 3, batchPoints: 40, batchBytes: 1_048_576 });
  expect(settings.urls).toHaveLength(2);
  expect(origins).toMatchObject({
    urls: { source: 'file', name: config },
    workers: { source: 'environment', name: 'BULK_LOAD_WORKERS' },
    batchPoints: { source: 'flag', name: '--batch-points' },
    batchBytes: { source: 'default', name: 'default' },
  });
});

test('a switch can be off in the environment and in the file', async () => {
  const config = file('off.json', '{"db": "d", "inOrder": false}');
  const { settings } = await resolve(options, { flags: { config }, env: { BULK_LOAD_CREATE_DB: 'false' } });
  expect(settings).toMatchObject({ createDb: false, inOrder: false });
});

test('an empty variable, a null in the file and an undefined flag count as unset', async () => {
  const config = file('null.yaml', 'db: d\nlimit:\n');
  const env = { BULK_LOAD_WORKERS: '', BULK_LOAD_CONFIG: config };
  const { settings } = await resolve(options, { flags: { tenant: undefined }, env });
  expect(settings).toMatchObject({ workers: 8, limit: null, tenant: 'cnosdb' });
});

test('an empty config file is accepted', async () => {
  const config = file('empty.yaml', '# nothing yet\n');
  await expect(resolve(options, { flags: { config, db: 'd' }, env: {} })).resolves.toBeDefined();
});

test('every problem of every layer names the option as it was given', async () => {
  const config = file('bad.yaml', 'workers: many\nbatchByte: 1MiB\n');
  expect(await problems({ config, precision: 'sec' }, { BULK_LOAD_MEMORY_LIMIT: '5x' })).toEqual(
    expect.arrayContaining([
      `workers in ${config}: expected a whole number from 1 to 256, found "many".`,
      `batchByte in ${config}: expected the name of an option, found an unknown name. Did you mean batchBytes?`,
      '--precision: expected one of ns, us, ms, s, found "sec".',
      expect.stringMatching(/^BULK_LOAD_MEMORY_LIMIT: expected a size of at least 16MiB.*found "5x"\.$/),
      '--db: expected the database to load into, found nothing. Name it with --db.',
    ]),
  );
});

describe('an unusable config file is reported together with all other problems', () => {
  test.each([
    ['a broken one', 'a: [1\nb: 2', /expected YAML or JSON with options, found .* at line \d+ in/],
    ['a list', '- db', /something other than keys and values/],
    ['a key given twice', 'db: a\ndb: b', /duplicate key at line 2/],
    ['an alias to nothing', 'password: *hunter2', /expected YAML or JSON/],
    ['a file that names another', 'config: other.yaml', /expected a configuration file without the key config/],
    ['an alias of itself', 'url: &a [*a]', /an alias that refers to itself/],
  ])('%s', async (name, text, words) => {
    const config = file(`${name}.yaml`, text);
    const found = await problems({ config, workers: '0' });
    expect(found[0]).toMatch(words);
    expect(found.join()).not.toContain('hunter2');
    expect(found.some((problem) => problem.startsWith('--workers:'))).toBe(true);
  });

  test('a missing file, without a complaint about a missing database', async () => {
    const config = join(folder, 'missing.yaml');
    expect(await problems({ config })).toEqual([
      `--config: expected a readable YAML or JSON file, found no file "${config}".`,
    ]);
  });
});

test('a password file holds the password and one newline', async () => {
  const passwordFile = file('password', ' s3cret \n\n');
  const { settings, origins } = await resolve(options, { flags: { db: 'd', passwordFile }, env: {} });
  expect(settings.password).toBe(' s3cret \n');
  expect(origins.password.name).toBe('--password-file');
});

test.each(['t0ken\n', 't0ken\r\n'])(
  'a token ends before its newline, from a file and from the environment: %j',
  async (text) => {
    const flags = { db: 'd', target: 'influxdb1' };
    const read = await resolve(options, { flags: { ...flags, tokenFile: file('token', text) }, env: {} });
    expect([read.settings.token, read.origins.token.name]).toEqual(['t0ken', '--token-file']);
    const { settings } = await resolve(options, { flags, env: { BULK_LOAD_TOKEN: text } });
    expect(settings.token).toBe('t0ken');
  },
);

test.each(['passwordFile', 'tokenFile', 'key'])('a secret given as %s is not repeated', async (key) => {
  const found = await problems({ db: 'd', target: 'influxdb1', url: 'https://h', [key]: 'hunter2' });
  expect(found.join()).toContain('a file (name not shown): ENOENT');
  expect(found.join()).not.toContain('hunter2');
});

test.each(['passwordFile', 'tokenFile', 'ca', 'config'])('a file without an end is refused as %s', async (key) => {
  const found = await problems({ db: 'd', target: 'influxdb1', url: 'https://h', [key]: '/dev/zero' });
  expect(found.join()).toMatch(/found "\/dev\/zero": more than (64 KiB|16 MiB)\.$/);
});

test('an unreadable password file is a problem', async () => {
  expect(await problems({ db: 'd', passwordFile: join(folder, 'missing') })).toEqual([
    expect.stringMatching(/^--password-file: expected a readable file, found ".*missing": ENOENT\.$/),
  ]);
});

test('the origin of credentials in a URL is the option with the URL', async () => {
  const { origins } = await resolve(options, { flags: { db: 'd', url: ['http://u:p@h'] }, env: {} });
  expect([origins.user.name, origins.password.name, origins.tenant.name]).toEqual(['--url', '--url', 'default']);
});

test.each([
  [{ STATE_DIRECTORY: '/var/lib/x:/var/lib/y', XDG_STATE_HOME: '/xdg' }, '/var/lib/x'],
  [{ XDG_STATE_HOME: '/xdg', HOME: '/home/u' }, '/xdg/bulk-load'],
  [{ HOME: '/home/u' }, '/home/u/.local/state/bulk-load'],
  [{ HOME: '/home/u', BULK_LOAD_STATE_DIR: '/s' }, '/s'],
])('with the environment %j the state directory is %s', async (env, dir) => {
  const { settings } = await resolve(options, { flags: { db: 'd' }, env });
  expect(settings.stateDir).toBe(dir);
});

test('a variable that names no option causes a warning with the nearest name and without the value', async () => {
  const env = { BULK_LOAD_BATCH_BYTE: 'hush', BULK_LOAD_XYZZY: '1', BULK_LOAD_TYPO: '', BULK_LOAD_DB: 'd', OTHER: '1' };
  const { warnings } = await resolve(options, { flags: {}, env });
  expect(warnings).toEqual([
    'the environment variable BULK_LOAD_BATCH_BYTE has no effect: no option has this name; did you mean BULK_LOAD_BATCH_BYTES?',
    'the environment variable BULK_LOAD_XYZZY has no effect: no option has this name',
  ]);
});

test('a URL without a scheme causes a warning that names the assumption and no credentials', async () => {
  const { warnings } = await resolve(options, { flags: { db: 'd', url: ['u:hush@h:1,https://b'] }, env: {} });
  expect(warnings).toEqual(['--url h:1 has no scheme: bulk-load assumes http://']);
});

describe('a variable without a meaning for the target', () => {
  test('is ignored with one warning', async () => {
    const env = { BULK_LOAD_TOKEN: 't', BULK_LOAD_DB: 'd' };
    const { settings, origins, warnings } = await resolve(options, { flags: {}, env });
    expect(settings.token).toBeNull();
    expect(origins.token.source).toBe('default');
    expect(warnings).toEqual([
      'the environment variable BULK_LOAD_TOKEN has no effect with --target cnosdb: sign in with --user and --password',
    ]);
  });

  test('is judged by the target of any layer', async () => {
    const config = file('influx.yaml', 'db: d\ntarget: influxdb2\ntenant: o\n');
    const env = {
      BULK_LOAD_USER: 'u',
      BULK_LOAD_TARGET_MEMORY: '1GiB',
      BULK_LOAD_TOKEN: 't',
      BULK_LOAD_CONFIG: config,
    };
    const { settings, warnings } = await resolve(options, { flags: {}, env });
    expect(settings).toMatchObject({ target: 'influxdb2', user: '', token: 't', targetMemory: null });
    expect(warnings.map((each) => each.split(' ')[3]).sort()).toEqual(['BULK_LOAD_TARGET_MEMORY', 'BULK_LOAD_USER']);
    expect(
      (
        await resolve(options, {
          flags: { target: 'influxdb1', tenant: undefined },
          env: { ...env, BULK_LOAD_CONFIG: '', BULK_LOAD_DB: 'd', BULK_LOAD_USER: '' },
        })
      ).warnings,
    ).toHaveLength(1);
  });

  test('is refused as a flag or in the config file', async () => {
    const words = 'expected a target that has this option, found --target cnosdb. Sign in with --user and --password.';
    const env = { BULK_LOAD_TOKEN: 't', BULK_LOAD_DB: 'd' };
    expect(await problems({ token: 'u' }, env)).toEqual([`--token: ${words}`]);
    const config = file('token.yaml', 'token: u\n');
    expect(await problems({ config }, env)).toEqual([`token in ${config}: ${words}`]);
  });
});
