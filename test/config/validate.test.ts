import * as zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { options } from '../../src/config/options.js';
import { validate } from '../../src/config/validate.js';

const defaults = Object.fromEntries(options.map((option) => [option.key, option.default]));

function settings(given: Record<string, unknown>) {
  const result = validate({ ...defaults, stateDir: '/state', db: 'd', ...given }, new Set(Object.keys(given)));
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.settings;
}

function problems(given: Record<string, unknown>) {
  const result = validate({ ...defaults, stateDir: '/state', db: 'd', ...given }, new Set(Object.keys(given)));
  return 'problems' in result ? result.problems.map(({ key, message }) => `${key}: ${message}`) : [];
}

test('the defaults are what the product contract says', () => {
  expect(settings({})).toEqual({
    target: 'cnosdb',
    token: null,
    names: { seriesKeyBytes: 511, slashes: false },
    urls: [{ shown: 'http://localhost:8902', origin: 'http://localhost:8902' }],
    db: 'd',
    tenant: 'cnosdb',
    user: 'root',
    password: '',
    passwordFile: null,
    createDb: false,
    dryRun: null,
    dbOptions: null,
    compression: 'auto',
    ca: null,
    cert: null,
    key: null,
    insecure: false,
    tls: { ca: null, cert: null, key: null },
    headers: [],
    format: 'auto',
    precision: 'ns',
    missingTimestamp: 'reject',
    maxPointBytes: 1_048_576,
    limit: null,
    metricsFile: null,
    metricsListen: null,
    minPoints: 1,
    expectTime: { fromMs: Date.UTC(1980, 0), toMs: Date.UTC(2100, 0) },
    onInputError: 'continue',
    inOrder: false,
    measurement: null,
    tags: null,
    fields: null,
    timeColumn: null,
    timeFormat: 'auto',
    timezone: 'UTC',
    ambiguousTime: 'reject',
    nullWords: null,
    delimiter: null,
    quote: '"',
    noHeader: false,
    skipLines: 0,
    encoding: 'utf-8',
    batchPoints: 10_000,
    batchBytes: 1_048_576,
    batchLingerMs: 5000,
    workers: 8,
    waitForTargetMs: 30_000,
    requestTimeoutMs: null,
    retryForMs: 3_600_000,
    maxRejected: { count: 1000 },
    acceptRejects: { count: 0 },
    ratePoints: null,
    rateBytes: null,
    maxDurationMs: null,
    jsonPath: null,
    memoryLimit: null,
    memoryWatchdog: 'on',
    targetMemory: 536_870_912,
    relieve: true,
    stage: null,
    stateDir: '/state',
    verify: false,
    checkpoint: true,
    fresh: false,
    onChanged: 'restart',
    skipLoaded: false,
    skipPoints: 0,
    progress: 'auto',
    summary: null,
    report: null,
    logLevel: 'info',
    quiet: false,
    config: null,
  });
});

describe('a value is read by its kind', () => {
  test.each([
    ['batchPoints', 500, 'batchPoints', 500],
    ['batchBytes', '256KiB', 'batchBytes', 262_144],
    ['retryFor', 'forever', 'retryForMs', Number.POSITIVE_INFINITY],
    ['maxDuration', '90s', 'maxDurationMs', 90_000],
    ['requestTimeout', '20s', 'requestTimeoutMs', 20_000],
    ['maxRejected', '0.5%', 'maxRejected', { percent: 0.5 }],
    ['maxRejected', 7, 'maxRejected', { count: 7 }],
    ['memoryLimit', '50%', 'memoryLimit', { percent: 50 }],
    ['memoryLimit', '1GiB', 'memoryLimit', { bytes: 1_073_741_824 }],
    ['quiet', 'yes', 'quiet', true],
    ['quiet', 'false', 'quiet', false],
    ['dryRun', 'yes', 'dryRun', '-'],
    ['dryRun', false, 'dryRun', null],
    ['dryRun', './true', 'dryRun', './true'],
    ['expectTime', 'off', 'expectTime', null],
    [
      'expectTime',
      '2024-02-01..2024-02-01T12:00Z',
      'expectTime',
      { fromMs: 1_706_745_600_000, toMs: 1_706_788_800_000 },
    ],
    [
      'header',
      ['X-A: 1', 'X-B:two: 2'],
      'headers',
      [
        { name: 'X-A', value: '1' },
        { name: 'X-B', value: 'two: 2' },
      ],
    ],
    [
      'header',
      'X-A: 1\nX-B: 2',
      'headers',
      [
        { name: 'X-A', value: '1' },
        { name: 'X-B', value: '2' },
      ],
    ],
  ])('%s %j', (key, given, name, value) => {
    expect(settings({ [key]: given })).toMatchObject({ [name]: value });
  });
});

test('endpoints come as a list, with commas, or both, and each counts once', () => {
  const { urls } = settings({ url: ['http://a:1,https://b', 'http://c:80', 'http://a:1/'] });
  expect(urls.map(({ origin }) => origin)).toEqual(['http://a:1', 'https://b', 'http://c']);
});

