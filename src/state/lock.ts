// A lock is a file that only one process can make. One that a dead process left behind is taken over by the only process
// that can make its successor, a lock of its own named after the stale one: so two that find it stale cannot both win,
// and one that dies in between leaves a stale lock like any other.

import { type FileHandle, link, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../model.js';
import { isMissing, unwritable } from './checkpoint.js';
import { beatMs, type Holder, holderText, isAlive, ourselves, parseHolder } from './holder.js';

/** A lock that is ours. */
export interface Held {
  /** Lets go of it; idempotent. */
  release(): Promise<void>;
}

export type Taken = { readonly held: Held } | { readonly by: Holder };

/** Between two looks at a lock whose successor is being made by somebody else. */
const againMs = 50;

/**
 * Takes the lock, or says who has it; `mode` is that of the file. Throws StateError when the file cannot be written.
 * @param lost called when somebody else took it over: we were taken for dead
 */
export async function take(path: string, clock: Clock, lost = (): void => {}, mode = 0o600): Promise<Taken> {
  const us = ourselves(clock.now());
  const own = `${path}.${us.nonce}.new`;
  let file: FileHandle | null = null;
  try {
    file = await open(own, 'wx', mode);
    await file.writeFile(holderText(us));
    const by = await contend(path, own, us, clock);
    if (by !== null) {
      await file.close();
      return { by };
    }
    await clear(path, us);
    return { held: new OwnLock(path, file, us, clock, lost) };
  } catch (error) {
    await file?.close().catch(() => {});
    throw unwritable('taking a lock', path, error);
  } finally {
    await rm(own, { force: true }).catch(() => {});
  }
}

/** Null when `own` has become the lock, else who has it. */
async function contend(path: string, own: string, us: Holder, clock: Clock): Promise<Holder | null> {
  for (;;) {
    if (await linked(own, path)) return null;
    const text = await textOf(path);
    if (text === null) continue;
    const holder = parseHolder(text);
    if (holder !== null && isAlive(holder, us)) return holder;
    if (await succeed(path, own, text, holder?.nonce ?? 'unreadable', clock)) return null;
    await clock.sleep(againMs);
  }
}

/** Puts `own` in the place of a stale lock; false when somebody else does. */
async function succeed(path: string, own: string, stale: string, nonce: string, clock: Clock): Promise<boolean> {
  const taken = await take(`${path}.${nonce}`, clock, () => {}, 0o644);
  if ('by' in taken) return false;
  try {
    if ((await textOf(path)) !== stale) return false;
    await rename(own, path);
    return true;
  } finally {
    await taken.held.release();
  }
}

/** Removes what contenders for the lock left that died: now that it is ours, nobody can win with it. */
async function clear(path: string, us: Holder): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(path)}.`) || name.includes(us.nonce)) continue;
    const text = await textOf(join(folder, name));
    const holder = text === null ? null : parseHolder(text);
    if (holder !== null && !isAlive(holder, us)) await rm(join(folder, name), { force: true });
  }
}

async function linked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

class OwnLock implements Held {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #us: Holder;
  readonly #stop: () => void;
  #last: Promise<void> = Promise.resolve();
  #released = false;

  constructor(path: string, file: FileHandle, us: Holder, clock: Clock, lost: () => void) {
    this.#path = path;
    this.#file = file;
    this.#us = us;
    this.#stop = clock.every(beatMs, () => {
      this.#last = this.#beat(clock.now(), lost).catch(() => {});
    });
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#stop();
    await this.#last;
    if (await this.#isOurs()) await rm(this.#path, { force: true }).catch(() => {});
    await this.#file.close();
  }

  /** Into our own file, whatever its name is by now: a lock of somebody else is never overwritten. */
  async #beat(now: number, lost: () => void): Promise<void> {
    await this.#file.write(holderText({ ...this.#us, heartbeat: now }), 0);
    if (!(await this.#isOurs())) lost();
  }

  async #isOurs(): Promise<boolean> {
    const text = await textOf(this.#path).catch(() => null);
    return text !== null && parseHolder(text)?.nonce === this.#us.nonce;
  }
}
