// The README's recipes: what can be checked of them without the machines they are for.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { renderExitCodes } from '../src/config/documentation.js';
import { type Outcome, outcomes } from '../src/core/outcomes.js';
import { run } from './support/here.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const section = /<!-- recipes -->([\s\S]*)<!-- \/recipes -->/.exec(readme)![1]!;
const blocks = (language: string): string[] =>
  [...section.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);
const [github, gitlab, kubernetes] = blocks('yaml').map((text) => {
  const document = parseDocument(text, { strict: true });
  expect(document.errors).toEqual([]);
  return document.toJS();
});
const [service, timer] = blocks('ini');

/** Codes that another run does not help, by the table of exit codes. */
const final = renderExitCodes()
  .split('\n')
  .filter((row) => row.endsWith('| no |'))
  .map((row) => Number(row.split('|')[1]));

/** `words` are options that exist, with values that are valid: the command gets as far as the target that is not there. */
async function understood(words: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bulk-load-recipes-'));
  writeFileSync(join(folder, 'a.lp'), 'm,t=a f=1 1640995200000000000\n');
  writeFileSync(join(folder, 'password'), 'secret\n');
  const here = words.map((word) =>
    word
      .replace(/^(\/srv|\/mnt)\/data$/, folder)
      .replace(/\$\{CREDENTIALS_DIRECTORY\}/, folder)
      .replace('/mnt/state', join(folder, 'state'))
      .replace(/http:\/\/\w+:8902/, 'http://127.0.0.1:9'),
  );
  const { code, stderr } = await run([...here, '--wait-for-target', '0s'], {
    env: { STATE_DIRECTORY: join(folder, 'state') },
  });
  rmSync(folder, { recursive: true });
  expect([code, stderr]).toEqual([outcomes.unavailable.exitCode, expect.stringContaining('127.0.0.1:9')]);
}

test('a CI job seeds the embedded server by options that there are', async () => {
  const scripts: string[] = [github.jobs.test.steps.at(-1).run, gitlab.test.script.join('\n')];
  const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const duckdb = '@duckdb/node-api';
  for (const script of scripts) {
    expect(script).toContain(`${duckdb}@${devDependencies[duckdb]}`);
    expect(spawnSync('sh', ['-n'], { input: script.replaceAll('&\n', '&\n:\n') }).status).toBe(0);
    const options = [...script.matchAll(/ (--[a-z-]+)/g)].map(([, name]) => name);
    const { stdout } = await run(['serve', '--help']);
    for (const option of options) expect(stdout).toContain(option);
  }
});

test('the systemd service runs a command that there is, and does not repeat what is final', async () => {
  const command = /^ExecStart=\S+ bulk-load (.*)$/m.exec(service!)![1]!;
  await understood(command.split(' '));
  expect(/^RestartPreventExitStatus=(.*)$/m.exec(service!)![1]!.split(' ').map(Number)).toEqual(final);
  // What could be mended by another run mostly is by a few; the next night has its own.
  const [, hours, burst, minutes] = /^StartLimitIntervalSec=(\d+)h\nStartLimitBurst=(\d+)$[\s\S]*^RestartSec=(\d+)min$/m
    .exec(service!)!
    .map(Number);
  expect(burst! * minutes!).toBeLessThan(hours! * 60);
  expect(hours).toBeLessThan(24);
  expect(burst).toBe(kubernetes.spec.jobTemplate.spec.backoffLimit + 1);
});

const systemd = spawnSync('systemd-analyze', ['--version']).status === 0;
test.runIf(systemd)('systemd takes the service and the timer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulk-load-systemd-'));
  writeFileSync(join(folder, 'bulk-load.service'), service!.replace('/usr/bin/npx', process.execPath));
  writeFileSync(join(folder, 'bulk-load.timer'), timer!);
  const units = [join(folder, 'bulk-load.service'), join(folder, 'bulk-load.timer')];
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(stderr.split('\n').filter((line) => line.includes('bulk-load'))).toEqual([]);
});

test('the Kubernetes job runs a command that there is, and does not repeat what is final', async () => {
  const { spec } = kubernetes.spec.jobTemplate;
  const [container] = spec.template.spec.containers;
  await understood(container.command.slice(3));
  expect(spec.podFailurePolicy.rules[0].onExitCodes.values).toEqual(final);
  expect(spec.template.spec.restartPolicy).toBe('Never'); // a failure policy wants it
  expect(container.env.map(({ name }: { name: string }) => name)).toContain('BULK_LOAD_PASSWORD');
});

test('the words above the recipes name the codes that another run helps', () => {
  const again: Outcome[] = ['unavailable', 'memory', 'input', 'busy'];
  expect(readme).toContain(
    `Exit codes ${again
      .map((outcome) => outcomes[outcome].exitCode)
      .join(', ')
      .replace(/, (\d+)$/, ' and $1')} are`,
  );
});
