import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { expand, type Stdin } from '../../src/inputs/expand.js';
import { remote } from '../support/servers/remote.js';
import { drain, type Folder, folder, never } from './support.js';

let temp: Folder;
beforeEach(() => {
  temp = folder();
});
afterEach(() => {
  temp.remove();
});

const terminal: Stdin = { isTTY: true, isPipeOrFile: false, stream: () => new PassThrough() };
const pipe: Stdin = { isTTY: false, isPipeOrFile: true, stream: () => Readable.from([Buffer.from('m f=1\n')]) };

function files(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(temp.path, name, '..'), { recursive: true });
    temp.file(name, name);
  }
}

async function names(...given: string[]): Promise<string[]> {
  return (await expand(given, { stdin: terminal, cwd: temp.path, stateDir: 'state', remote })).inputs.map(
    ({ name }) => name,
  );
}

async function found(name: string): Promise<{ inputs: string[]; leftOut: readonly string[] }> {
  const options = { stdin: terminal, cwd: temp.path, stateDir: 'state', remote };
  const { inputs, leftOut } = await expand([name], options);
  return { inputs: inputs.map((input) => input.name), leftOut };
}

async function problems(given: string[], stdin = terminal): Promise<readonly string[]> {
  const error: unknown = await expand(given, { stdin, cwd: temp.path, stateDir: 'state', remote }).catch(
    (reason: unknown) => reason,
  );
  if (!(error instanceof UsageError)) throw new Error(`expected a UsageError, got ${String(error)}`);
  return error.problems;
}

test('an option after -- is refused with the advice to put it before --', async () => {
  expect(await problems(['--format'])).toEqual([expect.stringMatching(/^--format: .*Put options before --, because /)]);
});

test('files keep the order in which they are named', async () => {
  files('b.lp', 'a.lp');
  expect(await names('b.lp', 'a.lp')).toEqual(['b.lp', 'a.lp']);
});

test('an input has a canonical path and its size, and opens', async () => {
  files('a.lp');
  symlinkSync('a.lp', join(temp.path, 'link.lp'));
  const { inputs } = await expand(['./link.lp'], { stdin: terminal, cwd: temp.path, stateDir: 'state', remote });
  expect(inputs).toMatchObject([{ name: './link.lp', path: join(temp.path, 'a.lp'), size: 4 }]);
  expect((await drain(await inputs[0].open(never))).toString()).toBe('a.lp');
});

test('the state directory is left out and counted below a directory or pattern, and read when it is named', async () => {
  files('d/a.lp', 'd/state/load/rejected.lp');
  symlinkSync('state', join(temp.path, 'd/again'));
  const options = { stdin: terminal, cwd: temp.path, stateDir: 'd/state', remote };
  const shown = async (name: string): Promise<unknown> => {
    const { inputs, leftOut } = await expand([name], options);
    return { inputs: inputs.map((input) => input.name), leftOut };
  };
  expect(await shown('d')).toEqual({ inputs: ['d/a.lp'], leftOut: ['d: left out: 1 state directory'] });
  expect(await shown('d/**/*.lp')).toEqual({ inputs: ['d/a.lp'], leftOut: ['d/**/*.lp: left out: 1 state directory'] });
  const kept = { inputs: ['d/state/load/rejected.lp'], leftOut: [] };
  expect(await shown('d/state')).toEqual(kept);
  expect(await shown('d/state/*/*.lp')).toEqual(kept);
  expect(await shown('d/state/load/rejected.lp')).toEqual(kept);
});

test('a directory gives its regular files in byte order, without names that begin with a dot', async () => {
  files('d/b.lp', 'd/a/z.lp', 'd/a.lp', 'd/é.lp', 'd/Z.lp', 'd/.hidden.lp', 'd/.git/x.lp');
  expect(await names('d')).toEqual(['d/Z.lp', 'd/a.lp', 'd/a/z.lp', 'd/b.lp', 'd/é.lp']);
});

