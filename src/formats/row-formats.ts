// The formats of rows, and the one memory they share. A room's worth of modules that line protocol does not need: loaded
// when the first input of such a format is begun.

import type { Settings } from '../config/settings.js';
import type { Format, FormatName, MemoryBudget } from '../core/types/index.js';
import { Csv } from './csv/csv.js';
import { Json } from './json/json.js';
import { Ndjson } from './json/ndjson.js';
import { Parquet } from './parquet/parquet.js';
import { RowFormatMemory } from './rows/rows.js';
import { TimeCell } from './timestamps/time-cell.js';

export class RowFormats {
  readonly #settings: Settings;
  readonly #room: MemoryBudget | undefined;
  readonly #rows: RowFormatMemory;

  constructor(settings: Settings, room?: MemoryBudget) {
    this.#settings = settings;
    this.#room = room;
    this.#rows = new RowFormatMemory(settings);
  }

  make(name: Exclude<FormatName, 'lp'>): Format {
    if (name === 'ndjson') return new Ndjson(this.#rows);
    if (name === 'json') return new Json(this.#rows, this.#settings.jsonPath);
    if (name === 'parquet') return new Parquet(this.#rows, this.#room);
    return new Csv(name, this.#rows, this.#settings);
  }
}

/** Throws UsageError for a time format that is none. */
export function assertTimeFormat(settings: Settings): void {
  new TimeCell(new Uint8Array(0), settings);
}
