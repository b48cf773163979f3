// The flags of the Go tool with their texts and defaults (tsdb-comparisons b78fb31: load/loader.go,
// cmd/load_cnosdb/main.go, pkg/targets/cnosdb/implemented_target.go), and one flag that only this tool has.

import type { GoFlag } from './go/pflag.js';

const second = 1_000_000_000n;

// biome-ignore format: one line per flag
export const goFlags: readonly GoFlag[] = [
  { name: 'db-name', type: 'string', default: 'benchmark', usage: 'Name of database' },
  { name: 'batch-size', type: 'uint', default: 10_000n, usage: 'Number of items to batch together in a single insert' },
  { name: 'workers', type: 'uint', default: 1n, usage: 'Number of parallel clients inserting' },
  { name: 'limit', type: 'uint', default: 0n, usage: 'Number of items to insert (0 = all of them).' },
  { name: 'do-load', type: 'bool', default: true, usage: 'Whether to write data. Set this flag to false to check input read speed.' },
  { name: 'do-create-db', type: 'bool', default: false, usage: 'Whether to create the database. Disable on all but one client if running on a multi client setup.' },
  { name: 'do-abort-on-exist', type: 'bool', default: false, usage: 'Whether to abort if a database with the given name already exists.' },
  { name: 'reporting-period', type: 'duration', default: 10n * second, usage: 'Period to report write stats' },
  { name: 'file', type: 'string', default: '', usage: 'File name to read data from' },
  { name: 'seed', type: 'int', default: 0n, usage: 'PRNG seed (default: 0, which uses the current timestamp)' },
  { name: 'insert-intervals', type: 'string', default: '', usage: "Time to wait between each insert, default '' => all workers insert ASAP. '1,2' = worker 1 waits 1s between inserts, worker 2 and others wait 2s" },
  { name: 'hash-workers', type: 'bool', default: false, usage: 'Whether to consistently hash insert data to the same workers (i.e., the data for a particular host always goes to the same worker)' },
  { name: 'results-file', type: 'string', default: '', usage: 'Write the test results summary json to this file' },
  { name: 'username', type: 'string', default: 'root', usage: 'Basic access authentication username' },
  { name: 'password', type: 'string', default: '', usage: 'Basic access authentication password' },
  { name: 'urls', type: 'string', default: 'http://localhost:8086', usage: 'CnosDBURLs, comma-separated. Will be used in a round-robin fashion.' },
  { name: 'replication-factor', type: 'int', default: 1n, usage: 'Cluster replication factor (only applies to clustered databases).' },
  { name: 'consistency', type: 'string', default: 'all', usage: 'Write consistency. Must be one of: any, one, quorum, all.' },
  { name: 'backoff', type: 'duration', default: second, usage: 'Time to sleep between requests when server indicates backpressure is needed.' },
  { name: 'gzip', type: 'bool', default: true, usage: 'Whether to gzip encode requests (default true).' },
];

export const ownFlags: readonly GoFlag[] = [
  {
    name: 'drop-existing',
    type: 'bool',
    default: false,
    usage:
      'Drop the database with all its data, then create it again. The Go tool lacks this flag: its --do-create-db always drops the database.',
  },
];

/** Flags without effect, both here and in the Go tool. */
export const unusedFlags: readonly string[] = [
  'do-abort-on-exist',
  'hash-workers',
  'replication-factor',
  'consistency',
];

export const consistencies: readonly string[] = ['any', 'one', 'quorum', 'all'];
