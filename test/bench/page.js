// One page: what the benchmarks of speed say, and on which machine. Options go to throughput.js.
// node page.js [--rounds N] [--points N,N] [--node PATH]

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { machine, say } from './support.js';

say(`${machine()}\nMedians of runs in turns; the target is a sink on the same machine.\n`);
for (const [title, script, args] of /** @type {[string, string, string[]][]} */ ([
  ['Start', 'startup.js', []],
  ['Whole program', 'throughput.js', process.argv.slice(2)],
  ['One core and all', 'cores.js', []],
  ['Parsers, CPU time', 'kernel.js', []],
  ['', 'formats.js', []],
])) {
  if (title !== '') say(title);
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
