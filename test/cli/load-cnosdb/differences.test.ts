// Every intended difference from the Go tool: what the Go tool did when record.js recorded it, and what this program does
// with the same flags, input and target.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster/cluster.js';
import { inProcess, masked } from './support.js';

interface Difference {
  readonly name: string;
  readonly target: 'takes' | 'refuses' | 'gone' | 'half' | 'none';
  readonly args: readonly string[];
  readonly input: string;
  /** Length of the string in its field. */
  readonly long?: number;
  readonly files?: Readonly<Record<string, string>>;
  readonly ours: { status: number; rows: number | null; lines: number; stderr: string };
  readonly go: { status: number | null; stdout: string[]; stderr: string; lines: number; statements: string[] };
}

const recorded = new URL('../../../fixtures/load-cnosdb/differences.json', import.meta.url);
const differences = JSON.parse(await readFile(recorded, 'utf8')) as Difference[];

let cluster: Cluster;
let scratch: string;
let lines: number;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'bulk-load-compat-'));
});
afterAll(() => rm(scratch, { recursive: true }));
beforeEach(async () => {
  lines = 0;
  cluster = await startCluster({ nodes: 2, databases: ['benchmark'] });
  await cluster.stopNode(1);
});
afterEach(() => cluster.stop());

const rows = (stdout: string): number | null => {
  if (!stdout.includes('\nSummary:\n')) return null;
  return Number(/^loaded (\d+) rows /m.exec(stdout)?.[1] ?? 0);
};

test.each(differences)(
  'load_cnosdb differs from the Go tool on purpose: $name',
  async ({ target, args, input, long, files = {}, ours, go }) => {
    const [there, away] = cluster.urls;
    const urls = { takes: [there], refuses: [there], gone: [away], half: [there, away], none: [] }[target];
    const refusal = { status: 422, body: '{"error_code":"040004","error_message":"Error parsing message"}' };
    cluster.setScript({
      onWrite: ({ points }) => {
        if (target === 'refuses') return { answer: refusal };
        lines += points.length;
        return undefined;
      },
    });
    const cwd = await mkdtemp(join(scratch, 'run-'));
    await mkdir(join(cwd, 'state'));
    for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), content);
    const env = { XDG_STATE_HOME: join(cwd, 'state'), PWD: cwd, BULK_LOAD_WAIT_FOR_TARGET: '0s' };
    const content = long === undefined ? input : input.replace('f=1', `f="${'x'.repeat(long)}"`);
    const flags = urls.length === 0 ? args : [`--urls=${urls.join(',')}`, ...args];
    const { status, stdout, stderr } = await inProcess(flags, content, env);

    expect({ status, rows: rows(stdout), lines }).toEqual({ status: ours.status, rows: ours.rows, lines: ours.lines });
    expect(stderr).toMatch(new RegExp(ours.stderr));
    expect(stdout).not.toMatch(/^Error/m);
    expect(cluster.statements.filter((statement) => statement.startsWith('DROP'))).toEqual([]);
    const same = status === go.status && masked(stdout).join('\n') === masked(go.stdout.join('\n')).join('\n');
    expect(same && go.statements.length === 0 && !go.stderr.startsWith('panic: ')).toBe(false);
  },
);
