import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolve } from '../../src/config/resolve.js';
import { UsageError } from '../../src/core/errors.js';

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
  const error: unknown = await resolve({ flags, env }).catch((reason: unknown) => reason);
  if (!(error instanceof UsageError)) throw new Error('expected a UsageError');
  return error.problems;
}

test('a switch that was turned off has the name that was typed', async () => {
  const { origins } = await resolve({ flags: { db: 'x', checkpoint: false, quiet: true }, env: {} });
  expect([origins.checkpoint.name, origins.quiet.name]).toEqual(['--no-checkpoint', '--quiet']);
});

test('a mistyped key of the mapping is told which was meant', async () => {
  const config = file('slip.yaml', 'db: x\nmapping:\n  delimeter: ";"\n');
  expect(await problems({ config })).toEqual([expect.stringMatching(/mapping\.delimeter.*did you mean delimiter\?/)]);
});

test('a flag goes over the environment, which goes over the file, which goes over the default', async () => {
  const config = file('layers.yaml', 'db: fromFile\nworkers: 2\nbatchPoints: 20\nurl: [http://a:1, http://b:2]\n');
  const env = { BULK_LOAD_CONFIG: config, BULK_LOAD_WORKERS: '3', BULK_LOAD_BATCH_POINTS: '30' };
  const { settings, origins } = await resolve({ flags: { batchPoints: '40' }, env });
  expect(settings).toMatchObject({ db: 'fromFile', workers: 3, batchPoints: 40, batchBytes: 1_048_576 });
  expect(settings.urls).toHaveLength(2);
  expect(origins).toMatchObject({
    urls: { source: 'file', name: config },
    workers: { source: 'environment', name: 'BULK_LOAD_WORKERS' },
    batchPoints: { source: 'flag', name: '--batch-points' },
    batchBytes: { source: 'default', name: 'default' },
  });
});

test('a false in the environment and in the file is false', async () => {
  const config = file('off.json', '{"db": "d", "inOrder": false}');
  const { settings } = await resolve({ flags: { config }, env: { BULK_LOAD_CREATE_DB: 'false' } });
  expect(settings).toMatchObject({ createDb: false, inOrder: false });
});

test('an empty variable, a null in the file and an undefined flag count as unset', async () => {
  const config = file('null.yaml', 'db: d\nlimit:\n');
  const env = { BULK_LOAD_WORKERS: '', BULK_LOAD_CONFIG: config };
  const { settings } = await resolve({ flags: { tenant: undefined }, env });
  expect(settings).toMatchObject({ workers: 8, limit: null, tenant: 'cnosdb' });
});

test('an empty config file is no problem', async () => {
  const config = file('empty.yaml', '# nothing yet\n');
  await expect(resolve({ flags: { config, db: 'd' }, env: {} })).resolves.toBeDefined();
});

test('every problem of every layer is reported with where it came from', async () => {
  const config = file('bad.yaml', 'workers: many\nbatchByte: 1MiB\n');
  expect(await problems({ config, precision: 'sec' }, { BULK_LOAD_MEMORY_LIMIT: '5x' })).toEqual(
    expect.arrayContaining([
      `workers: expected a whole number, got "many" (from ${config})`,
      `batchByte: no such option; did you mean batchBytes? (from ${config})`,
      'precision: expected one of ns, us, ms, s, got "sec" (from --precision)',
      expect.stringMatching(/^memoryLimit: expected a size such as 512MiB.*got "5x" \(from BULK_LOAD_MEMORY_LIMIT\)$/),
      'db: expected the database to load into, got nothing; name it with --db',
    ]),
  );
});

describe('a config file that cannot be used is a problem beside the others', () => {
  test.each([
    ['a broken one', 'a: [1\nb: 2', /expected YAML or JSON, got .* at line \d+ in/],
    ['a list', '- db', /something other than a mapping/],
    ['a key given twice', 'db: a\ndb: b', /duplicate key at line 2/],
    ['an alias to nothing', 'password: *hunter2', /expected YAML or JSON/],
    ['one that names another', 'config: other.yaml', /expected no config inside/],
  ])('%s', async (name, text, words) => {
    const config = file(`${name}.yaml`, text);
    const found = await problems({ config, workers: '0' });
    expect(found[0]).toMatch(words);
    expect(found.join()).not.toContain('hunter2');
    expect(found.some((problem) => problem.startsWith('workers:'))).toBe(true);
  });

  test('a missing one', async () => {
    const config = join(folder, 'missing.yaml');
    expect(await problems({ config, db: 'd' })).toEqual([
      `config: expected a YAML or JSON file that can be read, got "${config}": ENOENT (from --config)`,
    ]);
  });
});

