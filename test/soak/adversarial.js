// Inputs and servers that tempt a loader to exceed its memory. Each is a run of the program whose peak must stay below its
// limit. node adversarial.js [--size SHARE] [--only WORDS]... [--at-once COUNT]
// `--size`: share of the full size of each case. `--group MIB`: without --memory-limit, in a cgroup of this size, where exit
// code 6 is right as well. Prints a table; exit code 1 if a limit was exceeded or an exit code is wrong.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { cases } from './adversarial-cases.js';
import { measured } from './measured.js';
import { startServer } from './unkind-server.js';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [''] },
    'at-once': { type: 'string', default: '1' },
    group: { type: 'string' },
  },
});
/** @param {readonly (string | number)[]} cells */
const row = (cells) => process.stdout.write(`${cells.join(' | ')}\n`);

/** Tests whether the run ended as expected. @param {(typeof cases)[number]} one */
async function holds({ name, make, behaviour, options, limitMiB, code }) {
  const group = values.group === undefined ? null : Number(values.group);
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-adversarial-'));
  const inputs = join(folder, 'inputs');
  await mkdir(inputs);
  await make(inputs, Number(values.size));
  const server = await startServer(behaviour);
  const ended = await measured(
    [
      ...['--url', server.url, '--db', 'db', '--state-dir', join(folder, 'state'), '--progress', 'none'],
      ...(group === null ? ['--memory-limit', `${limitMiB}MiB`] : []),
      ...[...options, inputs],
    ],
    { cwd: folder, groupMiB: group },
  );
  server.close();
  await rm(folder, { recursive: true, force: true });
  const limit = group === null ? limitMiB : Math.floor(group * 0.9);
  const hasRoom = ended.code === code && (ended.peakMiB <= limit || code === 6);
  // A group may be smaller or larger than the limit of the case.
  const isComplete = code === 6 && ended.code === 0 && ended.peakMiB <= limit;
  // A list of columns that the limit has no room for is refused.
  const isRefused = behaviour === 'wide' && ended.code === 4 && ended.peakMiB <= limit;
  const isOther = group !== null && (ended.code === 6 || isComplete || isRefused);
  const good = hasRoom || isOther;
  row([name, `${limit} MiB`, `${ended.peakMiB} MiB`, ended.code, ended.seconds.toFixed(1), good ? 'ok' : 'FAILED']);
  if (!good) process.stdout.write(ended.said);
  return good;
}

row(['case', '--memory-limit', 'peak VmHWM', 'exit code', 'seconds', '']);
const asked = cases.filter(({ name }) => values.only.some((words) => name.includes(words)));
const held = await pLimit(Number(values['at-once'])).map(asked, holds);
process.exitCode = held.every(Boolean) ? 0 : 1;
