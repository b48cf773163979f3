// Inputs and servers that would make a loader take more memory than it was given: each is a run of the program, and its
// high-water mark must stay below its limit. node adversarial.js [--size SHARE] [--only WORDS]
// `--size`: share of the full size of each case. Prints a table; ends with 1 where a limit was passed or a code is wrong.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cases } from './adversarial-cases.js';
import { measured } from './measured.js';
import { startServer } from './unkind-server.js';

const { values } = parseArgs({ options: { size: { type: 'string', default: '1' }, only: { type: 'string' } } });
/** @param {readonly (string | number)[]} cells */
const row = (cells) => process.stdout.write(`${cells.join(' | ')}\n`);

row(['case', '--memory-limit', 'peak VmHWM', 'exit code', 'seconds', '']);
let failed = 0;
for (const { name, make, behaviour, options, limitMiB, code } of cases) {
  if (values.only !== undefined && !name.includes(values.only)) continue;
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-adversarial-'));
  const inputs = join(folder, 'inputs');
  await mkdir(inputs);
  await make(inputs, Number(values.size));
  const server = await startServer(behaviour);
  const ended = await measured([
    ...['--url', server.url, '--db', 'db', '--state-dir', join(folder, 'state'), '--progress', 'none'],
    ...['--memory-limit', `${limitMiB}MiB`, ...options, inputs],
  ]);
  server.close();
  await rm(folder, { recursive: true, force: true });
  const good = ended.code === code && ended.peakMiB <= limitMiB;
  row([name, `${limitMiB} MiB`, `${ended.peakMiB} MiB`, ended.code, ended.seconds.toFixed(1), good ? 'ok' : 'FAILED']);
  if (good) continue;
  failed += 1;
  process.stdout.write(ended.said);
}
process.exitCode = failed === 0 ? 0 : 1;
