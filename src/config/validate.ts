// One strict object built from the table, validated once, so that all problems of all layers come out together.

import * as zlib from 'node:zlib';
import { z } from 'zod';
import { type TargetKind, targetKind } from '../targets/registry.js';
import { flagName, type Option, options } from './options.js';
import { type GivenUrl, parseValue } from './parse-value.js';
import type { Settings } from './settings.js';
import { isNear, nearest } from './suggest.js';
import { targets } from './target-defaults.js';

/** A problem with one option, or with a key that is none. `key` finds its origin. */
export interface SettingProblem {
  readonly key: string;
  readonly message: string;
}

/** Options by key as merged from the layers, defaults included; null for what is unset. */
export type Merged = Readonly<Record<string, unknown>>;

type Report = (key: string, message: string) => void;

/**
 * Validates what the layers merged to. `explicit` tells the keys that somebody set.
 * The settings still lack the content of a password file; values of secret options appear in no message.
 */
export function validate(
  merged: Merged,
  explicit: ReadonlySet<string>,
): { readonly settings: Settings } | { readonly problems: SettingProblem[] } {
  const result = schema(explicit).safeParse(withDefaults(merged));
  if (result.success) return { settings: toSettings(result.data) };
  return { problems: result.error.issues.flatMap(problemsOf) };
}

/** Those that follow from the kind of target. */
function withDefaults(merged: Merged): Merged {
  const kind = merged.target as TargetKind;
  if (!(kind in targets)) return merged;
  const { url, targetMemory } = targets[kind];
  return { ...merged, url: merged.url ?? url, targetMemory: merged.targetMemory ?? targetMemory };
}

function schema(explicit: ReadonlySet<string>) {
  const fields = Object.fromEntries(options.map((option) => [option.key, field(option)]));
  return z.strictObject(fields).superRefine(
    (values, context) => {
      const wrong = new Set(context.issues.map((issue) => issue.path?.[0]));
      const report: Report = (key, message) => {
        // A rule about a value that is itself in doubt would only repeat the complaint.
        if (!wrong.has(key)) context.addIssue({ code: 'custom', path: [key], message });
      };
      const sound = Object.fromEntries(Object.entries(values).filter(([key]) => !wrong.has(key)));
      for (const rule of rules) rule(sound, explicit, report);
    },
    { when: () => true },
  );
}

function field(option: Option) {
  return z.unknown().transform((raw, context) => {
    if (raw === null) return null;
    const parsed = parseValue(option, raw);
    if ('value' in parsed) return parsed.value;
    context.addIssue({
      code: 'custom',
      message: `expected ${parsed.expected}${got(option, raw)}${meant(option, raw)}`,
    });
    return z.NEVER;
  });
}

