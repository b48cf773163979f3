// A real control group with a memory limit, v1 or v2, for a process under test: made, entered, looked at, removed.

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const v1 = '/sys/fs/cgroup/memory';
const v2 = '/sys/fs/cgroup';

/** @param {string} path @param {string} text */
function tryWrite(path, text) {
  try {
    writeFileSync(path, text);
  } catch {}
}

/**
 * Null, when this user may not make one or there is no memory controller; the caller says so, loudly.
 * @param {number} bytes
 */
export function memoryGroup(bytes) {
  const old = existsSync(join(v1, 'memory.limit_in_bytes'));
  const folder = join(old ? v1 : v2, `bulk-load-test-${process.pid}`);
  try {
    if (!old) tryWrite(join(v2, 'cgroup.subtree_control'), '+memory');
    mkdirSync(folder);
    writeFileSync(join(folder, old ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes));
    // Where swap is accounted, none: it would hide what the limit is about.
    tryWrite(join(folder, old ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max'), old ? String(bytes) : '0');
  } catch {
    try {
      rmdirSync(folder);
    } catch {}
    return null;
  }
  /** @param {string} file @param {RegExp} pattern */
  const figure = (file, pattern) => Number(pattern.exec(readFileSync(join(folder, file), 'utf8'))?.[1] ?? 0);
  return {
    /** A command that enters the group before it becomes the program.
     * @param {readonly string[]} words @returns {[string, string[]]} */
    inside: (words) => ['/bin/sh', ['-c', `echo $$ > ${folder}/cgroup.procs && exec "$@"`, 'sh', ...words]],
    kills: () =>
      old ? figure('memory.oom_control', /^oom_kill (\d+)$/m) : figure('memory.events', /^oom_kill (\d+)$/m),
    remove: () => rmdirSync(folder),
  };
}
