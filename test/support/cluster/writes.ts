// The record of writes that the scripted cluster keeps, and the guard of the first-write race: CnosDB stores values under
// wrong columns when anything overlaps a write that adds a table or a column.

/** One write that carried points, from its first header to the moment when nothing of it can happen any more. */
export interface WriteRecord {
  readonly node: number;
  readonly points: number;
  readonly bytes: number;
  readonly adds: readonly string[];
  /** Milliseconds of the cluster's clock; `end` null: still worked on. */
  readonly start: number;
  end: number | null;
  readonly inFlight: number;
  status: number | null;
}

/** Keeps the record. A write begins with its first header, since a client that waits for the others would not have sent it. */
export class WriteLog {
  readonly records: WriteRecord[] = [];
  readonly violations: string[] = [];
  readonly #now: () => number;
  readonly #open = new Set<{ readonly met: Set<WriteRecord>; record: WriteRecord | null }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Points are known only later: `read` says what the request was, `end` that nothing more can come of it. */
  begin(node: number): OpenWrite {
    const entry = { met: new Set<WriteRecord>(), record: null as WriteRecord | null };
    const start = this.#now();
    for (const other of this.#open) if (other.record) entry.met.add(other.record);
    this.#open.add(entry);
    const read = (what: { points: number; bytes: number; adds: readonly string[] }): WriteRecord => {
      const working = [...this.#open].filter((other) => other.record !== null).length + 1;
      const record: WriteRecord = { node, ...what, start, end: null, inFlight: working, status: null };
      for (const other of this.#open) if (other !== entry) other.met.add(record);
      for (const other of entry.met) this.#judge(record, other);
      entry.record = record;
      this.records.push(record);
      return record;
    };
    const end = (): void => {
      if (!this.#open.delete(entry)) return;
      if (entry.record) entry.record.end = this.#now();
    };
    return { read, end };
  }

  #judge(record: WriteRecord, other: WriteRecord): void {
    const adds = [...record.adds, ...other.adds];
    if (adds.length === 0) return;
    this.violations.push(
      `write ${this.records.length} to node ${record.node} overlapped write ${this.records.indexOf(other)}` +
        ` to node ${other.node} while ${adds.slice(0, 4).join(', ')} was added`,
    );
  }
}

export interface OpenWrite {
  read(what: { points: number; bytes: number; adds: readonly string[] }): WriteRecord;
  end(): void;
}
