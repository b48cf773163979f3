// Test files share a process. What one leaves behind must not count against the memory limit of the loads of the next.

import { MIB } from '../src/core/units.js';
import { memoryOf } from '../src/core/wasm.js';

/**
 * Held by each test process, above the default memory limit: a load in it that does not state a limit of its own fails
 * always, not only after other tests have left much behind. Filled, since memory counts once it is touched. A fork does not
 * copy the pages of WebAssembly: with a buffer, each start of a process takes 20 ms more (Node 20.20, 2026-11-30).
 */
const held = globalThis as { ballast?: Uint8Array };
held.ballast ??= new Uint8Array(memoryOf(600 * MIB).buffer).fill(1);
