import type { Clock, Notice } from '../../../src/core/types/index.js';
import type { TargetDeps, TargetSettings } from '../../../src/targets/types.js';
import { realClock } from '../clock.js';

/** Dependencies of a target under test: plain settings, no waiting, and a list of the notices. */
export function targetDeps(
  urls: readonly string[],
  settings: Partial<TargetSettings> = {},
  { clock = realClock, notices = [] }: { readonly clock?: Clock; readonly notices?: Notice[] } = {},
): TargetDeps {
  return {
    version: '9.9.9',
    clock,
    notify: (notice) => notices.push(notice),
    stdout: process.stdout,
    inputs: [],
    maxResponseBytes: 64 * 1024 * 1024,
    compressionThreads: 0,
    settings: {
      urls: urls.map((url) => ({ shown: url, origin: url })),
      db: 'db',
      tenant: 'cnosdb',
      user: 'root',
      password: 'secret',
      token: null,
      rp: null,
      precision: 'ns',
      createDb: false,
      dbOptions: null,
      compression: 'auto',
      headers: [],
      tls: { ca: null, cert: null, key: null },
      insecure: false,
      proxy: null,
      workers: 4,
      waitForTargetMs: 0,
      dryRun: null,
      ...settings,
    },
  };
}
