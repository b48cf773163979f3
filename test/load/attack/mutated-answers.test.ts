// Whole loads into servers whose answers are mutated by a grammar: each ends with an outcome, only acknowledged points count
// as loaded, and no secret that the server repeats is shown.

import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { targetKinds } from '../../../src/targets/registry.js';
import { mutated, randomFrom } from '../../support/data/mutations.js';
import { startHttpServer } from '../../support/servers/http-server.js';
import { Bench } from '../../support/targets/lines-load.js';
import { healthy } from '../../support/targets/mutated-target.js';
import { attempts, firstSeed } from './support.js';

const count = attempts(5, 1000);
const secret = 's3cret-of-this-load';
const encoded = Buffer.from(`root:${secret}`).toString('base64');
const credentials: Record<string, readonly string[]> = {
  cnosdb: ['--password', secret, '--no-turn', '--no-relieve'],
  influxdb1: ['--user', 'root', '--password', secret],
  influxdb2: ['--token', secret, '--tenant', 'o'],
  influxdb3: ['--token', secret],
  victoriametrics: ['--user', 'root', '--password', secret],
};
const lines = Array.from({ length: 60 }, (_, i) => `m,t=a f=${i}.5 1640995200000000${String(i).padStart(3, '0')}`);
const patience = ['--wait-for-target', '1s', '--retry-for', '1s', '--request-timeout', '1s'];
const fast = [...patience, '--batch-points', '10', '--compression', 'none'];
const canVerify = ['cnosdb', 'influxdb1', 'victoriametrics'];
/** Every way in which the load of a good file may end. */
const codes = [0, 3, 4, 5, 6, 7, 8, 9];

async function attack(kind: string, seed: number): Promise<string[]> {
  const random = randomFrom(seed);
  const acknowledged = new Set<string>();
  const server = await startHttpServer(({ url, body, headers }) => {
    const answer = healthy(kind, url, body);
    const repeated = {
      ...answer,
      body: `${answer.body ?? ''}${String(headers.authorization)}`,
      status: 400 + random(100),
    };
    const given = random(4) > 0 ? answer : mutated(random(8) === 0 ? repeated : answer, random);
    const isWhole = given.status === answer.status && (given.body ?? '') === '';
    if (url.includes('write') && isWhole) for (const line of body.trim().split('\n')) acknowledged.add(line);
    return given;
  });
  const options = ['--url', server.url, '--db', 'db', '--target', kind, ...credentials[kind]!, ...fast];
  const bench = await Bench.begin([...options, ...(canVerify.includes(kind) && random(3) === 0 ? ['--verify'] : [])]);
  const { code, stderr, summary } = await bench.load(`${lines.join('\n')}\n`);
  await bench.end();
  await server.stop();
  const wrong: string[] = [];
  const tell = (text: string): void => void wrong.push(`${kind} ${seed}: ${text}`);
  if (!codes.includes(code)) tell(`exit code ${code}: ${stderr}`);
  const { read, loaded, rejected, undelivered } = summary.points;
  if (read !== loaded + rejected + undelivered || loaded > acknowledged.size)
    tell(`${acknowledged.size} acknowledged, ${JSON.stringify(summary.points)}`);
  const shown = stderr + JSON.stringify(summary);
  if (shown.includes(secret) || shown.includes(encoded)) tell(`a secret is shown: ${stderr}`);
  return wrong;
}

test.each(targetKinds.map(({ kind }): string => kind))(
  'loads into %s with mutated answers end, and only acknowledged points are loaded',
  { timeout: 60_000 + count * 4000 },
  async (kind) => {
    const seeds = Array.from({ length: count }, (_, i) => firstSeed + i);
    const found = await pLimit(10).map(seeds, (seed) => attack(kind, seed));
    expect(found.flat()).toEqual([]);
  },
);
