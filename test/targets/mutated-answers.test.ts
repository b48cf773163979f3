// Mutated answers of every target end in a verdict or in an expected error, never in a defect or a hang. `npm run soak` runs
// more of them.

import { expect, test } from 'vitest';
import { targetKinds } from '../../src/targets/registry.js';
import { randomFrom } from '../support/data/mutations.js';
import { casesOf } from '../support/effort.js';
import { defectsUnderMutation } from '../support/targets/mutated-target.js';

const kinds = targetKinds.map(({ kind }): string => kind);
/** Servers for each kind. Each gives about 15 answers. */
const servers = casesOf(3000, 25);

test.each(kinds)('%s survives mutated answers', { timeout: servers * 2000 }, async (kind) => {
  const defects: string[] = [];
  for (let seed = 0; seed < servers; seed += 1) {
    const found = await defectsUnderMutation(kind, randomFrom(seed));
    defects.push(...found.map((each) => `seed ${seed}: ${each}`));
  }
  expect(defects).toEqual([]);
});
