// Mistakes on the command line: every one is answered at once, with what to write instead.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { goFlags } from '../../src/cli/load-cnosdb/load-cnosdb-flags.js';
import { replacements } from '../../src/cli/load-cnosdb/replacements.js';
import { flags } from '../../src/config/help/flags.js';
import { options } from '../../src/load/option-table.js';
import { run } from '../support/programs/here.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-arguments-'));
  await writeFile(join(folder, 'a.lp'), 'm f=1 1640995200000000000\n');
});
afterAll(() => rm(folder, { recursive: true }));

async function refused(...words: readonly string[]): Promise<string> {
  const { code, stderr, stdout } = await run([...words], { cwd: folder });
  expect([code, stdout]).toEqual([2, '']);
  return stderr;
}

test('all unknown options are reported at once', async () => {
  const stderr = await refused('--worker', '3', '--frobnicate', '-q', '--summry=x', join(folder, 'a.lp'));
  expect(stderr.match(/^ {2}tried .*$/gm)).toEqual([
    '  tried     option --worker',
    '  tried     option --frobnicate',
    '  tried     option -q',
    '  tried     option --summry',
  ]);
  expect(stderr).toContain('did you mean --workers?');
  expect(stderr).toContain("'bulk-load --help' lists all options");
});

test('options of load_cnosdb are answered with the option of bulk-load', async () => {
  const stderr = await refused(
    '--urls',
    'http://h:1',
    '--db-name',
    'bench',
    '--batch-size=5',
    '--file',
    'x.lp',
    '--gzip',
  );
  const advice = [...stderr.matchAll(/^ {2}do +(.*)$/gm)].map(([, text]) => text);
  expect(advice).toEqual([
    'use --url; or use the load_cnosdb command',
    'use --db; or use the load_cnosdb command',
    'use --batch-points; or use the load_cnosdb command',
    'give the file as an argument: bulk-load FILE; or use the load_cnosdb command',
    'use --compression gzip or --compression none; or use the load_cnosdb command',
  ]);
  expect(stderr.match(/an option of load_cnosdb$/gm)).toHaveLength(5);
});

test('every option of load_cnosdb exists in bulk-load or has a replacement', () => {
  const own = new Set(flags(options).map(({ flags: notation }) => notation.split(' ')[0]));
  const missing = goFlags.map(({ name }) => `--${name}`).filter((name) => !own.has(name) && !(name in replacements));
  expect(missing).toEqual([]);
});

test.each([
  ['--database', '--db'],
  ['--username', '--user'],
  ['-d', '--db'],
])('%s is answered with %s', async (typed, meant) => {
  expect(await refused(typed, 'x', join(folder, 'a.lp'))).toMatch(new RegExp(`${meant}[?;]`));
});

test.each([
  ['4', '--batch-points'],
  ['1MiB', '--batch-bytes'],
])('a batch size of %s is answered with %s', async (value, meant) => {
  for (const words of [['--batchsize', value], [`--bacth-size=${value}`]])
    expect(await refused(...words, join(folder, 'a.lp'))).toContain(`did you mean ${meant}?`);
});

test('an unknown option may be named like a member of every object', async () => {
  expect(await refused('--constructor', 'x', join(folder, 'a.lp'))).toContain('an unknown name');
});

test('a mistyped first word of options is answered with all of them', async () => {
  expect(await refused('--bacth', 'x', join(folder, 'a.lp'))).toContain(
    'did you mean --batch-points <points>, --batch-bytes <size> or --batch-linger <time>?',
  );
  for (const [value, meant] of [
    ['5', '--batch-points'],
    ['1MiB', '--batch-bytes'],
    ['5s', '--batch-linger'],
  ])
    expect(await refused('--bacth', value!, join(folder, 'a.lp'))).toContain(`did you mean ${meant}?`);
});

