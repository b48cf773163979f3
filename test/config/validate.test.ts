import * as zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { strictestNameLimits } from '../../src/core/types/index.js';
import { problems, settings } from './support.js';

test('the defaults are those of the product contract', () => {
  expect(settings({})).toEqual({
    target: 'cnosdb',
    token: null,
    rp: null,
    proxy: null,
    tokenFile: null,
    names: strictestNameLimits,
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
    pieces: null,
    allowInput: null,
    exitWhenIdle: false,
    queue: null,
    queuePasswordFile: null,
    queueCa: null,
    queueCert: null,
    queueKey: null,
    queueTls: { ca: null, cert: null, key: null },
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
    contexts: null,
    contextMap: null,
    hivePartitioning: 'auto',
    addedTags: null,
    decimal: '.',
    timeRounding: 'reject',
    skipAfterHeader: 0,
    thousands: null,
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
    escape: null,
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
    maxRejectBytes: 1_073_741_824,
    acceptRejects: { count: 0 },
    ratePoints: null,
    rateBytes: null,
    maxDurationMs: null,
    columnNames: null,
    jsonPath: null,
    memoryLimit: null,
    memoryWatchdog: 'on',
    targetMemory: 536_870_912,
    sameTarget: false,
    turn: true,
    turnDir: null,
    planFile: null,
    shard: null,
    pieceBytes: 268_435_456,
    split: 'auto',
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

describe('each kind of option reads its values', () => {
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

test('endpoints come as a list, with commas, or both, and a repeated endpoint counts once', () => {
  const { urls } = settings({ url: ['http://a:1,https://b', 'http://c:80', 'http://a:1/'] });
  expect(urls.map(({ origin }) => origin)).toEqual(['http://a:1', 'https://b', 'http://c']);
});

test('user and password of a URL become settings and leave the URL', () => {
  const { urls, user, password } = settings({ url: 'http://u:p%40w@h:8902' });
  expect({ urls, user, password }).toEqual({
    urls: [{ shown: 'http://h:8902', origin: 'http://h:8902' }],
    user: 'u',
    password: 'p@w',
  });
});

test('a URL may have a path, and without a scheme it gets http', () => {
  const { urls, user } = settings({ url: 'h:8902,u:p@vm/insert/0/influx/,localhost,https://h/x' });
  expect(urls.map(({ origin }) => origin)).toEqual([
    'http://h:8902',
    'http://vm/insert/0/influx',
    'http://localhost',
    'https://h/x',
  ]);
  expect(urls.map(({ shown }) => shown)).toEqual(urls.map(({ origin }) => origin));
  expect(user).toBe('u');
});

test('victoriametrics needs no database, and --rp is for influxdb1 alone', () => {
  expect(settings({ target: 'victoriametrics', db: null }).db).toBe('');
  expect(problems({ target: 'influxdb1', db: null })[0]).toContain('expected the database to load into');
  expect(settings({ target: 'influxdb1', rp: 'weekly' }).rp).toBe('weekly');
  expect(problems({ target: 'cnosdb', rp: 'weekly' })).toEqual([
    'rp: expected a target that has this option, found --target cnosdb. Only InfluxDB 1 has retention policies.',
  ]);
});

test('--proxy is the URL of an HTTP proxy or none, and no message shows it', () => {
  expect(settings({ proxy: 'none' }).proxy).toBe('none');
  expect(settings({ proxy: 'http://p:3128' }).proxy).toEqual({ origin: 'http://p:3128', authorization: null });
  const [problem] = problems({ proxy: 'socks5://u:hush@p' });
  expect(problem).toContain('proxy: expected the URL of an HTTP proxy');
  expect(problem).not.toContain('hush');
});

describe('a wrong value is answered with what is expected, including the range', () => {
  const sizes = ', in B, KB, MB, GB, KiB, MiB or GiB';
  const times = ', in ms, s, m, h or d';
  test.each([
    ['memoryLimit', '5x', 'a size of at least 16MiB, such as 512MiB, or a percentage such as 50%, found "5x".'],
    ['memoryLimit', '1MiB', 'a size of at least 16MiB, such as 512MiB, or a percentage such as 50%, found "1MiB".'],
    ['workers', '0', 'a whole number from 1 to 256, found "0".'],
    ['workers', '-3', 'a whole number from 1 to 256, found "-3".'],
    ['workers', '1.5', 'a whole number from 1 to 256, found "1.5".'],
    ['limit', '0', 'a whole number of at least 1, found "0".'],
    ['batchBytes', '512', `a size from 1KiB to 64MiB${sizes}, found "512".`],
    ['targetMemory', '50MiB', `a size of at least 64MiB${sizes}, or off, found "50MiB".`],
    ['batchLinger', '5', `a duration from 10ms to 1d${times}, found "5".`],
    ['retryFor', 'ever', `a duration from 0ms to 365d${times}, or forever, found "ever".`],
    [
      'timeFormat',
      'unix',
      'one of auto, rfc3339, s, ms, us, ns, or a pattern such as %d.%m.%Y %H:%M:%S, found "unix".',
    ],
    ['precision', 'sec', 'one of ns, us, ms, s, found "sec".'],
    ['compression', 'gzp', 'one of auto, none, gzip, zstd, found "gzp". Did you mean gzip?'],
    ['quiet', 'maybe', 'true or false, found "maybe".'],
    ['maxRejected', '101%', 'a number of points such as 1000, or a percentage such as 0.1%, found "101%".'],
    [
      'expectTime',
      '2100..1980',
      'FROM..TO, where FROM and TO are years, or dates such as 2024-01-31, and FROM is before TO, or off, found "2100..1980".',
    ],
    ['tenant', 42, 'text; in a config file a number needs quotes, found 42.'],
    ['tenant', '', 'text; in a config file a number needs quotes, found "".'],
    ['url', 'https:h:8902', 'a URL such as http://localhost:8902, found "https:h:8902".'],
    ['url', '/h', 'a URL such as http://localhost:8902, found "/h".'],
    ['url', 'ftp://h', 'a URL such as http://localhost:8902, found "ftp://h".'],
    ['url', ['ftp://h'], 'a URL such as http://localhost:8902, found "ftp://h".'],
    [
      'url',
      'http://h/x/api/v1/write',
      'a URL without /api/v1/write, which bulk-load adds itself: http://h/x, found "http://h/x/api/v1/write".',
    ],
    ['url', [], 'at least one URL such as http://localhost:8902, found [].'],
    [
      'header',
      'no colon',
      "a header such as 'X-Team: data', found a value in another form (hidden, because it may contain credentials).",
    ],
    [
      'header',
      'X: a\rb',
      "a header such as 'X-Team: data', found a value in another form (hidden, because it may contain credentials).",
    ],
  ])('%s %j', (key, given, message) => {
    expect(problems({ [key]: given })).toEqual([`${key}: expected ${message}`]);
  });
});

describe('a header that the HTTP client sets itself is refused', () => {
  test.each(['Content-Length: 3', 'Upgrade: h2c', 'expect: 100-continue', 'Keep-Alive: 5', 'TE: trailers'])(
    '%s',
    (header) => {
      const [name] = header.split(':');
      expect(problems({ header })).toEqual([
        expect.stringContaining(`header: expected a header other than ${name}, which bulk-load sets itself`),
      ]);
    },
  );
});

describe('options that contradict each other are refused', () => {
  test.each([
    [{ db: null }, 'db: expected the database to load into, found nothing. Name it with --db.'],
    [
      { password: 'p', passwordFile: 'f' },
      'passwordFile: expected either --password or --password-file, found both. Leave one out.',
    ],
    [
      { target: 'influxdb1', token: 'p', tokenFile: 'f' },
      'tokenFile: expected either --token or --token-file, found both. Leave one out.',
    ],
    [
      { url: 'http://u@h', user: 'v' },
      'url: expected credentials in one place, found credentials in a URL and in --user. Leave one out.',
    ],
    [
      { url: 'http://u@h,http://v@h' },
      'url: expected the same user and password for all endpoints, found different ones.',
    ],
    [
      { user: 'a:b' },
      'user: expected a user name without a colon, because HTTP basic authentication does not allow a colon, found a colon.',
    ],
    [
      { dbOptions: 'SHARD 3' },
      'dbOptions: expected --create-db, because these options apply only to a new database, found no --create-db. Add --create-db.',
    ],
    [{ limit: 5, minPoints: 6 }, 'limit: expected at least --min-points, which is 6, found 5.'],
  ])('%j', (given, message) => {
    expect(problems(given)).toEqual([message]);
  });
});

describe('options differ by target', () => {
  test.each([
    [
      'cnosdb',
      { urls: [{ origin: 'http://localhost:8902' }], user: 'root', tenant: 'cnosdb', targetMemory: 536_870_912 },
    ],
    ['influxdb1', { urls: [{ origin: 'http://localhost:8086' }], user: '', tenant: '', targetMemory: null }],
    ['influxdb3', { urls: [{ origin: 'http://localhost:8181' }], user: '', tenant: '', targetMemory: null }],
    ['victoriametrics', { urls: [{ origin: 'http://localhost:8428' }], user: '', tenant: '', targetMemory: null }],
  ])('%s has its own defaults', (target, own) => {
    expect(settings({ target })).toMatchObject({ ...own, relieve: target === 'cnosdb' });
  });

  test('influxdb2 needs an organization', () => {
    expect(problems({ target: 'influxdb2' })).toEqual([
      'tenant: expected the organization of the bucket, found nothing. Name it with --tenant.',
    ]);
    expect(settings({ target: 'influxdb2', tenant: 'o' })).toMatchObject({
      urls: [{ origin: 'http://localhost:8086' }],
      tenant: 'o',
      token: null,
      rp: null,
      proxy: null,
    });
  });

  const refused: Record<string, readonly string[]> = {
    cnosdb: ['token', 'tokenFile'],
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
  const found = (target: string, key: string): string[] =>
    problems({
      target,
      [key]: values[key] ?? 'x',
      ...(target === 'influxdb2' && key !== 'tenant' ? { tenant: 'o' } : {}),
      ...(key === 'dbOptions' ? { createDb: true } : {}),
    });
  const pairs = Object.keys(refused).flatMap((target) => asked.map((key) => [target, key] as const));

  test.each(pairs.filter(([target, key]) => refused[target]!.includes(key)))('%s refuses %s', (target, key) => {
    expect(found(target, key)).toContainEqual(
      expect.stringContaining(`${key}: expected a target that has this option, found --target ${target}. `),
    );
  });

  test.each(pairs.filter(([target, key]) => !refused[target]!.includes(key)))('%s takes %s', (target, key) => {
    expect(found(target, key)).toEqual([]);
  });

  test.each(['influxdb1', 'influxdb3', 'victoriametrics'])('%s takes no zstd', (target) => {
    expect(problems({ target, compression: 'zstd' })).toContain(
      `compression: expected auto, none or gzip with --target ${target}, found zstd.`,
    );
  });

  test('a token and a user, or a user where only tokens are taken, are refused', () => {
    expect(problems({ target: 'influxdb1', token: 't', user: 'u' })).toEqual([
      'token: expected one way to sign in, found a token and --user. Leave one out.',
    ]);
    expect(problems({ target: 'influxdb3', url: 'http://u:p@h' })).toEqual([
      'url: expected a URL without a user, found a user with --target influxdb3. Sign in with --token.',
    ]);
    expect(settings({ target: 'influxdb1', token: 't' }).token).toBe('t');
  });

  test.each(['ns', 'us'])('victoriametrics keeps no generated timestamps in %s', (precision) => {
    const given = { missingTimestamp: 'now', precision };
    expect(problems({ target: 'victoriametrics', ...given })).toEqual([
      `missingTimestamp: expected reject; or now, with --precision ms or s, because VictoriaMetrics stores milliseconds, found now with --precision ${precision}.`,
    ]);
    expect(problems({ target: 'influxdb1', ...given })).toEqual([]);
  });

  test.each(['influxdb1', 'influxdb3', 'victoriametrics'])('%s takes slashes and long series keys', (target) => {
    expect(settings({ target }).names).toMatchObject({ seriesKeyBytes: 65_535, slashes: true });
  });
});

test('a dry run needs no database, keeps the order with one writer, and ignores options that spare the target', () => {
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
  expect(problems({ compression: 'zstd' })).toEqual(able ? [] : [expect.stringContaining('use Node 22.15')]);
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
  ['database', 'db'],
  ['username', 'user'],
])('the unknown key %s is answered with %s', (key, meant) => {
  expect(problems({ [key]: '1' })).toEqual([
    `${key}: expected the name of an option, found an unknown name. Did you mean ${meant}?`,
  ]);
});

test('a BigInt from a program is a bad value like any other', () => {
  expect(problems({ workers: 5n })).toEqual(['workers: expected a whole number from 1 to 256, found 5.']);
});

test('an unknown key that resembles no option is answered without a guess', () => {
  expect(problems({ frobnicate: '1' })).toEqual(['frobnicate: expected the name of an option, found an unknown name.']);
});

describe('no message shows a secret', () => {
  test('of a URL, a password or a header', () => {
    const found = problems({
      url: ['http://u:hunter/2@h/x', 'http://u:hunter2@h,nonsense'],
      password: 12_345,
      header: 'token hunter2',
    });
    expect(found.join('\n')).not.toMatch(/hunter|12345/);
    expect(found).toHaveLength(3);
  });

  test('in the query of a URL, which may be a token', () => {
    const [problem] = problems({ url: 'http://h:1/?token=SECRET' });
    expect(problem).toContain('expected a URL without a query');
    expect(problem).not.toContain('SECRET');
  });

  test.each(['key', 'cert', 'ca', 'passwordFile', 'config', 'summary', 'report', 'metricsFile', 'stateDir', 'dryRun'])(
    'pasted where %s expects a file name',
    (key) => {
      const pem = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----';
      for (const value of [pem, 'MIIEvQ'.repeat(60)]) {
        const found = problems({ [key]: value, url: 'https://h' });
        expect(found).toContainEqual(expect.stringContaining(`${key}: expected`));
        expect(found.join()).toContain('not shown');
        expect(found.join()).not.toContain('MIIEvQ');
      }
    },
  );
});
