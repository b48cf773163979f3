// Inputs from an S3 server, through the whole program.

import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { problemsIn } from '../../support/programs/problems.js';
import { halfway, lines, type Scene, scene } from '../../support/scene.js';
import { bucket, type S3, startS3 } from '../../support/servers/s3.js';

const count = 4000;
const two = ['--batch-points', '100', '--workers', '2'];

let it: Scene;
let s3: S3;
let half: ReturnType<typeof halfway>;
beforeEach(async () => {
  half = halfway();
  [it, s3] = await Promise.all([scene(half.options), startS3()]);
});
afterEach(async () => {
  await it.end();
  await s3.stop();
});

test('line protocol from S3 is loaded exactly across kills', { timeout: 60_000 }, async () => {
  s3.put('d/a', lines(count));
  const args = [...two, `s3://${bucket}/d/*`];
  await it.killWithCheckpoint(it.start(args, { env: s3.env }));
  half.goOn();
  const { code, summary, stderr } = await it.load(args, { env: s3.env });
  expect(stderr).toContain('resuming the load');
  expect(code).toBe(0);
  expect(summary?.points).toEqual({ read: count, loaded: count, rejected: 0, undelivered: 0 });
  expect(summary?.inputs[0]?.resumedFromByte).toBeGreaterThan(0);
  expect(it.cluster.points()).toBe(count);
});

test('a pattern loads its matches, --skip-loaded leaves them out, and a pattern without a match ends with exit code 2', {
  timeout: 60_000,
}, async () => {
  const zstd = await readFile(new URL('../../inputs/fixtures/frames.zst', import.meta.url));
  s3.put('d/a.lp', lines(100));
  s3.put('d/b.zst', zstd);
  s3.put('e.lp', lines(7, 'e'));
  const first = await it.load([`s3://${bucket}/d/*`, `s3://${bucket}/d/a.lp`], { env: s3.env });
  expect(first.code, first.stderr).toBe(0);
  expect(first.summary?.inputs.map(({ name, loaded }) => [name, loaded])).toEqual([
    [`s3://${bucket}/d/a.lp`, 100],
    [`s3://${bucket}/d/b.zst`, 400],
  ]);
  expect(first.stderr).toContain(`s3://${bucket}/d/a.lp is named twice; bulk-load loads it once`);
  expect([first.stderr, JSON.stringify(first.summary)].join()).not.toContain('hush');
  const again = await it.load(['--skip-loaded', `s3://${bucket}/**`], { env: s3.env });
  expect(again.summary?.points.read).toBe(7);
  const none = await it.load([`s3://${bucket}/x*`], { env: s3.env });
  expect(none.code).toBe(2);
  expect(problemsIn(none.stderr)).toContain('expected a pattern that matches an object, found no match');
});
