// SIGUSR1: whoever asks a run where it stands gets a line of it, however quiet it is.

import type { Process } from './process.js';

/** `tell` is called at each signal, until the returned function puts the default handling back. */
export function onStatus(process: Process, tell: () => void): () => void {
  // Without a listener Node would open its debugger. Windows has no such signal.
  if (process.platform === 'win32') return () => {};
  process.on('SIGUSR1', tell);
  return () => {
    process.off('SIGUSR1', tell);
  };
}
