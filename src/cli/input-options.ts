// Derives the options for finding and reading inputs from the settings and the process.

import { fstatSync } from 'node:fs';
import node from 'node:process';
import { isatty } from 'node:tty';
import type { Settings } from '../config/settings.js';
import { errorCode, UsageError } from '../core/errors.js';
import { clock } from '../core/time/system-clock.js';
import type { Notice } from '../core/types/index.js';
import { version } from '../core/version.js';
import type { ExpandOptions, Stdin } from '../inputs/expand.js';
import type { Process } from './process.js';

/** Returns the options for finding and reading inputs. Throws UsageError if the working directory no longer exists. */
export function inputOptions(
  { tls, stateDir, encoding, proxy }: Pick<Settings, 'tls' | 'stateDir' | 'encoding' | 'proxy'>,
  process: Process,
  notify: (notice: Notice) => void,
): ExpandOptions {
  const { env } = process;
  const remote = {
    env,
    clock,
    ca: tls.ca,
    proxy: { given: proxy, env },
    version: version(),
    random: Math.random,
    notify,
  };
  return { stdin: standardInput(process), cwd: workingDirectory(process), stateDir, encoding, remote };
}

/**
 * Describes standard input. A load without named inputs reads standard input from a pipe or a file, never from a
 * terminal.
 */
export function standardInput(process: Process): Stdin {
  const isPipeOrFile = stdinIsPipeOrFile();
  const stream = (): NodeJS.ReadStream => process.stdin;
  if (process.argv !== node.argv) return { isTTY: process.stdin.isTTY === true, isPipeOrFile, stream };
  // process.stdin is not used here, because its first use creates a stream that takes over descriptor 0.
  return { isTTY: isatty(0), isPipeOrFile, ...(isPipeOrFile ? { descriptor: 0 } : {}), stream };
}

function stdinIsPipeOrFile(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false; // standard input is closed
  }
}

function workingDirectory(process: Process): string {
  try {
    return process.cwd();
  } catch (error) {
    const found = `${errorCode(error)}: the directory was removed`;
    const fix = 'change to another directory';
    throw new UsageError([{ tried: 'reading the working directory', expected: 'a directory that exists', found, fix }]);
  }
}
