// load_cnosdb prints what the Go tool printed when record.js recorded it: 10 inputs, 19 sets of flags, and mistyped flags.
// With the Go tool on PATH, both run side by side, and the lines that reach the target are compared as well.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { header } from '../../../src/cli/load-cnosdb/report-lines.js';
import { type Cluster, startCluster } from '../../support/cluster/cluster.js';
import { isSoak } from '../../support/effort.js';
import { inProcess, masked, maskedResults, type Ran } from './support.js';

interface Recorded {
  readonly flags: string[];
  readonly status: number;
  readonly stdout: string;
  readonly results: string | null;
}

const folder = new URL('../../../fixtures/load-cnosdb/', import.meta.url);
const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(new URL(name, folder), 'utf8'));
const { inputs, flagSets } = (await json('cases.json')) as { inputs: Record<string, string>; flagSets: string[][] };
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

/** CI and the soak run everything. Other test runs take each input and each set of flags at least once. */
const some = <T>(of: readonly T[], input: number, every: number): T[] =>
  of.filter((_, flags) => isSoak || (input + flags) % every === 0);

const numbered = <T>(of: Record<string, T>): [string, T, number][] =>
  Object.entries(of).map(([name, each], at) => [name, each, at]);

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

describe.each(numbered(runs))('%s', (name, recorded, at) => {
  test.each(some(recorded, at, 5))('$flags', async (each) => {
    expect(comparable(await ours(each.flags, inputs[name]!))).toEqual(comparable(each));
  });
});

test.each(refused)('$args is refused with the message of the Go tool', async ({ args, status, stdout, stderr }) => {
  const it = await inProcess(args, '', {});
  expect([it.status, it.stdout, it.stderr.split('\n')[0]]).toEqual([status, stdout, stderr]);
});

test('the usage is that of the Go tool, plus --drop-existing', async () => {
  const { stderr } = await inProcess(['--help'], '', {});
  const theirs = stderr.split('\n').filter((line) => !line.includes('--drop-existing'));
  expect(theirs.slice(1).join('\n')).toBe(usage);
});

/** Tells the Go tool from this program, which may be on PATH by the same name. */
const go =
  spawnSync('load_cnosdb', ['--drop-existing'], { encoding: 'utf8' }).stdout === 'unknown flag: --drop-existing\n';

/** The most telling sets of flags. */
const compared = isSoak
  ? flagSets
  : flagSets.filter((flags) => /^(--workers,4|--do-load=false,--limit|--results-file=RESULTS$)/.test(String(flags)));

describe.runIf(go)('side by side with the Go tool on PATH', () => {
  describe.each(numbered(inputs))('%s', (_, input, at) => {
    test.each(some(compared, at, 3).map((flags) => ({ flags })))('$flags', async ({ flags }) => {
      const theirs = await arriving(() => goTool(flags, input));
      const its = await arriving(() => ours(flags, input));
      expect(headless(its.ran)).toEqual(headless(theirs.ran));
      expect(its.lines).toEqual(theirs.lines);
    });
  });
});

test.skipIf(go)('without the Go tool on PATH, every input has a recorded output', () => {
  expect(Object.keys(runs)).toEqual(Object.keys(inputs));
});

async function goTool(flags: readonly string[], input: string): Promise<Omit<Recorded, 'flags'>> {
  const child = spawn('load_cnosdb', [`--urls=${cluster.urls[0]}`, ...flags], { cwd: scratch });
  child.stdin.on('error', () => {}); // the tool may close its input early
  child.stdin.end(input);
  const [stdout, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const file = results(flags) ? await readFile(join(scratch, 'RESULTS'), 'utf8') : null;
  return { status: Number(status), stdout, results: file };
}

/** Removes the header: the Go tool prints it from another goroutine, anywhere in the output or not at all. */
function headless(ran: Omit<Recorded, 'flags'>): object {
  return comparable({ ...ran, stdout: ran.stdout.replace(header, '') });
}

/** Returns the result of a run and the lines that reached the target, sorted. */
async function arriving<T>(running: () => Promise<T>): Promise<{ ran: T; lines: string[] }> {
  const bodies: string[] = [];
  cluster.setScript({
    onWrite: ({ body }) => {
      bodies.push(Buffer.from(body).toString('utf8'));
      return undefined;
    },
  });
  const ran = await running();
  const lines = bodies.flatMap((body) => body.split(/\r?\n/)).filter((line) => line !== '');
  return { ran, lines: lines.sort() };
}
