// Every option, declared once; flags, environment, config file, help and README derive from this table.
// Plain data and no import: printing the help must not cost the loading of a validator.

/** What an option's text means. Bounds are inclusive, in bytes, milliseconds or pieces. */
export type OptionKind =
  | { readonly kind: 'text' }
  | { readonly kind: 'urls' }
  | { readonly kind: 'headers' }
  | { readonly kind: 'switch' }
  /** Alone it is `-`, standard output; only behind an equals sign it names a file. */
  | { readonly kind: 'switchOrFile' }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  /** `words`: texts that stand for a number of their own, or for none. */
  | {
      readonly kind: 'count' | 'size';
      readonly min: number;
      readonly max: number;
      readonly words?: Readonly<Record<string, number | null>>;
    }
  | {
      readonly kind: 'duration';
      readonly min: number;
      readonly max: number;
      readonly words?: Readonly<Record<string, number | null>>;
    }
  | { readonly kind: 'timeRange' }
  | { readonly kind: 'countOrPercent' }
  | { readonly kind: 'sizeOrPercent'; readonly min: number }
  /** Lists, by comma or as lists: `name[:as]`, `name[:type[:as]]`, words. */
  | { readonly kind: 'tags' }
  | { readonly kind: 'fields' }
  | { readonly kind: 'words' }
  /** One character of one byte. `words`: names for some, or for none. */
  | { readonly kind: 'character'; readonly words: Readonly<Record<string, string | null>> }
  | { readonly kind: 'timezone' }
  /** HOST:PORT. */
  | { readonly kind: 'address' };

export type OptionGroup = 'target' | 'input' | 'mapping' | 'batch' | 'delivery' | 'memory' | 'state' | 'output';

export interface Option {
  /** `batchPoints`: the key in the config file; → `--batch-points` → `BULK_LOAD_BATCH_POINTS`. */
  readonly key: string;
  /** Name in `Settings`, where it differs from the key: it carries the unit or the plural. */
  readonly as?: string;
  readonly group: OptionGroup;
  readonly is: OptionKind;
  /** As the user would write it; null: unset, or computed as `defaultText` says. */
  readonly default: string | null;
  /** Shown instead of the default. */
  readonly defaultText?: string;
  /** Placeholder in the help; absent for switches. */
  readonly arg?: string;
  readonly description: string;
  /** Its value is never shown. */
  readonly secret?: true;
}

const MIB = 1024 ** 2;
const DAY = 86_400_000;
const MANY = Number.MAX_SAFE_INTEGER;

