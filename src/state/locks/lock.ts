// A lock is a file that only one process can make. One that a dead process left behind is taken over by the only process
// that can make its successor, a lock of its own named after the stale one: so two that find it stale cannot both win,
// and one that dies in between leaves a stale lock like any other. A few tiny operations at a time, done at once: nothing of
// ours goes on between two of them.

import { closeSync, linkSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../core/types/index.js';
import { isMissing, writeFailure } from '../state-dir.js';
import { beatMs, currentHolder, type Holder, holderText, isAlive, parseHolder } from './lock-holder.js';

/** A lock that is ours. */
export interface HeldLock {
  /** Lets go of it; idempotent. */
  release(): void;
}

export type LockAttempt = { readonly held: HeldLock } | { readonly by: Holder };

/** Between two looks at a lock whose successor is being made by somebody else. */
const againMs = 50;

/**
 * Takes the lock, or says who has it; `mode` is that of the file. Throws StateError when the file cannot be written.
 * @param lost called when somebody else took it over: we were taken for dead
 */
export async function takeLock(path: string, clock: Clock, lost = (): void => {}, mode = 0o600): Promise<LockAttempt> {
  const us = currentHolder(clock.now());
  const own = `${path}.${us.nonce}.new`;
  let file: number | null = null;
  try {
    file = openSync(own, 'wx', mode);
    writeSync(file, holderText(us));
    const by = await contend(path, own, us, clock);
    if (by !== null) {
      closeSync(file);
      return { by };
    }
    clear(path, us);
    return { held: new OwnLock(path, file, us, clock, lost) };
  } catch (error) {
    if (file !== null) closeSync(file);
    throw writeFailure('taking a lock', path, error);
  } finally {
    rmSync(own, { force: true });
  }
}

/** Null when `own` has become the lock, else who has it. */
async function contend(path: string, own: string, us: Holder, clock: Clock): Promise<Holder | null> {
  for (;;) {
    if (linked(own, path)) return null;
    const text = textOf(path);
    if (text === null) continue;
    const holder = parseHolder(text);
    if (holder !== null && isAlive(holder, us)) return holder;
    if (await succeed(path, own, text, holder?.nonce ?? 'unreadable', clock)) return null;
    await clock.sleep(againMs);
  }
}

/** Puts `own` in the place of a stale lock; false when somebody else does. */
async function succeed(path: string, own: string, stale: string, nonce: string, clock: Clock): Promise<boolean> {
  const taken = await takeLock(`${path}.${nonce}`, clock, () => {}, 0o644);
  if ('by' in taken) return false;
  try {
    if (textOf(path) !== stale) return false;
    renameSync(own, path);
    return true;
  } finally {
    taken.held.release();
  }
}

/** Removes what contenders for the lock left that died: now that it is ours, nobody can win with it. */
function clear(path: string, us: Holder): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.`) || name.includes(us.nonce)) continue;
    const text = textOf(join(folder, name));
    const holder = text === null ? null : parseHolder(text);
    if (holder !== null && !isAlive(holder, us)) rmSync(join(folder, name), { force: true });
  }
}

function linked(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

class OwnLock implements HeldLock {
  readonly #path: string;
  readonly #file: number;
  readonly #us: Holder;
  readonly #stop: () => void;
  #released = false;

  constructor(path: string, file: number, us: Holder, clock: Clock, lost: () => void) {
    this.#path = path;
    this.#file = file;
    this.#us = us;
    this.#stop = clock.every(beatMs, () => this.#beat(clock.now(), lost));
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#stop();
    if (this.#isOurs()) rmSync(this.#path, { force: true });
    closeSync(this.#file);
  }

  /** Into our own file, whatever its name is by now: a lock of somebody else is never overwritten. */
  #beat(now: number, lost: () => void): void {
    try {
      writeSync(this.#file, holderText({ ...this.#us, heartbeat: now }), 0);
      if (!this.#isOurs()) lost();
    } catch {
      // A disk that takes no heartbeat just now does not end the load; whoever watches waits for several.
    }
  }

  #isOurs(): boolean {
    const text = textOf(this.#path);
    return text !== null && parseHolder(text)?.nonce === this.#us.nonce;
  }
}