test('user and password of a URL sign in and leave the URL', () => {
  const { urls, user, password } = settings({ url: 'http://u:p%40w@h:8902' });
  expect({ urls, user, password }).toEqual({
    urls: [{ shown: 'http://h:8902', origin: 'http://h:8902' }],
    user: 'u',
    password: 'p@w',
  });
});

describe('a value that does not fit is refused in words', () => {
  test.each([
    ['memoryLimit', '5x', 'expected a size such as 512MiB, or a percentage such as 50%, got "5x"'],
    ['memoryLimit', '1MiB', 'expected a size such as 512MiB from 16 MiB on, or a percentage such as 50%, got "1MiB"'],
    ['workers', '0', 'expected a whole number from 1 to 256, got "0"'],
    ['workers', '1.5', 'expected a whole number, got "1.5"'],
    ['limit', '0', 'expected a whole number from 1 on, got "0"'],
    ['batchLinger', '5', 'expected a duration such as 30s, got "5"'],
    ['retryFor', 'ever', 'expected a duration such as 30s, or forever, got "ever"'],
    ['precision', 'sec', 'expected one of ns, us, ms, s, got "sec"'],
    ['compression', 'gzp', 'expected one of auto, none, gzip, zstd, got "gzp"; did you mean gzip?'],
    ['quiet', 'maybe', 'expected true or false, got "maybe"'],
    ['maxRejected', '101%', 'expected a number of points such as 1000, or a percentage such as 0.1%, got "101%"'],
    ['expectTime', '2100..1980', 'expected FROM..TO with FROM before TO, got "2100..1980"'],
    ['expectTime', '1980', 'expected FROM..TO, each a year or a date such as 2024-01-31, or off, got "1980"'],
    ['tenant', 42, 'expected text; in a config file, put it in quotes, got 42'],
    ['tenant', '', 'expected a value, got ""'],
    ['url', 'h:8902', 'expected a URL such as http://localhost:8902, got "h:8902"'],
    ['url', 'ftp://h', 'expected a URL such as http://localhost:8902, got "ftp://h"'],
    ['url', 'http://h/api/v1/write', 'expected a URL without path or query: http://h, got "http://h/api/v1/write"'],
    ['url', [], 'expected at least one, got []'],
    ['header', 'no colon', "expected a header such as 'X-Team: data'"],
    ['header', 'X: a\rb', "expected a header such as 'X-Team: data'"],
    ['header', 'Content-Length: 3', 'expected a header other than Content-Length, which is set by the program'],
  ])('%s %j', (key, given, message) => {
    expect(problems({ [key]: given })).toEqual([`${key}: ${message}`]);
  });
});

describe('options that contradict each other are refused', () => {
  test.each([
    [{ db: null }, 'db: expected the database to load into, got nothing; name it with --db'],
    [
      { password: 'p', passwordFile: 'f' },
      'passwordFile: expected a password or a password file, got both; leave one out',
    ],
    [{ url: 'http://u@h', user: 'v' }, 'url: expected credentials in one place, got them in a URL and by --user'],
    [
      { url: 'http://u@h,http://v@h' },
      'url: expected the same user and password for all endpoints, got different ones',
    ],
    [{ user: 'a:b' }, 'user: expected a user without a colon: HTTP basic authentication cannot carry one'],
    [
      { dbOptions: 'SHARD 3' },
      'dbOptions: expected together with --create-db: they apply only to a database that is created',
    ],
    [{ limit: 5, minPoints: 6 }, 'limit: expected at least --min-points, which is 6, got 5'],
  ])('%j', (given, message) => {
    expect(problems(given)).toEqual([message]);
  });
});

