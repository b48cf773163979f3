// The options of a database, which SQL sets and DESCRIBE shows. Only PRECISION, TTL, VNODE_DURATION, STRICT_WRITE and
// MAX_MEMCACHE_SIZE have an effect here.

import { MIB } from '../../core/units.js';

/** Durations are in ns, sizes in bytes. A null `ttl` means INF. */
export interface DatabaseOptions {
  ttl: number | null;
  shard: number;
  vnodeDuration: number;
  replica: number;
  precision: 'NS' | 'US' | 'MS';
  maxMemcacheSize: number;
  memcachePartitions: number;
  walMaxFileSize: number;
  walSync: boolean;
  strictWrite: boolean;
  maxCacheReaders: number;
}

const SECOND = 1e9;
const DAY = 86_400 * SECOND;
// As in CnosDB, a year has 365.25 days and a month 30.44 days.
const units = [
  ['year', 365.25 * DAY, 'y'],
  ['month', 30.44 * DAY, 'M'],
  ['day', DAY, 'd'],
  ['h', 3600 * SECOND, 'h'],
  ['m', 60 * SECOND, 'm'],
  ['s', SECOND, 's'],
  ['ms', 1e6, 'ms'],
] as const;

export function defaultOptions(): DatabaseOptions {
  return {
    ttl: null,
    shard: 1,
    vnodeDuration: 365.25 * DAY,
    replica: 1,
    precision: 'NS',
    maxMemcacheSize: 128 * MIB,
    memcachePartitions: 2,
    walMaxFileSize: 128 * MIB,
    walSync: false,
    strictWrite: false,
    maxCacheReaders: 32,
  };
}

/** Parses `10d` or `2y1M`. Returns null for `inf`, undefined for an invalid duration. */
function readDuration(text: string): number | null | undefined {
  if (/^inf$/i.test(text)) return null;
  if (!/^(?:\d+(?:ms|[yMdhms]))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)(ms|[yMdhms])/g)];
  return parts.reduce((sum, part) => sum + Number(part[1]) * (units.find((unit) => unit[2] === part[2])?.[1] ?? 0), 0);
}

/** Formats a duration as CnosDB does: `1year`, `30days`, `1h 30m`. */
function showDuration(duration: number | null): string {
  if (duration === null) return 'INF';
  let rest = duration;
  const parts: string[] = [];
  for (const [name, length] of units) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count}${name}${count > 1 && name.length > 2 ? 's' : ''}`);
  }
  return parts.join(' ') || '0s';
}

/** Parses `16MiB`, `128M` or `1GB`, all in powers of 1024. Returns undefined for an invalid size. */
function readSize(text: string): number | undefined {
  const match = /^(\d+)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  return Number(match[1]) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(match[2].toLowerCase());
}

function showSize(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let power = 0;
  let value = bytes;
  while (power < 4 && value >= 1024 && value % 1024 === 0) {
    value /= 1024;
    power++;
  }
  return `${value} ${names[power]}`;
}

/** Sets one option. Returns false for an unknown keyword or value. */
export function setOption(options: DatabaseOptions, keyword: string, text: string): boolean {
  const setter = setters[keyword.toUpperCase()];
  return setter?.(options, text) ?? false;
}

/** Builds the setter of an option. `read` parses the option's value. */
function setter<K extends keyof DatabaseOptions>(key: K, read: (text: string) => DatabaseOptions[K] | undefined) {
  return (options: DatabaseOptions, text: string): boolean => {
    const value = read(text);
    if (value !== undefined) options[key] = value;
    return value !== undefined;
  };
}

const readCount = (text: string): number | undefined => (/^[1-9]\d*$/.test(text) ? Number(text) : undefined);
const readSwitch = (text: string): boolean | undefined =>
  /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;
const readPrecision = (text: string): DatabaseOptions['precision'] | undefined =>
  /^(?:ns|us|ms)$/i.test(text) ? (text.toUpperCase() as DatabaseOptions['precision']) : undefined;

const setters: Record<string, (options: DatabaseOptions, text: string) => boolean> = {
  TTL: setter('ttl', readDuration),
  SHARD: setter('shard', readCount),
  VNODE_DURATION: setter('vnodeDuration', (text) => readDuration(text) ?? undefined),
  REPLICA: setter('replica', readCount),
  PRECISION: setter('precision', readPrecision),
  MAX_MEMCACHE_SIZE: setter('maxMemcacheSize', readSize),
  MEMCACHE_PARTITIONS: setter('memcachePartitions', readCount),
  WAL_MAX_FILE_SIZE: setter('walMaxFileSize', readSize),
  WAL_SYNC: setter('walSync', readSwitch),
  STRICT_WRITE: setter('strictWrite', readSwitch),
  MAX_CACHE_READERS: setter('maxCacheReaders', readCount),
};

export type ShownOption = Record<string, string | number | boolean>;

/** Lists the options as DESCRIBE DATABASE does, in column order. */
export function describeOptions(options: DatabaseOptions): ShownOption {
  return {
    ttl: showDuration(options.ttl),
    shard: options.shard,
    vnode_duration: showDuration(options.vnodeDuration),
    replica: options.replica,
    precision: options.precision,
    max_memcache_size: showSize(options.maxMemcacheSize),
    memcache_partitions: options.memcachePartitions,
    wal_max_file_size: showSize(options.walMaxFileSize),
    wal_sync: options.walSync,
    strict_write: options.strictWrite,
    max_cache_readers: options.maxCacheReaders,
  };
}
