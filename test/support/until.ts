// Waiting for what only shows from outside. A look every few milliseconds: one at every turn of the event loop would take
// the processor from the very thing that is waited for.

import { vi } from 'vitest';

/** Resolves once it holds; rejects after half a minute in which it did not. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(holds, { interval: 5, timeout: 30_000 });
}