describe('each target has its own', () => {
  test.each([
    [
      'cnosdb',
      { urls: [{ origin: 'http://localhost:8902' }], user: 'root', tenant: 'cnosdb', targetMemory: 536_870_912 },
    ],
    ['influxdb1', { urls: [{ origin: 'http://localhost:8086' }], user: '', tenant: '', targetMemory: null }],
    ['influxdb3', { urls: [{ origin: 'http://localhost:8181' }], user: '', tenant: '', targetMemory: null }],
    ['victoriametrics', { urls: [{ origin: 'http://localhost:8428' }], user: '', tenant: '', targetMemory: null }],
  ])('%s: defaults', (target, own) => {
    expect(settings({ target })).toMatchObject({ ...own, relieve: target === 'cnosdb' });
  });

  test('influxdb2 needs an organization, and has what it is named', () => {
    expect(problems({ target: 'influxdb2' })).toEqual([
      'tenant: expected the organization of the bucket, got nothing; name it with --tenant',
    ]);
    expect(settings({ target: 'influxdb2', tenant: 'o' })).toMatchObject({
      urls: [{ origin: 'http://localhost:8086' }],
      tenant: 'o',
      token: null,
    });
  });

  const refused: Record<string, readonly string[]> = {
    cnosdb: ['token'],
    influxdb1: ['tenant', 'targetMemory', 'relieve', 'stage'],
    influxdb2: ['user', 'password', 'passwordFile', 'dbOptions', 'verify', 'targetMemory', 'relieve', 'stage'],
    influxdb3: [
      'user',
      'password',
      'passwordFile',
      'tenant',
      'dbOptions',
      'verify',
      'targetMemory',
      'relieve',
      'stage',
    ],
    victoriametrics: ['tenant', 'createDb', 'dbOptions', 'targetMemory', 'relieve', 'stage'],
  };
  const values: Record<string, unknown> = {
    relieve: false,
    createDb: true,
    verify: true,
    targetMemory: '512MiB',
    stage: '100MiB',
    passwordFile: '/p',
  };
  const asked = [...new Set(Object.values(refused).flat())];

  test.each(
    Object.keys(refused).flatMap((target) =>
      asked.map((key) => [target, key, refused[target]!.includes(key)] as const),
    ),
  )('%s and %s: refused %s', (target, key, isRefused) => {
    const given = {
      target,
      [key]: values[key] ?? 'x',
      ...(target === 'influxdb2' && key !== 'tenant' ? { tenant: 'o' } : {}),
    };
    const found = problems({ ...given, ...(key === 'dbOptions' ? { createDb: true } : {}) });
    const words = `${key}: expected another --target with it, got ${target}: `;
    expect(found.some((problem) => problem.startsWith(words))).toBe(isRefused);
    if (!isRefused) expect(found).toEqual([]);
  });

  test.each(['influxdb1', 'influxdb3', 'victoriametrics'])('%s takes no zstd, and says what it takes', (target) => {
    const found = problems({ target, compression: 'zstd' });
    expect(found).toContain(`compression: expected auto, none or gzip for ${target}, got zstd`);
  });

  test('one way to sign in, and no user in a URL where there are tokens alone', () => {
    expect(problems({ target: 'influxdb1', token: 't', user: 'u' })).toEqual([
      'token: expected one way to sign in, got a token and --user',
    ]);
    expect(problems({ target: 'influxdb3', url: 'http://u:p@h' })).toEqual([
      'url: expected no user in it for influxdb3: sign in with --token',
    ]);
    expect(settings({ target: 'influxdb1', token: 't' }).token).toBe('t');
  });

  test.each(['ns', 'us'])('victoriametrics keeps no stamps in %s', (precision) => {
    const given = { missingTimestamp: 'now', precision };
    expect(problems({ target: 'victoriametrics', ...given })).toEqual([
      `missingTimestamp: now needs --precision ms or s with victoriametrics, which stores milliseconds; got ${precision}`,
    ]);
    expect(problems({ target: 'influxdb1', ...given })).toEqual([]);
  });

  test('measurements may have a slash, and series keys be long, but for CnosDB', () => {
    for (const target of ['influxdb1', 'influxdb3', 'victoriametrics'])
      expect(settings({ target }).names).toEqual({ seriesKeyBytes: 65_535, slashes: true });
  });
});

test('a dry run needs no database, keeps the order by one writer, and spares no target', () => {
  expect(problems({ db: null, dryRun: true })).toEqual([]);
  expect(settings({ db: null, dryRun: 'out.lp', workers: 4, createDb: true })).toMatchObject({
    db: '',
    dryRun: 'out.lp',
    workers: 1,
    createDb: false,
    targetMemory: null,
    checkpoint: false,
  });
});

test('zstd is refused exactly where this Node cannot compress it', () => {
  const able = 'zstdCompress' in zlib;
  expect(problems({ compression: 'zstd' })).toEqual(
    able ? [] : [expect.stringContaining('zstd needs Node 22.15 or newer')],
  );
});

test('all problems come at once, contradictions included', () => {
  const found = problems({ workers: 'x', batchBytes: '5x', password: 'p', passwordFile: 'f', batchBites: 1, db: null });
  expect(found.map((problem) => problem.split(':')[0]).sort()).toEqual([
    'batchBites',
    'batchBytes',
    'db',
    'passwordFile',
    'workers',
  ]);
});

test.each([
  ['batch-bytes', 'batchBytes'],
  ['retryfor', 'retryFor'],
  ['pasword', 'password'],
])('the unknown key %s is answered with %s', (key, meant) => {
  expect(problems({ [key]: '1' })).toEqual([`${key}: no such option; did you mean ${meant}?`]);
});

test('an unknown key that resembles nothing is answered without a guess', () => {
  expect(problems({ frobnicate: '1' })).toEqual(['frobnicate: no such option']);
});

test('no message shows a secret', () => {
  const found = problems({
    url: ['http://u:hunter/2@h/x', 'http://u:hunter2@h,nonsense'],
    password: 12_345,
    header: 'token hunter2',
  }).join('\n');
  expect(found).not.toMatch(/hunter|12345/);
  expect(found.split('\n')).toHaveLength(3);
});

test('what stands behind the question mark of a URL may be a token, and is not shown', () => {
  const [problem] = problems({ url: 'http://h:1/?token=SECRET' });
  expect(problem).toContain('expected a URL without path or query');
  expect(problem).not.toContain('SECRET');
});
