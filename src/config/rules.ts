// Rules about several options at once.

import * as zlib from 'node:zlib';
import type { QueueAddress } from '../core/types/index.js';
import type { GivenUrl } from './kinds/network.js';
import { flagName, type Option, type SettingProblem, type TargetOptions } from './options.js';

export interface RuleInput {
  /** Parsed values of the valid options, by key. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Keys of the options that a layer gave. */
  readonly explicit: ReadonlySet<string>;
  /** Undefined if `--target` is invalid. */
  readonly target: TargetOptions | undefined;
  readonly rows: readonly Option[];
}

type Rule = (input: RuleInput) => readonly SettingProblem[];

export function hasCredentials(url: GivenUrl): boolean {
  return url.user !== null || url.password !== null;
}

function problem(key: string, expected: string, found: string, fix = ''): SettingProblem {
  return { key, expected, found, fix };
}

function urlsOf({ values }: RuleInput): readonly GivenUrl[] {
  return (values.url ?? []) as readonly GivenUrl[];
}

function flagsOf(keys: readonly string[]): string {
  return keys.map(flagName).join(' and ');
}

/** Tests whether a layer gave the option a value other than false. */
function isOn({ values, explicit }: RuleInput, key: string): boolean {
  return explicit.has(key) && values[key] !== false;
}

const databaseIsNamed: Rule = ({ values, target }) =>
  values.db === null &&
  (values.contextMap ?? null) === null &&
  values.dryRun === null &&
  target?.needsDatabase !== false
    ? [problem('db', 'the database to load into', 'nothing', 'name it with --db')]
    : [];

/** Refuses --context-map with options for a single database, because --context-map makes a load for each database. */
const contextMapNamesDatabases: Rule = ({ values, explicit }) =>
  (values.contextMap ?? null) === null
    ? []
    : ['db', 'context', 'dryRun', 'limit', 'skipPoints']
        .filter((key) => explicit.has(key))
        .map((key) => problem(key, 'one database', '--context-map', `leave out ${flagName(key)} or --context-map`));

const dryRunSendsNothing: Rule = (input) => {
  const { values } = input;
  if (typeof values.dryRun !== 'string') return [];
  return [
    ...['verify', 'skipLoaded']
      .filter((key) => isOn(input, key))
      .map((key) => problem(key, 'a load that sends points', '--dry-run', `leave out ${flagName(key)} or --dry-run`)),
    ...(values.dryRun === '-' && values.summary === '-'
      ? [problem('summary', 'a file, because --dry-run writes points to standard output', '-', 'name a file')]
      : []),
  ];
};

const secretsAreGivenOnce: Rule = ({ explicit }) =>
  [
    ['password', 'passwordFile'],
    ['token', 'tokenFile'],
  ].flatMap(([plain = '', file = '']) =>
    explicit.has(plain) && explicit.has(file)
      ? [problem(file, `either ${flagName(plain)} or ${flagName(file)}`, 'both', 'leave one out')]
      : [],
  );

const credentialsAreGivenOnce: Rule = (input) => {
  const given = urlsOf(input).filter(hasCredentials);
  const distinct = new Set(given.map(({ user, password }) => JSON.stringify([user, password])));
  if (distinct.size === 0) return [];
  const flags = ['user', 'password', 'passwordFile'].filter((key) => input.explicit.has(key));
  return [
    ...(distinct.size > 1 ? [problem('url', 'the same user and password for all endpoints', 'different ones')] : []),
    ...(flags.length > 0
      ? [problem('url', 'credentials in one place', `credentials in a URL and in ${flagsOf(flags)}`, 'leave one out')]
      : []),
  ];
};

const userHasNoColon: Rule = (input) => {
  const expected = 'a user name without a colon, because HTTP basic authentication does not allow a colon';
  return [
    ...(urlsOf(input).some(({ user }) => user?.includes(':')) ? [problem('url', expected, 'a colon')] : []),
    ...(String(input.values.user).includes(':') ? [problem('user', expected, 'a colon')] : []),
  ];
};

const pathsNeedJson: Rule = ({ values, explicit }) =>
  explicit.has('jsonPath') && values.format !== 'auto' && values.format !== 'json'
    ? [problem('jsonPath', '--format json or auto', `--format ${String(values.format)}`)]
    : [];

const certificateNeedsKey: Rule = ({ explicit }) =>
  [
    ['cert', 'key'],
    ['queueCert', 'queueKey'],
  ].flatMap((pair) => {
    const [given, ...more] = pair.filter((key) => explicit.has(key));
    const missing = pair.find((key) => !explicit.has(key));
    return given === undefined || missing === undefined || more.length > 0
      ? []
      : [problem(given, `${flagsOf(pair)} together`, `only ${flagName(given)}`, `add ${flagName(missing)}`)];
  });

