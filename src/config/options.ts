// The options: one row for each option. Settings, flags, environment, config file, help and manual derive from this
// table. The rows are plain data, so printing the help does not load the validator.

import { alternatives } from '../core/text.js';
import type { NameLimits } from '../core/types/index.js';
import { MIB } from '../core/units.js';
import type { Kinds } from './kinds/index.js';

/** A kind of value with its parameters. `words` maps words to special values, such as `off` to null. */
export type OptionKind = {
  [K in keyof Kinds]: {
    readonly kind: K;
    readonly words?: Readonly<Record<string, string | number | null>>;
  } & (Parameters<Kinds[K]> extends [infer P] ? P : unknown);
}[keyof Kinds];

export type OptionGroup =
  | 'target'
  | 'input'
  | 'mapping'
  | 'batch'
  | 'delivery'
  | 'memory'
  | 'state'
  | 'machines'
  | 'output';

export interface Option {
  /**
   * Name of the option: `batchPoints` in the config file, `--batch-points` as a flag, `BULK_LOAD_BATCH_POINTS` in the
   * environment.
   */
  readonly key: string;
  /** Name in `Settings` if it differs from the key, such as `batchLingerMs` or `urls`. */
  readonly as?: string;
  readonly group: OptionGroup;
  readonly is: OptionKind;
  /** The default as a user would type it; null for an option without a default. */
  readonly default: string | null;
  /** Text that help and manual show instead of the default. */
  readonly defaultText?: string;
  /** True if the target or the environment supplies a missing value, so that the setting is never null. */
  readonly supplied?: true;
  /** Placeholder of the value in the help; absent for switches. */
  readonly arg?: string;
  /** Description for help and manual. `{values}` stands for the values of a choice. */
  readonly description: string;
  /** True if the value is a secret, which is never shown. */
  readonly secret?: true;
  /**
   * True if the option is part of a load's identity, because the option changes where points go or how inputs are read.
   */
  readonly identity?: true;
}

const DAY = 86_400_000;
const MANY = Number.MAX_SAFE_INTEGER;
const OFF = { off: null } as const;
/** Placeholders. `createOptions` replaces them by the names in the registries of targets and formats. */
const targetKinds: readonly string[] = [];
const formatNames: readonly string[] = [];

