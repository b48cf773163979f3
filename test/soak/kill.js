// Kills loads at random moments, a given number of times: node kill.js [--kills 300] [--seed 1]
// --each: kills of one load; --points: of one load; --longest: ms that a run may live

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killLoad } from './kill-load.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    each: { type: 'string', default: '10' },
    points: { type: 'string', default: '30000' },
    longest: { type: 'string', default: '1800' },
  },
});
const total = Number(values.kills);
let kills = 0;
let serverKills = 0;
let exact = 0;
let loads = 0;
for (let seed = Number(values.seed); kills < total; seed += 1) {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-kill-'));
  const result = await killLoad({
    folder,
    seed,
    kills: Math.min(Number(values.each), total - kills),
    points: Number(values.points),
    longestMs: Number(values.longest),
  });
  loads += 1;
  kills += result.kills;
  serverKills += result.serverKills;
  if (result.wrong.length === 0) exact += result.kills;
  const words =
    result.wrong.length === 0 ? 'exact' : `WRONG (seed ${seed}, kept in ${folder}): ${result.wrong.join('; ')}`;
  process.stdout.write(
    `load ${loads}: ${result.kills} kills and ${result.serverKills} of the server in ${result.runs} runs over ${result.endpoints} endpoints: ${words}\n`,
  );
  if (result.wrong.length === 0) await rm(folder, { recursive: true, force: true });
}
process.stdout.write(`${exact}/${kills} kills exact, ${serverKills} kills of the server, ${loads} loads\n`);
process.exitCode = exact === kills ? 0 : 1;