// biome-ignore format: one row per option, as in the table that it is
const table = [
  { key: 'url', as: 'urls', group: 'target', is: { kind: 'urls' }, default: null, defaultText: 'http://localhost:8902, or the usual port of the other targets', arg: '<url>', description: 'endpoint of the target; repeatable or a comma list; http://user:password@host:port is understood' },
  { key: 'target', group: 'target', is: { kind: 'choice', values: ['cnosdb', 'influxdb1', 'influxdb2', 'influxdb3', 'victoriametrics'] }, default: 'cnosdb', arg: '<kind>', description: 'what is loaded into: cnosdb, influxdb1, influxdb2, influxdb3 or victoriametrics' },
  { key: 'db', group: 'target', is: { kind: 'text' }, default: null, defaultText: 'required', arg: '<name>', description: 'database to load into; the bucket of InfluxDB 2' },
  { key: 'tenant', group: 'target', is: { kind: 'text' }, default: null, defaultText: 'cnosdb', arg: '<name>', description: 'tenant of the database; the organization of InfluxDB 2' },
  { key: 'user', group: 'target', is: { kind: 'text' }, default: null, defaultText: 'root, or none for the other targets', arg: '<name>', description: 'user to sign in as' },
  { key: 'password', group: 'target', is: { kind: 'text' }, default: '', defaultText: 'empty', arg: '<text>', description: 'password of the user; better given by file or environment, where `ps` does not show it', secret: true },
  { key: 'passwordFile', group: 'target', is: { kind: 'text' }, default: null, arg: '<file>', description: 'file that holds the password; one newline at its end is not part of it' },
  { key: 'token', group: 'target', is: { kind: 'text' }, default: null, arg: '<text>', description: 'to sign in with at InfluxDB and VictoriaMetrics, in place of user and password; better given by environment', secret: true },
  { key: 'createDb', group: 'target', is: { kind: 'switch' }, default: 'false', description: 'create the database if it does not exist' },
  { key: 'dbOptions', group: 'target', is: { kind: 'text' }, default: null, arg: '<text>', description: "what follows WITH when the database is created, such as SHARD 3 REPLICA 2 TTL '30d'" },
  { key: 'compression', group: 'target', is: { kind: 'choice', values: ['auto', 'none', 'gzip', 'zstd'] }, default: 'auto', arg: '<method>', description: 'of request bodies: auto, none, gzip or zstd; auto is none to loopback, else zstd where this Node and the target have it, else gzip' },
  { key: 'ca', group: 'target', is: { kind: 'text' }, default: null, defaultText: "Node's own", arg: '<file>', description: 'PEM file of the authorities to trust for https, instead of the usual ones' },
  { key: 'cert', group: 'target', is: { kind: 'text' }, default: null, arg: '<file>', description: 'PEM file of the certificate to show to the target; goes with --key' },
  { key: 'key', group: 'target', is: { kind: 'text' }, default: null, arg: '<file>', description: 'PEM file of its private key, without a passphrase' },
  { key: 'insecure', group: 'target', is: { kind: 'switch' }, default: 'false', description: 'do not check the certificate of the target: whoever is in between can read and change everything' },
  { key: 'header', as: 'headers', group: 'target', is: { kind: 'headers' }, default: null, arg: '<K: V>', description: 'header to send with each request; repeatable', secret: true },
  { key: 'dryRun', group: 'target', is: { kind: 'switchOrFile' }, default: null, defaultText: 'off', arg: '[=file]', description: 'send nothing, and need no target: write what would be sent, as line protocol, to standard output or to a file' },

  { key: 'format', group: 'input', is: { kind: 'choice', values: ['auto', 'lp', 'csv', 'tsv', 'ndjson', 'json', 'parquet'] }, default: 'auto', arg: '<name>', description: 'of the inputs: auto, lp (line protocol), csv, tsv, ndjson, json or parquet; auto looks at the content, then at the name' },
  { key: 'precision', group: 'input', is: { kind: 'choice', values: ['ns', 'us', 'ms', 's'] }, default: 'ns', arg: '<unit>', description: 'unit of the timestamps: ns, us, ms or s' },
  { key: 'missingTimestamp', group: 'input', is: { kind: 'choice', values: ['reject', 'now'] }, default: 'reject', arg: '<what>', description: 'reject a point without a timestamp, or stamp it: now is the start of the load plus the number of the point' },
  { key: 'maxPointBytes', group: 'input', is: { kind: 'size', min: 64, max: 64 * MIB }, default: '1MiB', arg: '<size>', description: 'a longer point is rejected' },
  { key: 'limit', group: 'input', is: { kind: 'count', min: 1, max: MANY }, default: null, defaultText: 'all', arg: '<points>', description: 'stop after so many points' },
  { key: 'skipPoints', group: 'input', is: { kind: 'count', min: 0, max: MANY }, default: '0', arg: '<points>', description: 'leave out so many points at the beginning; continues standard input' },
  { key: 'minPoints', group: 'input', is: { kind: 'count', min: 0, max: MANY }, default: '1', arg: '<points>', description: 'fewer points than this in all inputs end with code 7' },
  { key: 'expectTime', group: 'input', is: { kind: 'timeRange' }, default: '1980..2100', arg: '<range>', description: 'FROM..TO or off; looked at at the beginning of each input and every 1,000 points: a timestamp outside stops the load, naming the precision that would fit' },
  { key: 'onInputError', group: 'input', is: { kind: 'choice', values: ['continue', 'stop'] }, default: 'continue', arg: '<what>', description: 'continue with the other inputs when one cannot be read to its end, or stop' },
  { key: 'inOrder', group: 'input', is: { kind: 'switch' }, default: 'false', description: 'begin an input only after the one before it is wholly acknowledged' },

  { key: 'measurement', group: 'mapping', is: { kind: 'text' }, default: null, defaultText: '{measurement}', arg: '<name>', description: 'table of rows that are not line protocol: a name, or {column} for the column that holds it' },
  { key: 'tags', group: 'mapping', is: { kind: 'tags' }, default: null, defaultText: 'none', arg: '<names>', description: 'columns that are tags: name[:as], by comma' },
  { key: 'fields', group: 'mapping', is: { kind: 'fields' }, default: null, defaultText: 'all other columns', arg: '<names>', description: 'columns that are fields: name[:type[:as]], by comma; types are float, integer, unsigned, boolean, string; without one the first value decides' },
  { key: 'timeColumn', group: 'mapping', is: { kind: 'text' }, default: null, defaultText: 'time, timestamp, _time or ts', arg: '<name>', description: 'column of the timestamp' },
  { key: 'timeFormat', group: 'mapping', is: { kind: 'text' }, default: 'auto', arg: '<format>', description: 'of the timestamps: s, ms, us, ns, rfc3339, or a pattern such as %d.%m.%Y %H:%M:%S; auto is a number in --precision, else rfc3339' },
  { key: 'timezone', group: 'mapping', is: { kind: 'timezone' }, default: 'UTC', arg: '<zone>', description: 'of times without an offset: an IANA name such as Europe/Berlin, or an offset such as +01:00' },
  { key: 'ambiguousTime', group: 'mapping', is: { kind: 'choice', values: ['reject', 'earlier', 'later'] }, default: 'reject', arg: '<what>', description: 'local times that a change of the clock repeats or leaves out: reject the row, or take the earlier or the later instant' },
  { key: 'null', as: 'nullWords', group: 'mapping', is: { kind: 'words' }, default: null, defaultText: 'none', arg: '<words>', description: 'unquoted words that stand for no value, by comma; an empty cell always does' },
  { key: 'delimiter', group: 'mapping', is: { kind: 'character', words: { tab: '\t', '\\t': '\t' } }, default: null, defaultText: 'comma; tab for tsv', arg: '<char>', description: 'between cells; `tab` is one' },
  { key: 'quote', group: 'mapping', is: { kind: 'character', words: { none: null } }, default: '"', arg: '<char>', description: 'around cells that hold delimiters, line ends or quotes, which are doubled there; or none' },
  { key: 'noHeader', group: 'mapping', is: { kind: 'switch' }, default: 'false', description: 'the first row is data already: columns are named 1, 2, 3 …' },
  { key: 'skipLines', group: 'mapping', is: { kind: 'count', min: 0, max: 1_000_000 }, default: '0', arg: '<lines>', description: 'pass over so many lines before the header' },
  { key: 'jsonPath', group: 'mapping', is: { kind: 'text' }, default: null, defaultText: 'the text itself', arg: '<path>', description: 'of json: where the list of rows lies, such as data.items' },
  { key: 'encoding', group: 'mapping', is: { kind: 'choice', values: ['utf-8', 'latin1'] }, default: 'utf-8', arg: '<name>', description: 'of csv and tsv: utf-8 or latin1' },

  { key: 'batchPoints', group: 'batch', is: { kind: 'count', min: 1, max: 1_000_000 }, default: '10000', arg: '<points>', description: 'most points in a batch' },
  { key: 'batchBytes', group: 'batch', is: { kind: 'size', min: 1024, max: 64 * MIB }, default: '1MiB', arg: '<size>', description: 'most bytes in a batch; whichever comes first' },
  { key: 'batchLinger', as: 'batchLingerMs', group: 'batch', is: { kind: 'duration', min: 10, max: DAY }, default: '5s', arg: '<time>', description: 'an incomplete batch goes after so long without input' },

  { key: 'workers', group: 'delivery', is: { kind: 'count', min: 1, max: 256 }, default: '8', arg: '<n>', description: 'most writers at a time, over all endpoints; a load starts with one' },
  { key: 'waitForTarget', as: 'waitForTargetMs', group: 'delivery', is: { kind: 'duration', min: 0, max: 365 * DAY }, default: '30s', arg: '<time>', description: 'how long to wait for the first answer of any endpoint' },
  { key: 'requestTimeout', as: 'requestTimeoutMs', group: 'delivery', is: { kind: 'duration', min: 100, max: DAY }, default: null, defaultText: '30s + size / 100KiB per s', arg: '<time>', description: 'how long to wait for the answer to one request' },
  { key: 'retryFor', as: 'retryForMs', group: 'delivery', is: { kind: 'duration', min: 0, max: 365 * DAY, words: { forever: Number.POSITIVE_INFINITY } }, default: '1h', arg: '<time>', description: 'how long one batch is tried again, from its first attempt; or forever' },
  { key: 'maxRejected', group: 'delivery', is: { kind: 'countOrPercent' }, default: '1000', arg: '<n|n%>', description: 'more rejected points stop the load; a percentage counts from 100,000 points on' },
  { key: 'acceptRejects', group: 'delivery', is: { kind: 'countOrPercent' }, default: '0', arg: '<n|n%>', description: 'up to so many rejected points the load still ends with 0' },
  { key: 'ratePoints', group: 'delivery', is: { kind: 'count', min: 1, max: MANY, words: { off: null } }, default: 'off', arg: '<points>', description: 'at most so many points a second; or off' },
  { key: 'rateBytes', group: 'delivery', is: { kind: 'size', min: 1, max: MANY, words: { off: null } }, default: 'off', arg: '<size>', description: 'at most so many bytes of points a second, before compression; or off' },
  { key: 'maxDuration', as: 'maxDurationMs', group: 'delivery', is: { kind: 'duration', min: 1000, max: 365 * DAY, words: { off: null } }, default: 'off', arg: '<time>', description: 'stop cleanly after so long, as a signal would; or off' },

  { key: 'memoryLimit', group: 'memory', is: { kind: 'sizeOrPercent', min: 16 * MIB }, default: null, defaultText: '90% of the control group, 512MiB at most', arg: '<size|n%>', description: 'resident memory to stay under: a size, or a percentage of the control group, else of RAM' },
  { key: 'memoryWatchdog', group: 'memory', is: { kind: 'choice', values: ['on', 'observe', 'off'] }, default: 'on', arg: '<mode>', description: 'on holds resident memory under the limit by fewer writers, and stops the load when that fails; observe only says what it would do; off does not look' },
  { key: 'targetMemory', group: 'memory', is: { kind: 'size', min: 64 * MIB, max: MANY, words: { off: null } }, default: null, defaultText: '512MiB for cnosdb', arg: '<size>', description: 'resident memory that a node of the target may take, the 110 MiB of an idle one included: held by body size and timely flushes; or off' },
  { key: 'relieve', group: 'memory', is: { kind: 'switch' }, default: 'true', description: 'never ask the target to flush (COMPACT DATABASE)' },
  { key: 'stage', group: 'memory', is: { kind: 'size', min: MIB, max: MANY, words: { off: null } }, default: 'off', arg: '<size>', description: 'after every so many bytes of points wait until the target has flushed; or off' },

  { key: 'stateDir', group: 'state', is: { kind: 'text' }, default: null, defaultText: '$STATE_DIRECTORY, else bulk-load in $XDG_STATE_HOME or ~/.local/state', arg: '<dir>', description: 'where checkpoints, rejected points and the ledger of finished inputs are kept' },
  { key: 'checkpoint', group: 'state', is: { kind: 'switch' }, default: 'true', description: 'keep no checkpoint: a load that is stopped or killed begins again from its start' },
  { key: 'fresh', group: 'state', is: { kind: 'switch' }, default: 'false', description: 'begin from the start, whatever an unfinished load left; that is kept as abandoned' },
  { key: 'onChanged', group: 'state', is: { kind: 'choice', values: ['restart', 'refuse'] }, default: 'restart', arg: '<what>', description: 'load an input that was replaced since the load was stopped from its start, or refuse it' },
  { key: 'skipLoaded', group: 'state', is: { kind: 'switch' }, default: 'false', description: 'leave out inputs that an earlier load into this database finished' },
  { key: 'verify', group: 'state', is: { kind: 'switch' }, default: 'false', description: 'read a sample of 1,000 loaded points back and compare every value; a difference ends with 9' },

  { key: 'progress', group: 'output', is: { kind: 'choice', values: ['auto', 'bar', 'plain', 'json', 'none'] }, default: 'auto', arg: '<form>', description: 'auto, bar, plain, json or none; auto is a bar on a terminal, else plain' },
  { key: 'summary', group: 'output', is: { kind: 'text' }, default: null, arg: '<file|->', description: 'write the summary as JSON to a file, or with - to standard output' },
  { key: 'report', group: 'output', is: { kind: 'text' }, default: null, arg: '<file>', description: 'write a page about the run to a file: one HTML file that needs no network' },
  { key: 'metricsListen', group: 'output', is: { kind: 'address' }, default: null, arg: '<host:port>', description: 'tell the numbers of the run to Prometheus, at /metrics there, while it goes on' },
  { key: 'metricsFile', group: 'output', is: { kind: 'text' }, default: null, arg: '<file>', description: "write them to a file at the end, for node_exporter's textfile collector" },
  { key: 'logLevel', group: 'output', is: { kind: 'choice', values: ['error', 'warn', 'info', 'debug'] }, default: 'info', arg: '<level>', description: 'error, warn, info or debug' },
  { key: 'quiet', group: 'output', is: { kind: 'switch' }, default: 'false', description: 'not a word when the load ends with 0, else only the summary' },
  { key: 'config', group: 'output', is: { kind: 'text' }, default: null, arg: '<file>', description: 'YAML or JSON file of options; the environment and flags go over it' },
] as const satisfies readonly Option[];

/** In the order in which help and README list them. */
export const options: readonly Option[] = table;

/** What a program may give for each option, by its key: the forms that the config file takes. */
export type OptionValues = { readonly [O in (typeof table)[number] as O['key']]?: ValueOf<O['is']> };

/** Those about what the command prints and writes. */
export type OutputKey = Exclude<Extract<(typeof table)[number], { group: 'output' }>['key'], 'config'>;

type ValueOf<K extends OptionKind> = K extends { kind: 'switch' }
  ? boolean
  : K extends { kind: 'switchOrFile' }
    ? boolean | string
    : K extends { kind: 'choice' }
      ? K['values'][number]
      : K extends { kind: 'count' }
        ? number | string
        : K extends { kind: 'urls' | 'headers' | 'tags' | 'fields' | 'words' }
          ? string | readonly string[]
          : K extends { kind: 'text' | 'timeRange' | 'character' | 'timezone' | 'address' }
            ? string
            : string | number;

/** `batchPoints` → `--batch-points`. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `batchPoints` → `BULK_LOAD_BATCH_POINTS`. */
export function environmentName(key: string): string {
  return `BULK_LOAD_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
