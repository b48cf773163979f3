// The commands of the README for other targets, as they stand there but for the address: into real servers where they are
// installed, and scripted ones.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../src/cli/main.js';
import { here } from '../support/here.js';
import { startInfluxdb } from '../support/influxdb/server.js';
import { three } from '../support/influxdb/three.js';
import { two } from '../support/influxdb/two.js';
import { influxd, installed, victoriaMetrics } from '../support/servers.js';

const token = 'secret-of-mine==';
let folder: string;
let commands: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data/a.lp'), 'm,t=a f=1 1640995200000000000\n');
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  commands = /<!-- targets -->\n```\n([\s\S]*?)\n```/.exec(readme)![1]!.split('\n');
});
afterAll(() => rm(folder, { recursive: true }));

interface Started {
  readonly url: string;
  end(): Promise<void>;
}

const kinds: readonly [kind: string, program: string | null, start: () => Promise<Started>][] = [
  ['influxdb1', 'influxd', () => influxd()],
  ['influxdb2', null, () => startInfluxdb(two, { token, databases: ['my-bucket'] })],
  ['influxdb3', null, () => startInfluxdb(three, { token })],
  ['victoriametrics', 'victoria-metrics', () => victoriaMetrics()],
];

for (const [kind, program, start] of kinds) {
  test.skipIf(program !== null && !installed(program))(`${kind}: the example in the README loads`, async () => {
    const server = await start();
    const [command, ...others] = commands.filter((each) => each.includes(`--target ${kind} `));
    expect(others).toEqual([]);
    const [npx, name, ...words] = command!.replace(/http:\/\/host:\d+/, server.url).split(' ');
    expect([npx, name]).toEqual(['npx', 'bulk-load']);
    const env = {
      PWD: folder,
      BULK_LOAD_STATE_DIR: join(folder, 'state'),
      ...(program === null ? { BULK_LOAD_TOKEN: token } : {}),
    };
    const { status, stderr } = await here(main, ['node', 'bulk-load', ...words], '', env);
    expect([status, stderr]).toEqual([0, expect.stringContaining('1 read = 1 loaded')]);
    await server.end();
  });
}

test('the README has an example for each of them, and no other', () => {
  expect(commands.map((each) => /--target (\w+)/.exec(each)?.[1])).toEqual(kinds.map(([kind]) => kind));
});
