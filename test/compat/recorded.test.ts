// What the Go tool printed, recorded by test/compat/record.js, is what ours prints: 10 inputs, 19 sets of flags, and all
// ways to mistype one. Where the Go tool is on PATH it is asked again, side by side.

import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.js';
import { inProcess, masked, maskedResults, type Ran } from './support.js';

interface Recorded {
  readonly flags: string[];
  readonly status: number;
  readonly stdout: string;
  readonly results: string | null;
}

const folder = new URL('../../fixtures/load-cnosdb/', import.meta.url);
const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(new URL(name, folder), 'utf8'));
const { inputs } = (await json('cases.json')) as { inputs: Record<string, string> };
const { usage, refused, runs } = (await json('recorded.json')) as {
  usage: string;
  refused: (Ran & { args: string[] })[];
  runs: Record<string, Recorded[]>;
};

let cluster: Cluster;
let scratch: string;

beforeAll(async () => {
  cluster = await startCluster({ databases: ['benchmark', 'a<b'] });
  scratch = await mkdtemp(join(tmpdir(), 'bulk-load-compat-'));
});
afterAll(async () => {
  await cluster.stop();
  await rm(scratch, { recursive: true });
});

const results = (flags: readonly string[]): boolean => flags.some((flag) => flag.startsWith('--results-file'));

async function ours(flags: readonly string[], input: string): Promise<Omit<Recorded, 'flags'>> {
  const path = join(scratch, 'RESULTS');
  const env = { XDG_STATE_HOME: scratch, PWD: scratch };
  const args = flags.map((flag) => flag.replace('=RESULTS', `=${path}`));
  const { status, stdout } = await inProcess([`--urls=${cluster.urls[0]}`, ...args], input, env);
  return { status, stdout, results: results(flags) ? await readFile(path, 'utf8') : null };
}

function comparable({ status, stdout, results: file }: Omit<Recorded, 'flags'>): object {
  return { status, stdout: masked(stdout), results: maskedResults(file) };
}

describe.each(Object.entries(runs))('%s', (name, recorded) => {
  test.each(recorded)('$flags', async (each) => {
    expect(comparable(await ours(each.flags, inputs[name]!))).toEqual(comparable(each));
  });
});

test.each(refused)('$args is refused in the same words', async ({ args, status, stdout, stderr }) => {
  const it = await inProcess(args, '', {});
  expect([it.status, it.stdout, it.stderr.split('\n')[0]]).toEqual([status, stdout, stderr]);
});

test('the usage is the same, but for the flag that is ours', async () => {
  const { stderr } = await inProcess(['--help'], '', {});
  const theirs = stderr.split('\n').filter((line) => !line.includes('--drop-existing'));
  expect(theirs.slice(1).join('\n')).toBe(usage);
});

/** Not ours, which may be on PATH by the same name. */
const go =
  spawnSync('load_cnosdb', ['--drop-existing'], { encoding: 'utf8' }).stdout === 'unknown flag: --drop-existing\n';

describe.runIf(go)('side by side with the Go tool', () => {
  test.each(Object.keys(inputs))('%s', async (name) => {
    const flags = ['--workers=3', '--batch-size=4'];
    const theirs = spawnSync('load_cnosdb', [`--urls=http://127.0.0.1:9`, '--do-load=false', ...flags], {
      input: inputs[name]!,
      encoding: 'utf8',
      cwd: scratch,
    });
    const it = await ours(['--do-load=false', ...flags], inputs[name]!);
    expect(masked(it.stdout)).toEqual(masked(theirs.stdout));
  });
});
