// How long `--help` takes against Node doing nothing, in turns. node startup.js [ROUNDS]

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const rounds = Number(process.argv[2] ?? 21);

/** @param {string[]} args */
function timed(args) {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, args);
  if (status !== 0) throw new Error(`node ${args.join(' ')}: code ${status}`);
  return performance.now() - began;
}
/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** @type {number[]} */
const nothing = [];
/** @type {number[]} */
const help = [];
for (let i = 0; i < rounds; i += 1) {
  nothing.push(timed(['-e', '0']));
  help.push(timed([program, '--help']));
}
process.stdout.write(
  `node -e 0: ${median(nothing).toFixed(0)} ms · bulk-load --help: ${median(help).toFixed(0)} ms · ${(median(help) / median(nothing)).toFixed(2)} × (medians of ${rounds})\n`,
);