/** `; did you mean csv?` */
function meant({ is }: Option, raw: unknown): string {
  if (is.kind !== 'choice' || typeof raw !== 'string') return '';
  const near = is.values.find((value) => isNear(raw, value));
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function got(option: Option, raw: unknown): string {
  if (option.secret) return '';
  const text = JSON.stringify(raw) ?? String(raw);
  // What stands before the @ of a URL may be a password, with any sign in it; behind its question mark, a token.
  const shown = text.replace(/^.*@/s, '"…@').replace(/\?.*$/s, '?…"');
  return `, got ${option.is.kind === 'urls' ? shown : text}`;
}

function problemsOf(issue: z.core.$ZodIssue): SettingProblem[] {
  if (issue.code !== 'unrecognized_keys') return [{ key: String(issue.path[0]), message: issue.message }];
  return issue.keys.map((key) => {
    const near = nearest(key);
    return { key, message: `no such option${near ? `; did you mean ${near}?` : ''}` };
  });
}

type SettingRule = (values: Record<string, unknown>, explicit: ReadonlySet<string>, report: Report) => void;

const rules: readonly SettingRule[] = [
  function databaseIsNamed(values, _, report) {
    if (values.db === null && values.dryRun === null)
      report('db', 'expected the database to load into, got nothing; name it with --db');
  },
  function nothingIsSent(values, explicit, report) {
    if (typeof values.dryRun !== 'string') return;
    for (const key of ['verify', 'skipLoaded'])
      if (explicit.has(key) && values[key] !== false)
        report(key, 'expected without --dry-run, which neither sends points nor asks what was sent');
    if (values.dryRun === '-' && values.summary === '-')
      report('summary', 'expected a file, since --dry-run writes points to standard output, got -');
  },
  function onePassword(_, explicit, report) {
    if (explicit.has('password') && explicit.has('passwordFile'))
      report('passwordFile', 'expected a password or a password file, got both; leave one out');
  },
  function credentialsOnce(values, explicit, report) {
    const urls = (values.url ?? []) as GivenUrl[];
    const given = new Set(urls.filter(hasCredentials).map(({ user, password }) => JSON.stringify([user, password])));
    if (given.size === 0) return;
    const twice = ['user', 'password', 'passwordFile'].filter((key) => explicit.has(key));
    if (given.size > 1) report('url', 'expected the same user and password for all endpoints, got different ones');
    if (twice.length > 0)
      report('url', `expected credentials in one place, got them in a URL and by ${twice.map(flagName).join(', ')}`);
  },
  function userFitsBasicAuth(values, _, report) {
    const urls = (values.url ?? []) as GivenUrl[];
    if (urls.some(({ user }) => user?.includes(':'))) report('url', 'expected a user without a colon');
    if (typeof values.user === 'string' && values.user.includes(':'))
      report('user', 'expected a user without a colon: HTTP basic authentication cannot carry one');
  },
  function pathsAreOfJson(values, explicit, report) {
    if (explicit.has('jsonPath') && values.format !== 'auto' && values.format !== 'json')
      report('jsonPath', `expected --format json with a path, got ${String(values.format)}`);
  },
  function certificateAndKey(_, explicit, report) {
    for (const [one, other] of [
      ['cert', 'key'],
      ['key', 'cert'],
    ] as const)
      if (explicit.has(one) && !explicit.has(other)) report(one, `expected together with --${other}`);
  },
  function certificatesNeedHttps(values, explicit, report) {
    const urls = (values.url ?? []) as GivenUrl[];
    if (urls.length === 0 || urls.some(({ origin }) => origin.startsWith('https:'))) return;
    // Authorities may be those of inputs.
    for (const key of ['cert', 'key', 'insecure'])
      if (explicit.has(key) && values[key] !== false)
        report(key, 'expected with an https:// endpoint, got none in --url');
  },
  function optionsNeedCreation(values, explicit, report) {
    if (explicit.has('dbOptions') && values.createDb === false)
      report('dbOptions', 'expected together with --create-db: they apply only to a database that is created');
  },
  function optionsFitTheTarget(values, explicit, report) {
    const kind = values.target as TargetKind | undefined;
    if (kind === undefined) return;
    const { without, zstd } = targets[kind];
    for (const { key, message } of targetKind(kind)?.validate(values) ?? []) report(key, message);
    for (const [key, instead] of Object.entries(without)) {
      if (explicit.has(key)) report(key, `expected another --target with it, got ${kind}: ${instead}`);
    }
    const urls = (values.url ?? []) as GivenUrl[];
    if (without.user !== undefined && urls.some(hasCredentials))
      report('url', `expected no user in it for ${kind}: ${without.user}`);
    if (values.compression === 'zstd' && !zstd)
      report('compression', `expected auto, none or gzip for ${kind}, got zstd`);
  },
  function tokenOrUser(_, explicit, report) {
    const both = ['user', 'password', 'passwordFile'].filter((key) => explicit.has(key));
    if (explicit.has('token') && both.length > 0)
      report('token', `expected one way to sign in, got a token and ${both.map(flagName).join(', ')}`);
  },
  function zstdNeedsNode(values, _, report) {
    if (values.compression === 'zstd' && !('zstdCompress' in zlib))
      report(
        'compression',
        `expected auto, none or gzip on Node ${process.versions.node}; zstd needs Node 22.15 or newer`,
      );
  },
  function mappingNeedsRows(values, explicit, report) {
    if (values.format !== 'lp') return;
    for (const { key } of options.filter(({ group }) => group === 'mapping'))
      if (explicit.has(key)) report(key, 'expected with a format whose rows are mapped, got --format lp');
  },
  function limitAllowsMinimum(values, explicit, report) {
    const { limit, minPoints } = values as { limit?: number | null; minPoints?: number };
    if (explicit.has('limit') && limit && minPoints && limit < minPoints)
      report('limit', `expected at least --min-points, which is ${minPoints}, got ${limit}`);
  },
];

function hasCredentials(url: GivenUrl): boolean {
  return url.user !== null || url.password !== null;
}

function toSettings(values: Record<string, unknown>): Settings {
  const given = values.url as GivenUrl[];
  const signIn = given.find(hasCredentials);
  const distinct = new Map(given.map(({ shown, origin }) => [origin, { shown, origin }]));
  const named = Object.fromEntries(options.map(({ key, as }) => [as ?? key, values[key]]));
  const target = targets[values.target as TargetKind];
  const byTarget = {
    user: values.user ?? target.user,
    tenant: values.tenant ?? target.tenant,
    relieve: target.relieve && values.relieve,
    names: target.names,
  };
  const fromUrl = signIn ? { user: signIn.user ?? byTarget.user, password: signIn.password ?? '' } : {};
  // The table and values.ts together make what Settings says; test/settings/schema.test.ts holds them to it.
  const lists = { urls: [...distinct.values()], headers: values.header ?? [] };
  const tls = { ca: null, cert: null, key: null };
  const all = { ...named, ...byTarget, ...fromUrl, ...lists, tls } as unknown as Settings;
  return all.dryRun === null ? all : { ...all, ...dry(all) };
}

/** One writer keeps the order of the input, and what is for the target's good does nothing. */
function dry({ db }: Settings): Partial<Settings> {
  const idle = { createDb: false, targetMemory: null, stage: null, compression: 'none' } as const;
  return { ...idle, db: db ?? '', workers: 1, checkpoint: false };
}
