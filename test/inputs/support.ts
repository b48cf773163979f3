// Shared by the tests of this room: a temp folder, the text inside the fixtures, reading to the end.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteSource } from '../../src/core/types/index.js';

export const never = new AbortController().signal;

/** What fixtures/*.zst hold: 400 points. */
export const text = Array.from(
  { length: 400 },
  (_, i) =>
    `cpu,host=h${i % 7} usage=${(i * 37) % 101}.${i % 10},n=${i}i ${1_700_000_000_000_000_000n + BigInt(i * 1000)}\n`,
).join('');

export function fixture(name: string): string {
  return new URL(`../inputs/fixtures/${name}`, import.meta.url).pathname;
}

export interface Folder {
  readonly path: string;
  /** Writes a file and gives its path. */
  file(name: string, content: string | Uint8Array): string;
  remove(): void;
}

export function folder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'input-'));
  return {
    path,
    file(name, content) {
      writeFileSync(join(path, name), content);
      return join(path, name);
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Reads to the end, `size` bytes at most at a time, and closes. */
export async function drain(source: ByteSource, size: number | (() => number) = 65_536): Promise<Buffer> {
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const into = Buffer.alloc(typeof size === 'number' ? size : size());
      const count = await source.read(into, never);
      if (count === 0) return Buffer.concat(parts);
      parts.push(into.subarray(0, count));
    }
  } finally {
    await source.close();
  }
}
