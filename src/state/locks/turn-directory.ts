// Chooses the directory of the turn locks. With these locks, the loads of one host take turns (see FirstWriteLock).

import { accessSync, constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Directory that all processes of a Linux host share, independent of TMPDIR and PrivateTmp. Each container has its own
 * directory.
 */
const sharedMemory = '/dev/shm';

/** Returns the default directory of the locks. */
export function defaultTurnDirectory(shared = sharedMemory): string {
  try {
    accessSync(shared, constants.R_OK | constants.W_OK | constants.X_OK);
    return join(shared, 'bulk-load-locks');
  } catch {
    return join(tmpdir(), 'bulk-load-locks');
  }
}

/** Files that Docker and Podman put into a container. */
const containerFiles = ['/.dockerenv', '/run/.containerenv'];

/**
 * Tests whether this process runs in a container. The container has its own shared memory and files, which other
 * containers do not see.
 */
export function isContainer(env = process.env, exists: (path: string) => boolean = existsSync): boolean {
  return env.KUBERNETES_SERVICE_HOST !== undefined || env.container !== undefined || containerFiles.some(exists);
}
