// Decides which inputs a worker may read. The folder of an --allow-input pattern is the part before its first wildcard.
// A job names a file by its path below this folder: with `/data/**`, a job names `/data/a/b.lp` as `a/b.lp`. So a job
// contains no absolute path, and each machine may mount the inputs in another folder.

import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Matcher } from 'picomatch';

interface AllowedPattern {
  /** Part of the pattern before the first wildcard: a folder as a canonical path, or the start of a URL. */
  readonly root: string;
  readonly isUrl: boolean;
  readonly matches: Matcher;
}

export class AllowedInputs {
  readonly #patterns: readonly AllowedPattern[];

  constructor(patterns: readonly AllowedPattern[]) {
    this.#patterns = patterns;
  }

  /**
   * Returns the name by which a job refers to an input; null if no pattern allows the input.
   * @param path canonical path of the input, or its URL
   */
  nameOf(path: string): string | null {
    if (isUrlName(path)) return this.#allowsUrl(path) ? path : null;
    for (const { root, isUrl, matches } of this.#patterns) {
      const name = isUrl ? '' : relative(root, path);
      if (isPlain(name) && matches(name)) return name;
    }
    return null;
  }

  /**
   * Returns the files on this machine to which a name from a job may refer, at most one for each pattern. Omits a link
   * whose target no pattern allows.
   */
  async pathsOf(name: string): Promise<string[]> {
    if (isUrlName(name)) return this.#allowsUrl(name) ? [name] : [];
    if (!isPlain(name)) return [];
    const found: string[] = [];
    for (const { root, isUrl } of this.#patterns) {
      const path = isUrl ? null : await realpath(join(root, name)).catch(() => null);
      if (path !== null && this.nameOf(path) !== null) found.push(path);
    }
    return found;
  }

  #allowsUrl(url: string): boolean {
    const isClean = !/[?#]|\/\.{1,2}(\/|$)|%2e/i.test(url);
    return (
      isClean &&
      this.#patterns.some(
        ({ root, isUrl, matches }) => isUrl && url.startsWith(root) && matches(url.slice(root.length)),
      )
    );
  }
}

/** Compiles patterns such as `/data/**`. A pattern without wildcards allows everything below its path. */
export async function allowInputs(patterns: readonly string[], cwd: string): Promise<AllowedInputs> {
  const { default: picomatch } = await import('picomatch');
  const compiled = patterns.map(async (given): Promise<AllowedPattern> => {
    const pattern = /[*?[\]{}()!+@\\]/.test(given) ? given : `${given.replace(/\/+$/, '')}/**`;
    const fixed = /^(?:[^*?[\]{}()!+@\\]*\/)?/.exec(pattern)![0];
    const matches = picomatch(pattern.slice(fixed.length));
    if (isUrlName(given)) return { root: fixed, isUrl: true, matches };
    const folder = resolve(cwd, fixed);
    return { root: await realpath(folder).catch(() => folder), isUrl: false, matches };
  });
  return new AllowedInputs(await Promise.all(compiled));
}

function isUrlName(name: string): boolean {
  return /^(https?|s3):\/\//i.test(name);
}

/** Tests for a relative path without `.` and `..`. */
function isPlain(name: string): boolean {
  const parts = name.split(sep);
  return (
    name !== '' && !isAbsolute(name) && !name.includes('\0') && !parts.some((part) => part === '..' || part === '.')
  );
}