test.each([
  [
    ['a.lp', '--workers'],
    'option --workers',
    'a value, as in --workers <n>',
    'nothing after it',
    'write --workers=VALUE',
  ],
  [['help', 'formats', 'x'], 'reading the arguments of help', '1 argument', '2', 'leave out the extra arguments'],
  [['serve', 'x'], 'reading the arguments of serve', 'no argument', '1', 'leave out the extra arguments'],
])('the command line %j is answered in four parts', async (line, ...parts) => {
  const names = ['tried   ', 'expected', 'found   ', 'do      '];
  const text = names.map((name, i) => `  ${name}  ${parts[i]}\n`).join('');
  expect(await refused(...line)).toBe(
    `bulk-load: Nothing was sent: an option or an input is wrong (exit code 2).\n${text}`,
  );
});

test('completion without a shell names the shells', async () => {
  expect(await refused('completion')).toContain('expected  one of bash, zsh, fish\n  found     nothing\n');
});

test('serve names its own options for an option of a load', async () => {
  const stderr = await refused('serve', '--state-dir', 'x');
  expect(stderr).toContain('tried     option --state-dir\n  expected  an option of bulk-load serve');
  expect(stderr).toContain('do        leave this option out, or use --data <dir> (directory for the data; ');
  expect(await refused('serve', '--workers', '3')).toContain(
    'leave this option out; bulk-load serve takes --listen, --data, --ready-file, --db, --seed',
  );
  expect(stderr).not.toContain('did you mean');
  expect(await refused('serve', '--redy-file', 'x')).toContain('did you mean --ready-file?');
});

test('a file after --dry-run is answered with the form that names an output', async () => {
  const stderr = await refused('--dry-run', 'out.lp', join(folder, 'a.lp'));
  expect(stderr).toContain('do        write --dry-run=out.lp');
  const { code } = await run(['--dry-run', join(folder, 'a.lp')]);
  expect(code).toBe(0);
});

test('control characters in an unknown option are escaped', async () => {
  const stderr = await refused('--\u001b[2J', 'a.lp');
  expect(stderr).toContain('option --\\x1b[2J');
  expect(stderr).not.toContain('\u001b');
});

test('the value of a mistyped option is not repeated', async () => {
  expect(await refused('--pasword=hunter2', 'a.lp')).not.toContain('hunter2');
});

test('several problems stand below one headline, four lines each', async () => {
  const stderr = await refused('--db', 'x', '--workers', '-3', '--batch-bytes', '512', join(folder, 'a.lp'));
  expect(stderr).toBe(`bulk-load: Nothing was sent: an option or an input is wrong (exit code 2).
  tried     --batch-bytes
  expected  a size from 1KiB to 64MiB, in B, KB, MB, GB, KiB, MiB or GiB
  found     "512"

  tried     --workers
  expected  a whole number from 1 to 256
  found     "-3"
`);
});

test.each(['--summary', '--report', '--metrics-file', '--config', '--password-file', '--key', '--ca'])(
  'a name of 300 bytes for %s ends with exit code 2',
  async (option) => {
    const stderr = await refused('--db', 'x', option, 'n'.repeat(300), join(folder, 'a.lp'));
    expect(stderr).toContain(`tried     ${option}`);
    expect(stderr).toContain('a name of 300 bytes, which is not shown');
  },
);

test.each(['a.lp', '/dev/null'])(
  'a removed working directory ends with exit code 2 and the reason, for the input %s',
  async (input) => {
    const gone = await mkdtemp(join(tmpdir(), 'bulk-load-gone-'));
    const program = join(import.meta.dirname, '../../bin/bulk-load.js');
    const script = 'cd "$1" && rmdir "$1" && exec "$2" "$3" --db d "$4"';
    const { status, stderr } = spawnSync('sh', ['-c', script, 'sh', gone, process.execPath, program, input], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([2, expect.stringContaining('tried     reading the working directory')]);
    expect(stderr).toContain('do        change to another directory');
  },
);