// biome-ignore format: one row per option
const table = [
  { key: 'url', as: 'urls', group: 'target', is: { kind: 'urls' }, default: null, supplied: true, defaultText: 'localhost with the usual port of the target: http://localhost:8902 for cnosdb', arg: '<url>', description: 'URL of the target, such as http://user:password@host:8902/path; user, password, path and http:// are optional; for several endpoints, repeat the option or separate the URLs by commas' },
  { key: 'target', group: 'target', is: { kind: 'choice', values: targetKinds }, default: 'cnosdb', arg: '<kind>', description: 'kind of the target: {values}', identity: true },
  { key: 'db', group: 'target', is: { kind: 'text' }, default: null, supplied: true, defaultText: 'required', arg: '<name>', description: 'database to load into; for InfluxDB 2, the bucket; for VictoriaMetrics, the value of the label db (there, this option is not required)', identity: true },
  { key: 'rp', group: 'target', is: { kind: 'text' }, default: null, defaultText: 'the default policy of the database', arg: '<name>', description: 'retention policy of InfluxDB 1 to load into', identity: true },
  { key: 'tenant', group: 'target', is: { kind: 'text' }, default: null, supplied: true, defaultText: 'cnosdb', arg: '<name>', description: 'tenant of the database; for InfluxDB 2, the organization', identity: true },
  { key: 'user', group: 'target', is: { kind: 'text' }, default: null, supplied: true, defaultText: 'root for cnosdb', arg: '<name>', description: 'name of the user' },
  { key: 'password', group: 'target', is: { kind: 'secret' }, default: '', defaultText: 'empty', arg: '<text>', description: 'password of the user; `ps` shows this password, so prefer --password-file or the environment', secret: true },
  { key: 'passwordFile', group: 'target', is: { kind: 'path' }, default: null, arg: '<file>', description: 'file with the password; bulk-load ignores one newline at the end of the file' },
  { key: 'token', group: 'target', is: { kind: 'secret' }, default: null, arg: '<text>', description: 'token for InfluxDB and VictoriaMetrics, instead of user and password; `ps` shows this token, so prefer --token-file or the environment', secret: true },
  { key: 'tokenFile', group: 'target', is: { kind: 'path' }, default: null, arg: '<file>', description: 'file with the token; bulk-load ignores one newline at the end of the file' },
  { key: 'createDb', group: 'target', is: { kind: 'switch' }, default: 'false', description: 'create the database if it does not exist' },
  { key: 'dbOptions', group: 'target', is: { kind: 'text' }, default: null, arg: '<text>', description: "options of the database that --create-db creates, such as SHARD 3 REPLICA 2 TTL '30d'" },
  { key: 'compression', group: 'target', is: { kind: 'choice', values: ['auto', 'none', 'gzip', 'zstd'] }, default: 'auto', arg: '<method>', description: 'compression of request bodies: {values}; "auto" does not compress for a loopback address; for other addresses, it uses zstd if Node and the target support zstd, else gzip' },
  { key: 'ca', group: 'target', is: { kind: 'path' }, default: null, defaultText: "Node's own", arg: '<file>', description: 'PEM file of the CA certificates to trust for https' },
  { key: 'cert', group: 'target', is: { kind: 'path' }, default: null, arg: '<file>', description: 'PEM file of the client certificate; needs --key' },
  { key: 'key', group: 'target', is: { kind: 'path' }, default: null, arg: '<file>', description: 'PEM file of the private key for --cert, without a passphrase' },
  { key: 'insecure', group: 'target', is: { kind: 'switch' }, default: 'false', description: 'do not check the certificate of the target; then anyone on the network path can read and change the points' },
  { key: 'proxy', group: 'target', is: { kind: 'proxy', words: { none: 'none' } }, default: null, defaultText: 'HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as in curl', arg: '<url>', description: 'HTTP proxy for the target and for inputs from the web, such as http://user:password@host:3128; "none" turns proxies off', secret: true },
  { key: 'header', as: 'headers', group: 'target', is: { kind: 'headers' }, default: null, supplied: true, arg: '<K: V>', description: 'header to send with each request to the target; repeatable', secret: true },
  { key: 'dryRun', group: 'target', is: { kind: 'switchOrPath' }, default: null, defaultText: 'off', arg: '[=file]', description: 'write the points as line protocol to standard output or to a file, instead of sending them to a target' },

  { key: 'format', group: 'input', is: { kind: 'choice', values: formatNames }, default: 'auto', arg: '<name>', description: 'format of the inputs: {values}; "auto" recognises the format by the content, else by the file name', identity: true },
  { key: 'precision', group: 'input', is: { kind: 'choice', values: ['ns', 'us', 'ms', 's'] }, default: 'ns', arg: '<unit>', description: 'unit of the timestamps: {values}', identity: true },
  { key: 'missingTimestamp', group: 'input', is: { kind: 'choice', values: ['reject', 'now'] }, default: 'reject', arg: '<what>', description: 'what to do with a point without a timestamp: "reject" rejects the point; "now" generates a timestamp (start of the load plus one unit for each earlier point)' },
  { key: 'maxPointBytes', group: 'input', is: { kind: 'size', min: 64, max: 64 * MIB }, default: '1MiB', arg: '<size>', description: 'maximum bytes of a point; longer points are rejected' },
  { key: 'limit', group: 'input', is: { kind: 'count', min: 1, max: MANY }, default: null, defaultText: 'all', arg: '<points>', description: 'stop after this many points' },
  { key: 'skipPoints', group: 'input', is: { kind: 'count', min: 0, max: MANY }, default: '0', arg: '<points>', description: 'skip this many points at the start; to resume a load from standard input, skip the points that the earlier run loaded or rejected' },
  { key: 'minPoints', group: 'input', is: { kind: 'count', min: 0, max: MANY }, default: '1', arg: '<points>', description: 'end with exit code 7 if all inputs together hold fewer points' },
  { key: 'expectTime', group: 'input', is: { kind: 'timeRange', words: OFF }, default: '1980..2100', arg: '<range>', description: 'expected range of timestamps: FROM..TO, or off; bulk-load rejects a point outside this range; if most points of an input are outside, bulk-load stops reading the input' },
  { key: 'onInputError', group: 'input', is: { kind: 'choice', values: ['continue', 'stop'] }, default: 'continue', arg: '<what>', description: 'what to do if an input cannot be read to its end: "continue" continues with the next input; "stop" ends the load' },
  { key: 'inOrder', group: 'input', is: { kind: 'switch' }, default: 'false', description: 'begin an input only after every point of the previous input is acknowledged' },
  { key: 'hivePartitioning', group: 'input', is: { kind: 'choice', values: ['auto', 'off'] }, default: 'auto', arg: '<what>', description: 'what to do with folders such as host=a in the path of an input: "auto" makes each folder a column of the rows (a tag, unless another option names the column); "off" ignores the folders', identity: true },
  { key: 'context', as: 'contexts', group: 'input', is: { kind: 'words' }, default: null, defaultText: 'the only section', arg: '<db[/rp]>', description: 'section of an InfluxDB export to load: a database, or a database and a retention policy; repeatable', identity: true },
  // --context-map is not part of the identity: the load into each database has the identity of a load with --context
  // and --db.
  { key: 'contextMap', group: 'input', is: { kind: 'contextMap' }, default: null, defaultText: 'none', arg: '<db[/rp]=db>', description: 'load each section of an InfluxDB export into a separate database, one after another; replaces --context and --db; repeatable' },

  { key: 'measurement', group: 'mapping', is: { kind: 'text' }, default: null, defaultText: '{measurement}', arg: '<name>', description: 'table of the rows: a name, or {column} to take the name from a column', identity: true },
  { key: 'tags', group: 'mapping', is: { kind: 'tags' }, default: null, defaultText: 'none', arg: '<names>', description: 'columns that become tags: name, or name:as to rename a column; separated by commas', identity: true },
  { key: 'fields', group: 'mapping', is: { kind: 'fields' }, default: null, defaultText: 'all other columns', arg: '<names>', description: 'columns that become fields: name, name:type or name:type:as, separated by commas; types are float, integer, unsigned, boolean, string; without a type, the values of the column decide', identity: true },
  { key: 'addTag', as: 'addedTags', group: 'mapping', is: { kind: 'constants' }, default: null, defaultText: 'none', arg: '<key=value>', description: 'tag that every row gets; repeatable', identity: true },
  { key: 'timeColumn', group: 'mapping', is: { kind: 'text' }, default: null, defaultText: 'time, timestamp, _time or ts', arg: '<name>', description: 'column of the timestamp; for csv and tsv also two columns, such as date,time', identity: true },
  { key: 'timeFormat', group: 'mapping', is: { kind: 'timeFormat' }, default: 'auto', arg: '<format>', description: 'format of the timestamps: s, ms, us, ns, rfc3339, excel, or a pattern such as %d.%m.%Y %H:%M:%S; "auto" accepts numbers in the unit of --precision, and RFC 3339 text', identity: true },
  { key: 'timeRounding', group: 'mapping', is: { kind: 'choice', values: ['reject', 'truncate'] }, default: 'reject', arg: '<what>', description: 'what to do with a timestamp that has more digits than --precision holds: {values}', identity: true },
  { key: 'timezone', group: 'mapping', is: { kind: 'timezone' }, default: 'UTC', arg: '<zone>', description: 'time zone of times without an offset: an IANA name such as Europe/Berlin, or an offset such as +01:00', identity: true },
  { key: 'ambiguousTime', group: 'mapping', is: { kind: 'choice', values: ['reject', 'earlier', 'later'] }, default: 'reject', arg: '<what>', description: 'what to do with a local time that a clock change repeats or skips: "reject" rejects the row; "earlier" and "later" use the earlier or the later instant', identity: true },
  { key: 'null', as: 'nullWords', group: 'mapping', is: { kind: 'words' }, default: null, defaultText: 'none', arg: '<words>', description: 'words that mean "no value", separated by commas; in csv, only unquoted words; an empty cell never has a value', identity: true },
  { key: 'decimal', group: 'mapping', is: { kind: 'character' }, default: '.', arg: '<char>', description: 'decimal separator of numbers in csv and tsv', identity: true },
  { key: 'thousands', group: 'mapping', is: { kind: 'character', words: { none: null } }, default: null, defaultText: 'none', arg: '<char>', description: 'character between groups of three digits in csv and tsv; "none" means that numbers have no such character', identity: true },
  { key: 'delimiter', group: 'mapping', is: { kind: 'character', words: { tab: '\t', '\\t': '\t' } }, default: null, defaultText: 'comma; tab for tsv', arg: '<char>', description: 'character between cells, or the word tab', identity: true },
  { key: 'quote', group: 'mapping', is: { kind: 'character', words: { none: null } }, default: '"', arg: '<char>', description: 'quote character; a quoted cell may contain delimiters, line ends and doubled quotes; "none" turns quoting off', identity: true },
  { key: 'escape', group: 'mapping', is: { kind: 'character', words: { none: null, '\\': '\\' } }, default: null, defaultText: 'none', arg: '<char>', description: 'escape character in csv and tsv, such as a backslash; "none" turns escaping off; an unquoted cell that contains only the escape character and N, such as \\N, has no value', identity: true },
  { key: 'noHeader', group: 'mapping', is: { kind: 'switch' }, default: 'false', description: 'the first row is data; columns are named 1, 2, 3 and so on', identity: true },
  { key: 'skipLines', group: 'mapping', is: { kind: 'count', min: 0, max: 1_000_000 }, default: '0', arg: '<lines>', description: 'skip this many lines before the header', identity: true },
  { key: 'skipAfterHeader', group: 'mapping', is: { kind: 'count', min: 0, max: 1_000_000 }, default: '0', arg: '<lines>', description: 'skip this many lines after the header, such as a line with units', identity: true },
  { key: 'encoding', group: 'mapping', is: { kind: 'encoding' }, default: 'utf-8', arg: '<label>', description: 'encoding of text, such as windows-1252 or utf-16le: any label of the WHATWG standard; a byte order mark overrides this option', identity: true },
  { key: 'columns', as: 'columnNames', group: 'mapping', is: { kind: 'words' }, default: null, defaultText: 'from the header or the objects', arg: '<names>', description: 'names of the columns, separated by commas, for csv without a header and for json rows that are lists', identity: true },
  { key: 'jsonPath', group: 'mapping', is: { kind: 'text' }, default: null, defaultText: 'the top level', arg: '<path>', description: 'path of the list of rows in json, such as data.items', identity: true },

  { key: 'batchPoints', group: 'batch', is: { kind: 'count', min: 1, max: 1_000_000 }, default: '10000', arg: '<points>', description: 'maximum points in a batch' },
  { key: 'batchBytes', group: 'batch', is: { kind: 'size', min: 1024, max: 64 * MIB }, default: '1MiB', arg: '<size>', description: 'maximum bytes in a batch; a batch ends when it reaches this limit or --batch-points' },
  { key: 'batchLinger', as: 'batchLingerMs', group: 'batch', is: { kind: 'duration', min: 10, max: DAY }, default: '5s', arg: '<time>', description: 'send an incomplete batch if no input arrives for this time' },

  { key: 'workers', group: 'delivery', is: { kind: 'count', min: 1, max: 256 }, default: '8', arg: '<n>', description: 'maximum number of writers for all endpoints together; a writer sends one request at a time; a load starts with one writer' },
  { key: 'waitForTarget', as: 'waitForTargetMs', group: 'delivery', is: { kind: 'duration', min: 0, max: 365 * DAY }, default: '30s', arg: '<time>', description: 'how long to wait at the start until at least one endpoint responds' },
  { key: 'requestTimeout', as: 'requestTimeoutMs', group: 'delivery', is: { kind: 'duration', min: 100, max: DAY }, default: null, defaultText: '30s, plus 1s for each 100KiB', arg: '<time>', description: 'how long to wait for the response to one request' },
  { key: 'retryFor', as: 'retryForMs', group: 'delivery', is: { kind: 'duration', min: 0, max: 365 * DAY, words: { forever: Number.POSITIVE_INFINITY } }, default: '1h', arg: '<time>', description: 'how long to retry a batch after its first attempt, or forever' },
  { key: 'maxRejected', group: 'delivery', is: { kind: 'countOrPercent' }, default: '1000', arg: '<n|n%>', description: 'maximum number of rejected points, or percentage of all points read so far; if more points are rejected, the load stops; with a percentage, the load does not stop before 100,000 points are read' },
  { key: 'maxRejectBytes', group: 'delivery', is: { kind: 'size', min: 0, max: MANY, words: OFF }, default: '1GiB', arg: '<size>', description: 'maximum size of the dead letters on disk, or off; the load stops before it exceeds this size' },
  { key: 'acceptRejects', group: 'delivery', is: { kind: 'countOrPercent' }, default: '0', arg: '<n|n%>', description: 'end with exit code 0 if at most this many points, or this percentage of the points read, are rejected' },
  { key: 'ratePoints', group: 'delivery', is: { kind: 'count', min: 1, max: MANY, words: OFF }, default: 'off', arg: '<points>', description: 'maximum points per second, or off' },
  { key: 'rateBytes', group: 'delivery', is: { kind: 'size', min: 1, max: MANY, words: OFF }, default: 'off', arg: '<size>', description: 'maximum bytes of uncompressed points per second, or off' },
  { key: 'maxDuration', as: 'maxDurationMs', group: 'delivery', is: { kind: 'duration', min: 1000, max: 365 * DAY, words: OFF }, default: 'off', arg: '<time>', description: 'stop cleanly after this time, or off' },

  { key: 'memoryLimit', group: 'memory', is: { kind: 'sizeOrPercent', min: 16 * MIB }, default: null, defaultText: '90% of the cgroup limit, at most 512MiB', arg: '<size|n%>', description: 'limit of resident memory: a size, or a percentage of the cgroup limit, else of RAM' },
  { key: 'memoryWatchdog', group: 'memory', is: { kind: 'choice', values: ['on', 'observe', 'off'] }, default: 'on', arg: '<mode>', description: 'what to do near --memory-limit: "on" reduces the writers, then stops the load; "observe" only prints notices; "off" does nothing' },
  { key: 'targetMemory', group: 'memory', is: { kind: 'size', min: 64 * MIB, max: MANY, words: OFF }, default: null, defaultText: '512MiB for cnosdb', arg: '<size>', description: 'maximum resident memory of each target node, or off; an idle node already takes about 110 MiB; to keep this limit, bulk-load sends small request bodies and requests flushes' },
  { key: 'relieve', group: 'memory', is: { kind: 'switch' }, default: 'true', description: 'never ask the target to flush (COMPACT DATABASE)' },
  { key: 'stage', group: 'memory', is: { kind: 'size', min: MIB, max: MANY, words: OFF }, default: 'off', arg: '<size>', description: 'send this many bytes of points, wait until the target has flushed, and repeat; "off" sends without these waits' },

  { key: 'stateDir', group: 'state', is: { kind: 'path' }, default: null, supplied: true, defaultText: '$STATE_DIRECTORY, else $XDG_STATE_HOME/bulk-load, else ~/.local/state/bulk-load', arg: '<dir>', description: 'directory for checkpoints, rejected points and the list of finished inputs' },
  { key: 'checkpoint', group: 'state', is: { kind: 'switch' }, default: 'true', description: 'do not write a checkpoint; then a stopped load starts over' },
  { key: 'fresh', group: 'state', is: { kind: 'switch' }, default: 'false', description: 'start over; bulk-load keeps the checkpoint of the unfinished load in a file with "abandoned" in its name' },
  { key: 'sameTarget', group: 'state', is: { kind: 'switch' }, default: 'false', description: 'resume at endpoints that the earlier run did not use; only safe if these endpoints belong to the same cluster' },
  { key: 'onChanged', group: 'state', is: { kind: 'choice', values: ['restart', 'refuse'] }, default: 'restart', arg: '<what>', description: 'what to do if an input has changed since the load stopped, other than by appended lines, which the load always reads: "restart" loads the input from its start; "refuse" does not load the input (exit code 7)' },
  { key: 'skipLoaded', group: 'state', is: { kind: 'switch' }, default: 'false', description: 'leave out inputs that an earlier load into this database finished' },
  { key: 'turnDir', group: 'state', is: { kind: 'path' }, default: null, defaultText: 'bulk-load-locks in /dev/shm, else in the temporary directory', arg: '<dir>', description: 'directory for locks; with these locks, loads introduce tables and columns one after another; containers that load into one database must share the directory' },
  { key: 'turn', group: 'state', is: { kind: 'switch' }, default: 'true', description: 'introduce tables and columns without waiting for other loads' },
  { key: 'verify', group: 'state', is: { kind: 'switch' }, default: 'false', description: 'read a sample of 1,000 loaded points back and compare every value; if a value differs, the exit code is 9' },

  { key: 'plan', as: 'planFile', group: 'machines', is: { kind: 'path' }, default: null, arg: '<file>', description: 'file with the plan of a load over many machines; the command bulk-load plan writes this file, and every shard reads it' },
  { key: 'shard', group: 'machines', is: { kind: 'text' }, default: null, arg: '<i/n>', description: 'part of the plan that this machine loads: i/n such as 3/16; "auto" takes i and n from Slurm, AWS Batch, Google Batch or Cloud Run; "auto/16" takes i from a Kubernetes Indexed Job' },
  { key: 'pieceBytes', group: 'machines', is: { kind: 'size', min: 1, max: MANY }, default: '256MiB', arg: '<size>', description: 'size of the pieces into which bulk-load cuts large inputs of a load over many machines' },
  { key: 'split', group: 'machines', is: { kind: 'choice', values: ['auto', 'lines', 'off'] }, default: 'auto', arg: '<how>', description: 'how bulk-load cuts inputs into pieces: "auto" parses text, and cuts Parquet by row groups; "lines" cuts text at line ends without parsing, so values must not contain line ends; "off" does not cut inputs' },
  { key: 'pieces', group: 'machines', is: { kind: 'count', min: 1, max: 10_000 }, default: null, defaultText: 'one for each worker', arg: '<n>', description: 'maximum number of pieces of this load that are in progress at the same time, over all workers of --queue' },
  { key: 'allowInput', group: 'machines', is: { kind: 'patterns' }, default: null, defaultText: 'for a coordinator: its working directory and every URL', arg: '<pattern>', description: "inputs that a load of --queue may read, such as /data/** or s3://bucket/**; repeatable; required for a worker; in the queue, a file has a path relative to the folder in front of the first wildcard, so machines may use different folders; with /data/**, the queue names /data/a/b.lp as a/b.lp" },
  { key: 'exitWhenIdle', group: 'machines', is: { kind: 'switch' }, default: 'false', description: 'end the worker when it has loaded at least one piece and the queue has no more loads' },
  { key: 'queue', group: 'machines', is: { kind: 'queue' }, default: null, arg: '<url>', description: 'URL of a Redis or Valkey server, from which workers take the pieces of a load: redis://user@host:6379/0, or rediss:// for TLS; for a cluster, several URLs separated by commas', secret: true },
  { key: 'queuePasswordFile', group: 'machines', is: { kind: 'path' }, default: null, arg: '<file>', description: 'file with the password of --queue; bulk-load ignores one newline at the end of the file' },
  { key: 'queueCa', group: 'machines', is: { kind: 'path' }, default: null, defaultText: "Node's own", arg: '<file>', description: 'PEM file of the CA certificates to trust for rediss' },
  { key: 'queueCert', group: 'machines', is: { kind: 'path' }, default: null, arg: '<file>', description: 'PEM file of the client certificate for --queue; needs --queue-key' },
  { key: 'queueKey', group: 'machines', is: { kind: 'path' }, default: null, arg: '<file>', description: 'PEM file of the private key for --queue-cert, without a passphrase' },

  { key: 'progress', group: 'output', is: { kind: 'choice', values: ['auto', 'bar', 'plain', 'json', 'none'] }, default: 'auto', arg: '<form>', description: 'form of the progress: {values}; "auto" means bar on a terminal, else plain' },
  { key: 'summary', group: 'output', is: { kind: 'path' }, default: null, arg: '<file|->', description: 'write the summary as JSON to a file; - means standard output' },
  { key: 'report', group: 'output', is: { kind: 'path' }, default: null, arg: '<file>', description: 'write an HTML report of the run to a file; the page needs no network' },
  { key: 'metricsListen', group: 'output', is: { kind: 'address' }, default: null, arg: '<host:port>', description: 'serve Prometheus metrics of the run at /metrics' },
  { key: 'metricsFile', group: 'output', is: { kind: 'path' }, default: null, arg: '<file>', description: "write the metrics to a file at the end, for node_exporter's textfile collector" },
  { key: 'logLevel', group: 'output', is: { kind: 'choice', values: ['error', 'warn', 'info', 'debug'] }, default: 'info', arg: '<level>', description: 'print only messages of this level and of more severe levels: {values}' },
  { key: 'quiet', group: 'output', is: { kind: 'switch' }, default: 'false', description: 'print nothing if the exit code is 0; otherwise print only the summary' },
  { key: 'config', group: 'output', is: { kind: 'path' }, default: null, arg: '<file>', description: 'YAML or JSON file of options; environment and flags override this file' },
] as const satisfies readonly Option[];

