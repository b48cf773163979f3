// What standard input is, asked of the system: a pipe or a file is read when no input is named, a terminal never is.

import { fstatSync } from 'node:fs';
import type { Stdin } from '../input/expand.js';
import type { Process } from './process.js';

export function standardInput(process: Process): Stdin {
  return { isTTY: process.stdin.isTTY === true, isPipeOrFile: isPipeOrFile(), stream: () => process.stdin };
}

function isPipeOrFile(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false; // closed
  }
}
