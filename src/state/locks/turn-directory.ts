// Where the loads of one host meet to take turns.

import { accessSync, constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Memory that all processes of a Linux host share. TMPDIR and PrivateTmp do not change it. A container has its own. */
const sharedMemory = '/dev/shm';

/** Returns the directory of the locks when none is named. */
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

/** Tests whether this process runs in a container, whose memory and files other containers do not see. */
export function isContainer(env = process.env, exists: (path: string) => boolean = existsSync): boolean {
  return env.KUBERNETES_SERVICE_HOST !== undefined || env.container !== undefined || containerFiles.some(exists);
}
