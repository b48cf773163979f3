// Base class of all row scanners. `RowRun` stores the position and the collected points.

import type { DeadLetterFormat, FormatReject, Position, Shape } from '../../core/types/index.js';
import type { Stop } from '../line-protocol/chunk-scanner.js';
import type { RowRun } from './row-run.js';
import type { RowFormatMemory } from './rows.js';
import type { RowLayout } from './rows-layout.js';
import type { ResumableScan } from './worker/row-input.js';

export abstract class RowScan implements ResumableScan {
  abstract readonly deadLetterFormat: DeadLetterFormat;
  readonly held = 0;
  readonly refusal = null;
  protected readonly rows: RowFormatMemory;
  protected readonly filling: RowRun;

  constructor(rows: RowFormatMemory) {
    this.rows = rows;
    this.filling = rows.run;
  }

  get bytes(): Uint8Array {
    return this.filling.bytes;
  }

  get layout(): RowLayout {
    return this.filling.layout;
  }

  get index(): Uint32Array {
    return this.filling.index;
  }

  get count(): number {
    return this.filling.count;
  }

  get rejects(): readonly FormatReject[] {
    return this.filling.rejects;
  }

  get firstLine(): number {
    return this.filling.firstLine;
  }

  get at(): number {
    return this.filling.at;
  }

  get line(): number {
    return this.filling.line;
  }

  shape(number: number): Shape {
    return this.rows.shapes.shape(number);
  }

  begin({ line }: Position): void {
    this.filling.begin(line);
  }

  window(from: number, limit: number, final: boolean, _fresh: number): void {
    this.filling.window(from, limit, final);
  }

  get takesKernelRows(): boolean {
    return !this.filling.isInLongLine;
  }

  pass(_bytes: number, lines: number, _timeLength: number): void {
    this.filling.line += lines;
  }

  run(): Stop {
    const run = this.filling;
    run.clear();
    while (run.at < run.limit) {
      if (run.isFull) return 'full';
      if (run.longLine()) continue;
      const stop = this.next();
      if (stop !== null) return stop;
    }
    if (run.final) run.longLine();
    return 'drained';
  }

  /**
   * Reads the next row, and adds, rejects or skips it. Returns null if the caller may read the following row. Otherwise
   * returns the reason why the scan must stop.
   */
  protected abstract next(): Stop | null;
}
