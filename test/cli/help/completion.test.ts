// The completion scripts in real shells, where they are installed.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shells } from '../../../src/cli/help/completion.js';
import { run } from '../../support/programs/here.js';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bulk-load-completion-'));
  for (const shell of shells) writeFileSync(join(folder, shell), (await run(['completion', shell])).stdout);
  writeFileSync(join(folder, 'data.lp'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const installed = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

/** Returns the completions of the last word. */
const offered = {
  bash: (words: readonly string[]): string[] => {
    const look = 'source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bulk_load';
    const script = `${look}; IFS=$'\\n'; echo "$\{COMPREPLY[*]}"`;
    return lines(spawnSync('bash', ['-c', script, 'bash', ...words], { cwd: folder, encoding: 'utf8' }).stdout);
  },
  fish: (words: readonly string[]): string[] => {
    const script = 'source ./fish; complete -C (string join " " -- $argv)';
    const { stdout } = spawnSync('fish', ['--no-config', '-c', script, ...words], { cwd: folder, encoding: 'utf8' });
    return lines(stdout).map((line) => line.split('\t')[0]!);
  },
};

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** Types `line` and a tab into a zsh; returns true once `expected` appears. */
function zshCompletes(line: string, expected: string): boolean {
  const script = `
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z "PROMPT=; autoload -U compinit; compinit -D -u; source ./zsh; print READY"
    zpty -r z out '*READY*READY*'
    zpty -n -w z "$1"$'\\t'
    zpty -r z out "*$2*"
    zpty -d z`;
  const { status } = spawnSync('zsh', ['-f', '-c', script, 'zsh', line, expected], { cwd: folder, timeout: 20_000 });
  return status === 0;
}

describe.each(['bash', 'fish'] as const)('%s', (shell) => {
  test.runIf(installed(shell)).each([
    [['bulk-load', 'ch'], ['check']],
    [['bulk-load', '--batch-b'], ['--batch-bytes']],
    [['bulk-load', 'check', '--batch-b'], ['--batch-bytes']],
    [['bulk-load', '--compression', 'g'], ['gzip']],
    [['bulk-load', 'data.lp', '--no-rel'], ['--no-relieve']],
    [['bulk-load', 'serve', '--rea'], ['--ready-file']],
    [['bulk-load', 'completion', 'f'], ['fish']],
    [['bulk-load', 'recon'], ['reconcile']],
    [
      ['bulk-load', 'audit', '--rep'],
      ['--repair', '--report'],
    ],
    [['bulk-load', 'worker', '--allow'], ['--allow-input']],
    [
      ['bulk-load', 'status', '--queue-c'],
      ['--queue-ca', '--queue-cert'],
    ],
    [['bulk-load', 'reconcile', '--plan', 'da'], ['data.lp']],
    [['bulk-load', '--summary', 'da'], ['data.lp']],
    [['bulk-load', 'da'], ['data.lp']],
  ])('completes %j', (words, expected) => {
    expect(offered[shell](words)).toEqual(expected);
  });

  test.runIf(installed(shell))('offers nothing for free text', () => {
    expect(offered[shell](['bulk-load', '--tenant', 'da'])).toEqual([]);
  });
});

describe('zsh', () => {
  test.runIf(installed('zsh')).each([
    ['bulk-load ch', 'eck'],
    ['bulk-load --compr', 'bulk-load --compression'],
    ['bulk-load --compression=gz', 'gzip'],
    ['bulk-load check --summ', 'bulk-load check --summary'],
    ['bulk-load completion fi', 'fish'],
  ])('completes %s', (line, expected) => {
    expect(zshCompletes(line, expected)).toBe(true);
  });
});

test('the command prints the script and refuses another shell', async () => {
  const bash = expect.stringContaining('complete -F _bulk_load bulk-load\n');
  expect(await run(['completion', 'bash'])).toMatchObject({ code: 0, stdout: bash, stderr: '' });
  const refused = 'expected  one of bash, zsh, fish\n  found     ';
  expect(await run(['completion', 'tcsh'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`${refused}"tcsh"\n`),
  });
  expect(await run(['completion', 'bsh'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`${refused}"bsh"\n  do        did you mean bash?\n`),
  });
});