test('files that are left out below a directory are counted by kind', async () => {
  files('d/a.lp', 'd/.hidden.lp', 'd/x/.git/b.lp', 'only/.c.lp');
  execFileSync('mkfifo', [join(temp.path, 'd', 'pipe')]);
  const { leftOut } = await expand(['d', 'd/a.lp'], { stdin: terminal, cwd: temp.path, stateDir: 'state', remote });
  expect(leftOut).toHaveLength(1);
  expect(leftOut[0]).toMatch(/^d: left out: (2 hidden, 1 pipe|1 pipe, 2 hidden)$/);
  await expect(names('only')).rejects.toThrow(/found none \(left out: 1 hidden\)\. Name/);
});

test('links to directories are followed, and a circle of links is walked once', async () => {
  files('d/a.lp', 'other/b.lp');
  symlinkSync('../other', join(temp.path, 'd', 'more'));
  symlinkSync('../d', join(temp.path, 'other', 'back'));
  expect(await names('d')).toEqual(['d/a.lp', 'd/more/b.lp']);
});

test('a pattern gives the files it matches in byte order', async () => {
  files('d/b.lp', 'd/a.lp', 'd/x/c.lp', 'd/c.csv', 'd/.d.lp');
  expect(await names('d/**/*.lp')).toEqual(['d/a.lp', 'd/b.lp', 'd/x/c.lp']);
  expect(await names(join(temp.path, 'd/*.{csv,lp}'))).toEqual(
    ['a.lp', 'b.lp', 'c.csv'].map((name) => join(temp.path, 'd', name)),
  );
});

test('a name that exists is that file, even if it is also a pattern', async () => {
  files('a[1].lp', 'a1.lp');
  expect(await names('a[1].lp')).toEqual(['a[1].lp']);
});

test('a file that is named twice, also through links, is loaded once with a note', async () => {
  files('d/a.lp');
  symlinkSync('a.lp', join(temp.path, 'd', 's.lp'));
  linkSync(join(temp.path, 'd/a.lp'), join(temp.path, 'd/h.lp'));
  const { inputs, duplicates } = await expand(['d/a.lp', 'd', 'd/*.lp'], {
    stdin: terminal,
    cwd: temp.path,
    stateDir: 'state',
    remote,
  });
  expect(inputs.map(({ name }) => name)).toEqual(['d/a.lp']);
  expect(duplicates).toContain('d/a.lp is named twice; bulk-load loads it once');
  expect(duplicates).toContain('d/h.lp is the same file as d/a.lp; bulk-load loads it once');
  expect(duplicates).toContain('d/s.lp is the same file as d/a.lp; bulk-load loads it once');
});

describe('standard input', () => {
  test.each([[['-']], [['/dev/stdin', '-']], [[]]])(
    'standard input is read for the names %j when it is a pipe',
    async (given) => {
      const { inputs } = await expand(given, { stdin: pipe, cwd: temp.path, stateDir: 'state', remote });
      expect(inputs).toMatchObject([{ name: '-', path: null, size: null }]);
      expect((await drain(await inputs[0].open(never))).toString()).toBe('m f=1\n');
    },
  );

  test('standard input is not read when a file is named', async () => {
    files('a.lp');
    expect((await expand(['a.lp'], { stdin: pipe, cwd: temp.path, stateDir: 'state', remote })).inputs).toHaveLength(1);
  });

  test('without a name at a terminal, the message shows what to type', async () => {
    expect(await problems([])).toEqual([expect.stringContaining("bulk-load --db mydb 'data/**/*.lp.gz'")]);
  });
});

test('a file whose name is not UTF-8 is left out and counted below a directory and in a pattern', async () => {
  files('d/a.lp');
  const path = Buffer.concat([Buffer.from(`${temp.path}/d/caf`), Buffer.from([0xe9]), Buffer.from('.lp')]);
  writeFileSync(path, 'm f=1 1\n');
  expect(await found('d')).toEqual({ inputs: ['d/a.lp'], leftOut: ['d: left out: 1 name that is not UTF-8'] });
  expect(await found('d/*')).toEqual({ inputs: ['d/a.lp'], leftOut: ['d/*: left out: 1 name that is not UTF-8'] });
});

