// Test files share a process. What one leaves behind must not count against the memory limit of the loads of the next.

import { beforeAll } from 'vitest';
import { MIB } from '../src/core/units.js';
import { collectAll } from '../src/core/v8.js';

/**
 * Held by each test process, above the default memory limit: a load in it that does not state a limit of its own fails
 * always, not only after other tests have left much behind. Filled, since memory counts once it is touched.
 */
const held = globalThis as { ballast?: Buffer };
held.ballast ??= Buffer.alloc(600 * MIB, 1);

const usualBytes = 856 * MIB;

beforeAll(() => {
  if (process.memoryUsage.rss() > usualBytes) collectAll();
});
