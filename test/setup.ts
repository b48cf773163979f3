// Test files share a process. What one leaves behind must not count against the memory limit of the loads of the next.

import { beforeAll } from 'vitest';
import { MIB } from '../src/core/units.js';
import { collectAll } from '../src/core/v8.js';

const usualBytes = 256 * MIB;

beforeAll(() => {
  if (process.memoryUsage.rss() > usualBytes) collectAll();
});
