// The lock of a load between containers that share a host name and a state directory, but not their processes.

import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type Running, watch } from '../../support/programs/process.js';
import { halfway, lines, type Scene, scene } from '../../support/scene.js';
import { until } from '../../support/until.js';

let it: Scene;

afterEach(() => it?.end());

const bin = fileURLToPath(new URL('../../../bin/bulk-load.js', import.meta.url));
const unshare = ['--pid', '--fork', '--mount-proc', '--uts', '--kill-child'];
const hasNamespaces = spawnSync('unshare', [...unshare, '--net', 'true']).status === 0;

/** Starts the loader as process 1 of namespaces of its own for processes, mounts and the host name. */
function inContainer(args: readonly string[], more: readonly string[] = []): Running {
  const words = ['--url', it.cluster.urls.join(','), '--db', 'db', '--state-dir', it.stateDir, ...args];
  const child = spawn('unshare', [...unshare, ...more, process.execPath, bin, ...words], {
    cwd: it.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watch(child);
}

test.skipIf(!hasNamespaces)('a run in a second container ends with exit code 75, and the first continues', async () => {
  const half = halfway();
  it = await scene(half.options);
  const path = await it.file('a.lp', lines(3000));
  const first = inContainer(['--batch-points', '100', '--request-timeout', '2s', path]);
  await until(() => it.cluster.points() >= 100);
  // The lock comes before the target, which a network of its own does not reach.
  const second = await inContainer([join(it.folder, 'a.lp')], ['--net']).ended;
  expect(second.code).toBe(75);
  expect(second.stderr).toMatch(/renewed the lock of this load .* if that run is gone, the lock becomes free in/);
  expect(second.stderr).toContain('a run as pid 1 on ');
  half.goOn();
  expect((await first.ended).code).toBe(0);
  expect(it.cluster.points()).toBe(3000);
});
