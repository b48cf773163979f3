// Random runs with faults, each compared in six places: node soak.js [--runs 200] [--seed 1] [--parallel 2]

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Server } from '../kill-load.js';
import { randomRun } from './random-run.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '2' },
  },
});
const first = Number(values.seed);
const end = first + Number(values.runs);
const folder = await mkdtemp(join(tmpdir(), 'bulk-load-reports-'));
const server = new Server(folder);
await server.open(1);
/** @type {Map<string, number>} */
const outcomes = new Map();
let next = first;
let agreed = 0;
let processes = 0;
const work = async () => {
  while (next < end) {
    const seed = next++;
    const own = join(folder, String(seed));
    await mkdir(own);
    const result = await randomRun({ folder: own, seed, server });
    processes += result.outcomes.length;
    for (const each of result.outcomes) outcomes.set(each, (outcomes.get(each) ?? 0) + 1);
    if (result.wrong.length === 0) {
      agreed += 1;
      await rm(own, { recursive: true });
    } else
      process.stdout.write(
        `seed ${seed} (${own}): ${result.title}\n  ${result.outcomes.join(', ')}\n  ${result.wrong.join('\n  ')}\n`,
      );
  }
};
await Promise.all(Array.from({ length: Number(values.parallel) }, work));
await server.close();
const total = end - first;
if (agreed === total) await rm(folder, { recursive: true });
const counts = [...outcomes].map(([outcome, n]) => `${n} ${outcome}`).join(', ');
process.stdout.write(`${agreed}/${total} random runs tell one story; ${processes} processes: ${counts}\n`);
process.exitCode = agreed === total ? 0 : 1;
