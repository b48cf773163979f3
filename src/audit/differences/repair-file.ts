import { closeSync, openSync, writeSync } from 'node:fs';
import { diskError } from './point-files.js';

/** File of points that --repair loads again. The first point creates the file. */
export class RepairFile {
  readonly path: string;
  points = 0;
  #descriptor: number | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** Appends `line`, which must end with LF. Throws StateError when the disk is full. */
  add(line: Uint8Array): void {
    try {
      this.#descriptor ??= openSync(this.path, 'w', 0o600);
      for (let at = 0; at < line.length; ) at += writeSync(this.#descriptor, line, at);
    } catch (cause) {
      throw diskError(this.path, cause);
    }
    this.points += 1;
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
