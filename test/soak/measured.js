// Runs the program and reads its peak memory from the kernel.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const lookMs = 10;

/** @param {readonly string[]} options */
export async function measured(options) {
  const began = performance.now();
  const child = spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
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
  return { code: code ?? signal, seconds: (performance.now() - began) / 1000, peakMiB, said };
}