test('all problems with the names are reported at once', async () => {
  files('good.lp');
  mkdirSync(join(temp.path, 'empty'));
  const found = await problems([
    'gone.lp',
    'good.lp',
    '*.csv',
    'nowhere/*.lp',
    'empty',
    'ftp://h/k',
    'https://me:secret@h:port/x.lp?token=t',
    '',
  ]);
  expect(found).toEqual([
    'gone.lp: expected a file or directory that can be read, found no such file, or a broken link (ENOENT). Check the name.',
    `*.csv: expected a pattern that matches a file, found no match. Check the pattern; it is relative to ${temp.path}.`,
    `nowhere/*.lp: expected a pattern that matches a file, found no match. Check the pattern; it is relative to ${temp.path}.`,
    'empty: expected files in this directory, found none. Name a directory that contains files.',
    'ftp://h/k: expected a file, or a URL of http, https or s3, found a URL of ftp.',
    'https://h:port/x.lp: expected a valid URL, found a URL with a syntax error.',
    'looking for inputs: expected a name, found an empty name.',
  ]);
});

test('a dangling link below a directory or in a pattern is left out and counted, and named itself it is a problem', async () => {
  files('d/a.lp');
  symlinkSync('gone', join(temp.path, 'd', 'b.lp'));
  symlinkSync('loop.lp', join(temp.path, 'd', 'loop.lp'));
  const links = (name: string): RegExp =>
    new RegExp(`^${name}: left out: 2 dangling links \\((d/b.lp, d/loop.lp|d/loop.lp, d/b.lp)\\)$`);
  expect(await found('d')).toEqual({ inputs: ['d/a.lp'], leftOut: [expect.stringMatching(links('d'))] });
  expect(await found('d/*.lp')).toEqual({ inputs: ['d/a.lp'], leftOut: [expect.stringMatching(links('d/\\*.lp'))] });
  expect(await names('d/a*')).toEqual(['d/a.lp']);
  expect(await problems(['d/b.lp'])).toEqual([expect.stringMatching(/^d\/b.lp: expected a file .* a broken link/)]);
});

test('names that begin with an underscore are left out below a directory, but not Hive partitions and named files', async () => {
  files('d/_SUCCESS', 'd/_committed_1', 'd/part-0.lp', 'd/_day=1/a.lp', 'd/.part-0.crc');
  expect(await found('d')).toEqual({ inputs: ['d/_day=1/a.lp', 'd/part-0.lp'], leftOut: ['d: left out: 3 hidden'] });
  expect(await names('d/_SUCCESS', 'd/_committed_*')).toEqual(['d/_SUCCESS', 'd/_committed_1']);
});

test('a state directory that is also an input directory gives no state files, and dead letters only by name', async () => {
  const load = 'state/0123456789ab';
  const letters = `${load}.rejected-20220101T000000Z.lp`;
  files('state/a.lp', `${load}.checkpoint.json`, `${load}.checkpoint.inputs.ndjson`, `${load}.lock`, letters);
  files(`${load}.rejected.ndjson`, `${load}.finished.ndjson`);
  expect(await found('state')).toEqual({ inputs: ['state/a.lp'], leftOut: ['state: left out: 6 state files'] });
  expect(await found('state/*.lp')).toEqual({
    inputs: ['state/a.lp'],
    leftOut: ['state/*.lp: left out: 1 state file'],
  });
  expect(await names(letters)).toEqual([letters]);
  expect(await names('state/*.rejected-*.lp')).toEqual([letters]);
});

// The superuser may read everything.
test.skipIf(process.getuid?.() === 0)('a directory that cannot be read is reported, not left out', async () => {
  files('d/a.lp', 'd/closed/b.lp');
  chmodSync(join(temp.path, 'd/closed'), 0);
  try {
    expect(await problems(['d'])).toEqual([expect.stringMatching(/^d\/closed: .*may not read/)]);
    expect(await problems(['d/**/*.lp'])).toEqual([expect.stringMatching(/closed.*may not read/)]);
  } finally {
    chmodSync(join(temp.path, 'd/closed'), 0o755);
  }
});
