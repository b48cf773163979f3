// Who holds a lock, and whether that process still lives: a pid alone is worth nothing after a reboot, in another
// container, or once the system has given it to somebody else.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';

const holderSchema = z.object({
  host: z.string(),
  bootId: z.string(),
  pid: z.int().positive(),
  /** When the process began, in the system's ticks since it started; null where it does not say. */
  started: z.string().nullable(),
  /** No two locks have the same. */
  nonce: z.string().regex(/^[\w-]+$/),
  /** ms since 1970, renewed while it is held. */
  heartbeat: z.int(),
});

export type Holder = z.infer<typeof holderSchema>;

/** Written every `beatMs`; a holder on another host that is silent for `silenceMs` is gone. */
export const beatMs = 5000;
export const silenceMs = 60_000;

export function currentHolder(now: number): Holder {
  const { pid } = process;
  return { host: hostname(), bootId: bootId(), pid, started: startOf(pid), nonce: randomUUID(), heartbeat: now };
}

/** As it is written: always the same length for the same holder, so that it can be overwritten in place. */
export function holderText(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`;
}

/** Null for what is no lock of ours. */
export function parseHolder(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Whether the holder still lives, as far as `us`, at the time of its heartbeat, can tell. */
export function isAlive(holder: Holder, us: Holder): boolean {
  if (holder.host !== us.host) return Math.abs(us.heartbeat - holder.heartbeat) < silenceMs;
  if (holder.bootId !== us.bootId || !exists(holder.pid) || isZombie(holder.pid)) return false;
  return holder.started === null || startOf(holder.pid) === holder.started;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function bootId(): string {
  return content('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

/** Killed, and only waiting for its parent to takeLock note of it: it can still be signalled, and does nothing any more. */
function isZombie(pid: number): boolean {
  return ['Z', 'X'].includes(statOf(pid)?.[0] ?? '');
}

/** Field 22 of the process's `stat`. */
function startOf(pid: number): string | null {
  return statOf(pid)?.[19] ?? null;
}

/** Fields of `stat` from the third on (proc(5)); what stands in parentheses before them may contain blanks. */
function statOf(pid: number): string[] | null {
  const stat = content(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? null;
}

function content(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