test('a password file gives the password, less one newline', async () => {
  const passwordFile = file('password', ' s3cret \n\n');
  const { settings, origins } = await resolve({ flags: { db: 'd', passwordFile }, env: {} });
  expect(settings.password).toBe(' s3cret \n');
  expect(origins.password.name).toBe('--password-file');
});

test('a password file that cannot be read is a problem', async () => {
  expect(await problems({ db: 'd', passwordFile: join(folder, 'missing') })).toEqual([
    expect.stringMatching(/^passwordFile: expected a file that can be read, got ".*missing": ENOENT/),
  ]);
});

test('credentials in a URL have the URL as their origin', async () => {
  const { origins } = await resolve({ flags: { db: 'd', url: ['http://u:p@h'] }, env: {} });
  expect([origins.user.name, origins.password.name, origins.tenant.name]).toEqual(['--url', '--url', 'default']);
});

test.each([
  [{ STATE_DIRECTORY: '/var/lib/x:/var/lib/y', XDG_STATE_HOME: '/xdg' }, '/var/lib/x'],
  [{ XDG_STATE_HOME: '/xdg', HOME: '/home/u' }, '/xdg/bulk-load'],
  [{ HOME: '/home/u' }, '/home/u/.local/state/bulk-load'],
  [{ HOME: '/home/u', BULK_LOAD_STATE_DIR: '/s' }, '/s'],
])('with %j the state goes to %s', async (env, dir) => {
  const { settings } = await resolve({ flags: { db: 'd' }, env });
  expect(settings.stateDir).toBe(dir);
});

test('variables of no option are warned of, without their values, and with what was probably meant', async () => {
  const env = { BULK_LOAD_BATCH_BYTE: 'hush', BULK_LOAD_XYZZY: '1', BULK_LOAD_TYPO: '', BULK_LOAD_DB: 'd', OTHER: '1' };
  const { warnings } = await resolve({ flags: {}, env });
  expect(warnings).toEqual([
    'BULK_LOAD_BATCH_BYTE in the environment has no effect: there is no such option; did you mean BULK_LOAD_BATCH_BYTES?',
    'BULK_LOAD_XYZZY in the environment has no effect: there is no such option',
  ]);
});

describe('what the environment says for other targets', () => {
  test('is not used, and that is said once', async () => {
    const env = { BULK_LOAD_TOKEN: 't', BULK_LOAD_DB: 'd' };
    const { settings, origins, warnings } = await resolve({ flags: {}, env });
    expect(settings.token).toBeNull();
    expect(origins.token.source).toBe('default');
    expect(warnings).toEqual([
      'BULK_LOAD_TOKEN in the environment has no effect for --target cnosdb: sign in with --user and --password',
    ]);
  });

  test('by the target that counts, wherever it is named', async () => {
    const config = file('influx.yaml', 'db: d\ntarget: influxdb2\ntenant: o\n');
    const env = {
      BULK_LOAD_USER: 'u',
      BULK_LOAD_TARGET_MEMORY: '1GiB',
      BULK_LOAD_TOKEN: 't',
      BULK_LOAD_CONFIG: config,
    };
    const { settings, warnings } = await resolve({ flags: {}, env });
    expect(settings).toMatchObject({ target: 'influxdb2', user: '', token: 't', targetMemory: null });
    expect(warnings.map((each) => each.split(' ')[0]).sort()).toEqual(['BULK_LOAD_TARGET_MEMORY', 'BULK_LOAD_USER']);
    expect(
      (
        await resolve({
          flags: { target: 'influxdb1', tenant: undefined },
          env: { ...env, BULK_LOAD_CONFIG: '', BULK_LOAD_DB: 'd', BULK_LOAD_USER: '' },
        })
      ).warnings,
    ).toHaveLength(1);
  });

  test('is a mistake as a flag or in a file, even beside the environment', async () => {
    const words = 'token: expected another --target with it, got cnosdb: sign in with --user and --password';
    const env = { BULK_LOAD_TOKEN: 't', BULK_LOAD_DB: 'd' };
    expect(await problems({ token: 'u' }, env)).toEqual([`${words} (from --token)`]);
    const config = file('token.yaml', 'token: u\n');
    expect(await problems({ config }, env)).toEqual([`${words} (from ${config})`]);
  });
});
