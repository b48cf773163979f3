// What standard input is, asked of the system: a pipe or a file is read when no input is named, a terminal never is.

import { fstatSync } from 'node:fs';
import node from 'node:process';
import { isatty } from 'node:tty';
import type { Stdin } from '../inputs/expand.js';
import type { Process } from './process.js';

export function standardInput(process: Process): Stdin {
  const isPipeOrFile = isReadAtOnce();
  const stream = (): NodeJS.ReadStream => process.stdin;
  const isOwn = (process as unknown) === node;
  if (!isOwn) return { isTTY: process.stdin.isTTY === true, isPipeOrFile, stream };
  // To look at the stream would make it, and one descriptor cannot be read in two ways.
  return { isTTY: isatty(0), isPipeOrFile, ...(isPipeOrFile ? { descriptor: 0 } : {}), stream };
}

function isReadAtOnce(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false; // closed
  }
}
