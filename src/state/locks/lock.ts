// A lock is a file that only one process can create. The lock of a dead process is stale. To replace a stale lock, a
// process creates a second lock, named after the stale lock. Again, only one process can create this second lock. So
// two processes that find a lock stale cannot both replace it. A process that dies during the replacement leaves an
// ordinary stale lock. All operations are synchronous and short.

import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../../core/errors.js';
import type { Clock } from '../../core/types/index.js';
import { beatMs, currentHolder, type Holder, holderText, parseHolder, remainingMs } from './lock-holder.js';

/** A lock that this process holds. */
export interface HeldLock {
  /** Releases the lock. Idempotent. */
  release(): void;
}

/**
 * Result of an attempt to take a lock. `held`: the lock, if the attempt succeeded. `by`: otherwise the holder.
 * `freeInMs`: time until the holder's lock expires without a further heartbeat; null if the holder certainly runs.
 */
export type LockAttempt = { readonly held: HeldLock } | { readonly by: Holder; readonly freeInMs: number | null };

/**
 * Error for a file at the path of a lock that is not a lock, or that another user owns and this process cannot replace.
 */
export class OddLockError extends Error {
  readonly path: string;

  /** @param found description of the file, for messages */
  constructor(path: string, found: string) {
    super(found);
    this.path = path;
  }
}

export interface LockOptions {
  readonly clock: Clock;
  /** Permissions of the lock file. By default, only the owner of the file can read and write the file. */
  readonly mode?: number;
  /** Called when another process has considered this process dead, and has replaced its lock. */
  readonly lost?: () => void;
  /** A holder to treat as dead, unless the holder has written a newer heartbeat. */
  readonly presumedDead?: Holder;
}

const maxLockBytes = 4096;
/** Largest number of attempts to take a lock that another process keeps removing in the middle of an attempt. */
const maxVanished = 100;

/** Takes the lock or returns its holder. Throws OddLockError, and the system's error if a file cannot be written. */
export function takeLock(path: string, options: LockOptions): LockAttempt {
  const { clock, mode = 0o600, lost = (): void => {} } = options;
  const us = currentHolder(clock.now());
  const own = `${path}.${us.nonce}.new`;
  let file: number | null = openSync(own, 'wx', mode);
  try {
    writeSync(file, holderText(us));
    const attempt = contend(path, own, us, options);
    if (attempt !== null) return attempt;
    removeLeftovers(path, us);
    const held = new OwnLock(path, file, us, clock, lost);
    file = null;
    return { held };
  } finally {
    if (file !== null) closeSync(file);
    remove(own);
  }
}

/** Turns the file `own` into the lock and returns null. If the lock has a holder, returns the holder. */
function contend(path: string, own: string, us: Holder, options: LockOptions): LockAttempt | null {
  for (let vanished = 0; vanished < maxVanished; vanished += 1) {
    if (link(own, path)) return null;
    const lock = readLock(path);
    if (lock === null) continue;
    const holder = parseHolder(lock.text);
    if (holder === null && lock.uid !== process.geteuid?.())
      throw new OddLockError(path, `a file of user ${lock.uid} that is not a lock`);
    const freeInMs = holder === null || isSame(holder, options.presumedDead) ? 0 : remainingMs(holder, us);
    if (holder !== null && freeInMs !== 0) return { by: holder, freeInMs };
    return replace(path, own, lock, holder, options);
  }
  throw new OddLockError(path, 'a file that keeps vanishing');
}

function isSame(holder: Holder, other: Holder | undefined): boolean {
  return holder.nonce === other?.nonce && holder.heartbeat === other.heartbeat;
}

/**
 * Replaces a stale lock by the file `own` and returns null. If another process is already replacing the lock, returns
 * that process.
 */
function replace(
  path: string,
  own: string,
  stale: LockFile,
  holder: Holder | null,
  { clock }: LockOptions,
): LockAttempt | null {
  const successor = takeLock(`${path}.${holder?.nonce ?? 'unreadable'}`, { clock, mode: 0o644 });
  if ('by' in successor) return successor;
  try {
    const now = readLock(path);
    if (now?.text === stale.text) {
      renameSync(own, path);
      return null;
    }
    const winner = parseHolder(now?.text ?? '');
    // `winner` has taken the lock meanwhile. If `winner` is null, the lock is gone, so a new attempt can succeed.
    return { by: winner ?? currentHolder(clock.now()), freeInMs: winner === null ? 0 : null };
  } catch (error) {
    if (!['EPERM', 'EACCES'].includes(errorCode(error))) throw error;
    // In a directory with the sticky bit, only the owner of a file can replace the file.
    const owner = holder === null ? '' : ` of pid ${holder.pid} on ${holder.host}, which no longer runs`;
    throw new OddLockError(path, `a lock of user ${stale.uid}${owner}`);
  } finally {
    successor.held.release();
  }
}

/**
 * Removes files of dead processes that once tried to take this lock. This is safe, because this process holds the lock,
 * so other processes cannot take it.
 */
function removeLeftovers(path: string, us: Holder): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.`) || name.includes(us.nonce)) continue;
    const holder = holderOf(join(folder, name));
    if (holder !== null && remainingMs(holder, us) === 0) remove(join(folder, name));
  }
}

/** Removes a file. Ignores failures. */
function remove(path: string): void {
  try {
    rmSync(path);
  } catch {
    // The file is gone, or it belongs to another user in a directory with the sticky bit.
  }
}

function link(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

interface LockFile {
  readonly text: string;
  readonly uid: number;
}

/**
 * Reads a lock file without following a link and without blocking on a pipe. Returns null for a missing file. Throws
 * OddLockError for anything but a small regular file.
 */
function readLock(path: string): LockFile | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return null;
    if (code === 'ELOOP') throw new OddLockError(path, 'a symbolic link');
    if (code === 'ENXIO') throw new OddLockError(path, 'a socket');
    if (code === 'EACCES') throw new OddLockError(path, 'a file that this user may not read');
    throw error;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new OddLockError(path, 'something other than a regular file');
    if (stat.size > maxLockBytes) throw new OddLockError(path, `a file of ${stat.size} bytes`);
    const bytes = Buffer.alloc(maxLockBytes);
    return { text: bytes.toString('utf8', 0, readSync(file, bytes, 0, maxLockBytes, 0)), uid: stat.uid };
  } finally {
    closeSync(file);
  }
}

/** Returns the holder that a lock file names; null if the file is missing or not a lock. */
function holderOf(path: string): Holder | null {
  try {
    return parseHolder(readLock(path)?.text ?? '');
  } catch {
    return null;
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
    if (this.#isOurs()) remove(this.#path);
    closeSync(this.#file);
  }

  /**
   * Writes the heartbeat. Writes to the open file, not to the path: after a takeover, the path names the lock of
   * another process.
   */
  #beat(now: number, lost: () => void): void {
    try {
      writeSync(this.#file, holderText({ ...this.#us, heartbeat: now }), 0);
    } catch {
      // One missed heartbeat is harmless, because other processes wait for 60 s (`silenceMs`).
    }
    if (!this.#isOurs()) lost();
  }

  /** Searches the text for the nonce. A schema for parsing the text would delay the end of a small load. */
  #isOurs(): boolean {
    try {
      return readLock(this.#path)?.text.includes(this.#us.nonce) ?? false;
    } catch {
      return false;
    }
  }
}
