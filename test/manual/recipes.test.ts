// The recipes: what can be checked of them without the machines they are for.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { outcomeNames, outcomeRow } from '../../src/core/outcomes.js';
import { fences, readPage, root } from '../support/manual.js';
import { run } from '../support/programs/here.js';

const page = await readPage('src/manual/recipes.md');
const { devDependencies, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const file = (name: string): string => fences(page).find((fence) => fence.file === name)!.body;

function yaml(name: string) {
  const document = parseDocument(file(name), { strict: true });
  expect(document.errors).toEqual([]);
  return document.toJS();
}

const final = outcomeNames.map((name) => outcomeRow(name)).filter(({ retryUnattended }) => retryUnattended === false);
/** Codes that another run does not help. */
const finalCodes = final.map(({ exitCode }) => exitCode);
const program = '/opt/bulk-load/node_modules/bulk-load/bin/bulk-load.js';

/** Runs the options of a recipe. They are valid when the command gets as far as the target, which is not there. */
async function expectUnderstood(words: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bulk-load-recipes-'));
  writeFileSync(join(folder, 'a.lp'), 'm,t=a f=1 1640995200000000000\n');
  writeFileSync(join(folder, 'password'), 'secret\n');
  const local = words.map((word) =>
    word
      .replace(/^(\/srv|\/mnt)?\/data$/, folder)
      .replace(/\$\{CREDENTIALS_DIRECTORY\}|\/etc\/bulk-load/, folder)
      .replace(/^(\/mnt)?\/state\/bulk-load$/, join(folder, 'state'))
      .replace(/http:\/\/\w+:8902/, 'http://127.0.0.1:9'),
  );
  const { code, stderr } = await run([...local, '--no-quiet', '--wait-for-target', '0s'], {
    env: { STATE_DIRECTORY: join(folder, 'state') },
  });
  rmSync(folder, { recursive: true });
  expect([code, stderr]).toEqual([5, expect.stringContaining('127.0.0.1:9')]);
}

test('every recipe pins the version of this package and of DuckDB', () => {
  const tarballs = [...page.matchAll(/bulk-load-(\d\S*?)\.tgz|bulk-load:(\d[\d.]*\d)/g)].map(
    (found) => found[1] ?? found[2],
  );
  expect([...new Set(tarballs)]).toEqual([version]);
  const duckdb = [...page.matchAll(/@duckdb\/node-api@(\S+)/g)].map(([, pinned]) => pinned);
  expect([...new Set(duckdb)]).toEqual([devDependencies['@duckdb/node-api']]);
});

test('a CI job seeds the embedded server with options that exist', async () => {
  const scripts: string[] = [
    yaml('seed.yaml').jobs.test.steps.at(-1).run,
    yaml('.gitlab-ci.yml').test.script.join('\n'),
  ];
  const { stdout } = await run(['serve', '--help']);
  for (const script of scripts) {
    expect(spawnSync('sh', ['-n'], { input: script.replaceAll('&\n', '&\n:\n') }).status).toBe(0);
    const options = [...script.matchAll(/ (--(?!no-save)[a-z-]+)/g)].map(([, name]) => name!);
    expect(options.length).toBeGreaterThan(0);
    for (const option of options) expect(stdout).toContain(option);
  }
});

test('the systemd service runs a valid command and does not repeat what is final', async () => {
  const service = file('bulk-load.service');
  const [node, script, ...words] = /^ExecStart=(.*)$/m.exec(service)![1]!.split(' ');
  expect([node, script]).toEqual(['/usr/bin/node', program]);
  await expectUnderstood(words);
  expect(/^RestartPreventExitStatus=(.*)$/m.exec(service)![1]!.split(' ').map(Number)).toEqual(finalCodes);
  // All runs of a night fit into the interval, which is shorter than a day.
  const [, hours, burst, minutes] = /^StartLimitIntervalSec=(\d+)h\nStartLimitBurst=(\d+)$[\s\S]*^RestartSec=(\d+)min$/m
    .exec(service)!
    .map(Number);
  expect(burst! * minutes!).toBeLessThan(hours! * 60);
  expect(hours).toBeLessThan(24);
  expect(burst).toBe(yaml('cronjob.yaml').spec.jobTemplate.spec.backoffLimit + 1);
});

const systemd = spawnSync('systemd-analyze', ['--version']).status === 0;
test.runIf(systemd)('systemd accepts the service and the timer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulk-load-systemd-'));
  const names = ['bulk-load.service', 'bulk-load.timer'];
  for (const name of names) writeFileSync(join(folder, name), file(name).replace('/usr/bin/node', process.execPath));
  const units = names.map((name) => join(folder, name));
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(stderr.split('\n').filter((line) => line.includes('bulk-load'))).toEqual([]);
});

test('the line for cron runs a valid command', async () => {
  const [, command] = /^0 2 \* \* \* (.*)$/m.exec(file('crontab'))!;
  const [node, script, ...words] = command!.split(' ');
  expect([node, script]).toEqual(['/usr/bin/node', program]);
  await expectUnderstood(words);
});

test('the container starts the binary as its first process, with options that exist', async () => {
  expect(file('Dockerfile')).toMatch(/^ENTRYPOINT \["bulk-load"\]$/m);
  const [, words] = /docker run .* registry\.example\.com\/bulk-load:\S+ (.*)$/m.exec(page)!;
  await expectUnderstood(words!.split(' '));
});

test('the Kubernetes job runs a valid command and does not repeat what is final', async () => {
  const { spec } = yaml('cronjob.yaml').spec.jobTemplate;
  const [container] = spec.template.spec.containers;
  await expectUnderstood(container.args);
  expect(spec.podFailurePolicy.rules[0].onExitCodes.values).toEqual(finalCodes);
  expect(spec.template.spec.restartPolicy).toBe('Never'); // a failure policy wants it
  expect(container.env.map(({ name }: { name: string }) => name)).toEqual(['BULK_LOAD_PASSWORD']);
});

test('no recipe starts npx', () => {
  const code = fences(page).map(({ body }) => body);
  expect(code.length).toBeGreaterThan(6);
  expect(code.filter((body) => body.includes('npx'))).toEqual([]);
});
