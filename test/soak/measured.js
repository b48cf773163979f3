// Runs the program and reads its peak memory from the kernel.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const lookMs = 10;

/** Creates a memory cgroup, of either version. @param {number} bytes */
function createGroup(bytes) {
  const root = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
  groups += 1;
  const path = join(root, `bulk-load-soak-${process.pid}-${groups}`);
  mkdirSync(path);
  writeFileSync(join(path, root.endsWith('memory') ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes));
  return path;
}
let groups = 0;

/** @param {readonly string[]} options @param {{ cwd?: string, groupMiB?: number | null }} [where] */
export async function measured(options, { cwd, groupMiB = null } = {}) {
  const began = performance.now();
  const group = groupMiB === null ? null : createGroup(groupMiB * 1024 * 1024);
  const command = [process.execPath, program, ...options];
  // A shell enters the group, then becomes the program.
  const enter = group === null ? [] : ['sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$0" "$@"`];
  const [file, ...args] = /** @type {[string, ...string[]]} */ ([...enter, ...command]);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
  let said = '';
  let peakMiB = 0;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const watch = setInterval(() => {
    try {
      const found = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      peakMiB = Math.max(peakMiB, Math.ceil(Number(found?.[1] ?? 0) / 1024));
    } catch {}
  }, lookMs);
  const [code, signal] = await once(child, 'close');
  clearInterval(watch);
  if (group !== null) rmdirSync(group);
  return { code: code ?? signal, seconds: (performance.now() - began) / 1000, peakMiB, said };
}
