// Describes the process that holds a lock, and tests whether this process still runs. A pid identifies a process only
// within one boot and one pid namespace, and only together with the start time. For a holder in another container or on
// another host, the age of the last heartbeat decides.

import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { errorCode } from '../../core/errors.js';

/**
 * Creates the schema of a lock file. This takes time, so it happens when a lock is read, not when this module is
 * loaded.
 */
const holderSchema = () =>
  z.object({
    host: z.string(),
    bootId: z.string(),
    /**
     * Identifier of the pid namespace; null if the system lacks pid namespaces. Absent in locks of earlier versions.
     */
    pidNamespace: z.string().nullable().optional(),
    pid: z.int().positive(),
    /** Start time of the process, clock ticks since boot; null if the system hides the start time. */
    started: z.string().nullable(),
    /** Random identifier of this lock. */
    nonce: z.string().regex(/^[\w-]+$/),
    /** Time of the last heartbeat, ms since 1970. */
    heartbeat: z.int(),
  });

export type Holder = z.infer<ReturnType<typeof holderSchema>>;

/** Interval at which a holder writes its heartbeat, ms. */
export const beatMs = 5000;
/** Time without a heartbeat after which a holder counts as dead, ms. */
export const silenceMs = 60_000;

export function currentHolder(now: number): Holder {
  const { pid } = process;
  return {
    host: hostname(),
    bootId: readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '',
    pidNamespace: pidNamespace(),
    pid,
    started: startOf(pid),
    nonce: randomUUID(),
    heartbeat: now,
  };
}

/**
 * Formats the text of a lock file. A new heartbeat does not change the length of the text, so the new text can
 * overwrite the file in place.
 */
export function holderText(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`;
}

/** Parses the text of a lock file; returns null for any other text. */
export function parseHolder(text: string): Holder | null {
  try {
    return holderSchema().parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/**
 * Returns the time until the lock of `holder` expires if the holder writes no further heartbeat, ms. Returns 0 if the
 * holder is dead, and null if the holder certainly runs. `us` describes this process; `us.heartbeat` is the current
 * time.
 */
export function remainingMs(holder: Holder, us: Holder): number | null {
  const sees = holder.host === us.host && holder.bootId === us.bootId && holder.pidNamespace === us.pidNamespace;
  if (sees) return isRunning(holder) ? null : 0;
  return Math.min(silenceMs, Math.max(0, holder.heartbeat + silenceMs - us.heartbeat));
}

function isRunning({ pid, started }: Holder): boolean {
  if (!canSignal(pid) || isZombie(pid)) return false;
  return started === null || startOf(pid) === started;
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/**
 * Tests for a zombie: a dead process whose parent has not read its exit status. `kill` with signal 0 does not detect
 * this, because a zombie still accepts signals.
 */
function isZombie(pid: number): boolean {
  return ['Z', 'X'].includes(statOf(pid)?.[0] ?? '');
}

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** Returns the start time of a process: field 22 of its `stat`, which has index 19 in the result of `statOf`. */
function startOf(pid: number): string | null {
  return statOf(pid)?.[19] ?? null;
}

/**
 * Returns the fields of `stat` from the third field on (proc(5)). The second field, in parentheses, may contain blanks.
 */
function statOf(pid: number): string[] | null {
  const stat = readText(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
