// A target in memory that keeps every line, and lists the columns of what it keeps.

import { parseShape } from '../../../src/core/points/line-protocol.js';
import type { Target, TargetColumn } from '../../../src/core/types/index.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';

export class MemoryStore {
  readonly lines = new Set<string>();
  readonly #columns = new Map<string, TargetColumn>();

  target(): Target {
    return createCustomTarget({
      columns: (_, table) =>
        Promise.resolve([...this.#columns.values()].filter((each) => table === undefined || each.table === table)),
      write: ({ bytes }) => {
        this.#take(Buffer.from(bytes).toString('latin1'));
        return Promise.resolve({
          ...{ verdict: { kind: 'accepted' }, endpoint: 'memory', latencyMs: 1, sentBytes: bytes.length },
        });
      },
    });
  }

  /** A line end in a string does not end the point. */
  #take(body: string): void {
    for (const [line] of body.matchAll(/(?:"(?:[^"\\]|\\[\s\S])*"|[^"\n])*\n/g)) {
      this.lines.add(line);
      const { table, columns } = parseShape(Buffer.from(line.trimEnd(), 'latin1'));
      for (const { name, type } of columns) this.#columns.set(JSON.stringify([table, name]), { table, name, type });
    }
  }
}