export type OptionRow = (typeof table)[number];

/** Facts about a kind of target on which the options depend. */
export interface TargetOptions {
  readonly kind: string;
  readonly defaultPort: number;
  readonly traits: { readonly plansMemory: boolean };
  /** Defaults that depend on the target, as a user would type them. */
  readonly defaults: { readonly user: string; readonly tenant: string; readonly targetMemory: string };
  readonly takesZstd: boolean;
  /** True if every write must name a database. */
  readonly needsDatabase: boolean;
  readonly nameLimits: NameLimits;
  /** Options that this target does not use, each with advice for the user. */
  readonly unsupportedOptions: Readonly<Record<string, string>>;
  /** Finds contradictions among parsed options. `options` does not contain invalid options. */
  validate(options: Readonly<Record<string, unknown>>): readonly SettingProblem[];
}

/** A problem with one option: three of the four phrases of the error message. */
export interface SettingProblem {
  readonly key: string;
  readonly expected: string;
  readonly found: string;
  readonly fix: string;
}

/** The table of options and the registered targets. The table contains the names of targets and formats. */
export interface Options {
  readonly rows: readonly Option[];
  readonly targets: readonly TargetOptions[];
}

/** Completes the table of options with the values of `--target` and `--format`. */
export function createOptions(registries: {
  readonly targets: readonly TargetOptions[];
  readonly formats: readonly { readonly name: string }[];
}): Options {
  const values: Record<string, readonly string[]> = {
    target: registries.targets.map(({ kind }) => kind),
    format: ['auto', ...registries.formats.map(({ name }) => name)],
  };
  const rows = table.map((row: Option): Option => {
    if (row.is.kind !== 'choice') return row;
    const is = { ...row.is, values: values[row.key] ?? row.is.values };
    return { ...row, is, description: row.description.replace('{values}', alternatives(is.values)) };
  });
  return { rows, targets: registries.targets };
}

/** Returns the flag of an option: `--batch-points` for `batchPoints`. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Returns the environment variable of an option: `BULK_LOAD_BATCH_POINTS` for `batchPoints`. */
export function environmentName(key: string): string {
  return `BULK_LOAD_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