const queueOptionsFitTheQueue: Rule = ({ values, explicit }) => {
  const queue = values.queue as QueueAddress | null | undefined;
  const own = ['queuePasswordFile', ...queueTlsKeys].filter((key) => explicit.has(key));
  if (queue === null) return own.map((key) => problem(key, '--queue', 'no --queue', 'add --queue'));
  if (queue === undefined) return [];
  return [
    ...(queue.password !== null && explicit.has('queuePasswordFile')
      ? [
          problem(
            'queuePasswordFile',
            'the password in one place',
            'passwords in --queue-password-file and --queue',
            'leave one out',
          ),
        ]
      : []),
    ...(queue.isTls
      ? []
      : queueTlsKeys
          .filter((key) => explicit.has(key))
          .map((key) => problem(key, 'a queue of rediss://', 'redis://, which is not encrypted', 'check --queue'))),
  ];
};

const queueTlsKeys = ['queueCa', 'queueCert', 'queueKey'];

/** Accepts --ca without an https endpoint, because inputs also use this option. */
const certificatesNeedHttps: Rule = (input) => {
  const urls = urlsOf(input);
  if (urls.length === 0 || urls.some(({ origin }) => origin.startsWith('https:'))) return [];
  return ['cert', 'key', 'insecure']
    .filter((key) => isOn(input, key))
    .map((key) => problem(key, 'an https:// endpoint', 'only http:// endpoints', 'check --url'));
};

const databaseOptionsNeedCreation: Rule = ({ values, explicit }) =>
  explicit.has('dbOptions') && values.createDb === false
    ? [
        problem(
          'dbOptions',
          '--create-db, because these options apply only to a new database',
          'no --create-db',
          'add --create-db',
        ),
      ]
    : [];

const optionsFitTheTarget: Rule = (input) => {
  const { values, explicit, target } = input;
  if (target === undefined) return [];
  const { kind, unsupportedOptions, takesZstd } = target;
  const found = `--target ${kind}`;
  return [
    ...target.validate(values),
    ...Object.entries(unsupportedOptions).flatMap(([key, instead]) =>
      explicit.has(key) ? [problem(key, 'a target that has this option', found, instead)] : [],
    ),
    ...(unsupportedOptions.user !== undefined && urlsOf(input).some(hasCredentials)
      ? [problem('url', 'a URL without a user', `a user with ${found}`, unsupportedOptions.user)]
      : []),
    ...(values.compression === 'zstd' && !takesZstd
      ? [problem('compression', `auto, none or gzip with ${found}`, 'zstd')]
      : []),
  ];
};

const oneWayToSignIn: Rule = ({ explicit }) => {
  const users = ['user', 'password', 'passwordFile'].filter((key) => explicit.has(key));
  const tokens = ['token', 'tokenFile'].filter((key) => explicit.has(key));
  return users.length > 0
    ? tokens.map((key) => problem(key, 'one way to sign in', `a token and ${flagsOf(users)}`, 'leave one out'))
    : [];
};

const zstdNeedsNode: Rule = ({ values }) =>
  values.compression === 'zstd' && !('zstdCompress' in zlib)
    ? [problem('compression', 'auto, none or gzip', 'zstd', `Node ${process.versions.node} lacks zstd; use Node 22.15`)]
    : [];

const mappingNeedsRows: Rule = ({ values, explicit, rows }) =>
  values.format === 'lp'
    ? rows
        .filter(({ group, key }) => group === 'mapping' && explicit.has(key))
        .map(({ key }) => problem(key, 'a format with rows, such as csv', '--format lp'))
    : [];

const limitAllowsMinimum: Rule = ({ values, explicit }) => {
  const { limit, minPoints } = values as { limit?: number | null; minPoints?: number };
  return explicit.has('limit') && limit && minPoints && limit < minPoints
    ? [problem('limit', `at least --min-points, which is ${minPoints}`, String(limit))]
    : [];
};

export const rules: readonly Rule[] = [
  databaseIsNamed,
  contextMapNamesDatabases,
  dryRunSendsNothing,
  secretsAreGivenOnce,
  credentialsAreGivenOnce,
  userHasNoColon,
  pathsNeedJson,
  certificateNeedsKey,
  certificatesNeedHttps,
  queueOptionsFitTheQueue,
  databaseOptionsNeedCreation,
  optionsFitTheTarget,
  oneWayToSignIn,
  zstdNeedsNode,
  mappingNeedsRows,
  limitAllowsMinimum,
];
