// A plan is read as it was written, or not at all.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FleetPlan, planId, readPlan, writePlan } from '../../src/fleet/plan-file.js';

const place = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };
const content: Omit<FleetPlan, 'id' | 'formatVersion'> = {
  ...{ version: '1', options: { measurement: 'm' }, identity: 'i' },
  limits: { maxRejected: { count: 10 }, acceptRejects: { count: 0 }, minPoints: 1 },
  ...{ fieldTypes: { m: { f: 'float' } }, times: { spans: [], unseen: 0, totalBytes: 3 } },
  introduced: { tables: 1, columns: 2 },
  inputs: ['a.lp', 'b.lp'].map((name) => ({
    ...{ name, path: `/${name}`, folders: [], size: 10, hash: null, error: null },
    pieces: [{ from: place, to: null, bytes: 10, points: 1 }],
  })),
};
const plan: FleetPlan = { formatVersion: 1, id: planId(content), ...content };

test('a plan from which a piece was removed is refused, and an unchanged one is read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  const path = join(folder, 'plan.json');
  try {
    await writePlan(path, plan);
    expect(await readPlan(path)).toEqual(plan);
    // Written in three parts.
    const many = { ...content, inputs: Array.from({ length: 2001 }, (_, i) => ({ ...plan.inputs[0]!, size: i })) };
    const large: FleetPlan = { formatVersion: 1, id: planId(many), ...many };
    await writePlan(path, large);
    expect(await readPlan(path)).toEqual(large);
    const inputs = [plan.inputs[0]!, { ...plan.inputs[1]!, pieces: [] }];
    await writeFile(path, JSON.stringify({ ...plan, inputs }));
    await expect(readPlan(path)).rejects.toThrow(/a file that has changed since plan \w+ was written/);
    await writeFile(path, JSON.stringify({ ...plan, times: { ...plan.times, spans: [{ first: 'x', last: '1' }] } }));
    await expect(readPlan(path)).rejects.toThrow(/found a file with other content/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
