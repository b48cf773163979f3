// Turns merged layers into settings. The kind of each option parses its value. Then rules look for contradictions.

import type { z } from 'zod';
import { isNear } from '../core/text.js';
import { nearestOption } from './help/suggest.js';
import { kinds } from './kinds/index.js';
import type { GivenUrl } from './kinds/network.js';
import type { Option, Options, SettingProblem, TargetOptions } from './options.js';
import { hasCredentials, type RuleInput, rules } from './rules.js';
import type { Settings } from './settings.js';

/** Values by option key, defaults included; null for unset options. */
export type Merged = Readonly<Record<string, unknown>>;

/**
 * Parses and checks all options. `explicit` contains the keys of the options that a layer gave. The settings do not
 * contain the content of named files yet. Problems never show the value of a secret option.
 */
export function validate(
  options: Options,
  merged: Merged,
  explicit: ReadonlySet<string>,
): { readonly settings: Settings } | { readonly problems: SettingProblem[] } {
  const target = options.targets.find(({ kind }) => kind === merged.target);
  const given = withTargetDefaults(merged, target);
  const problems: SettingProblem[] = [];
  const values: Record<string, unknown> = {};
  for (const row of options.rows) {
    const result = parseOption(row, given[row.key] ?? null);
    if ('problem' in result) problems.push(result.problem);
    else values[row.key] = result.value;
  }
  const known = new Set(options.rows.map(({ key }) => key));
  problems.push(...Object.keys(given).flatMap((key) => (known.has(key) ? [] : [unknownOption(options, key)])));
  const input: RuleInput = { values, explicit, target, rows: options.rows };
  for (const rule of rules) {
    // Reports at most one problem for each option, even if several rules find the option wrong.
    problems.push(...rule(input).filter(({ key }) => !problems.some((each) => each.key === key)));
  }
  return problems.length > 0 || target === undefined ? { problems } : { settings: toSettings(options, values, target) };
}

/** Parses the value of one option. Null, the value of an unset option, remains null. */
export function parseOption(
  option: Option,
  raw: unknown,
): { readonly value: unknown } | { readonly problem: SettingProblem } {
  if (raw === null) return { value: null };
  const { words = {} } = option.is;
  if (typeof raw === 'string' && Object.hasOwn(words, raw)) return { value: words[raw] };
  const type = typeOf(option.is);
  const result = type.safeParse(raw);
  if (result.success) return { value: result.data };
  const [issue] = result.error.issues;
  const own: unknown = issue?.code === 'custom' ? issue.params?.expected : undefined;
  const expected = typeof own === 'string' ? own : expectation(type, words);
  return { problem: { key: option.key, expected, found: foundText(option, raw), fix: suggestion(option, raw) } };
}

const types = new Map<string, z.ZodType>();

/**
 * Returns the zod type of a kind from a cache. Many options share a type, and creating a type takes longer than
 * parsing.
 */
function typeOf(is: Option['is']): z.ZodType {
  const key = JSON.stringify(is);
  const type = types.get(key) ?? (kinds[is.kind] as (is: Option['is']) => z.ZodType)(is);
  types.set(key, type);
  return type;
}

function expectation(type: z.ZodType, words: object): string {
  return [type.description ?? 'another value', ...Object.keys(words)].join(', or ');
}

function suggestion({ is }: Option, raw: unknown): string {
  if (is.kind !== 'choice' || typeof raw !== 'string') return '';
  const near = is.values.find((value) => isNear(raw, value));
  return near === undefined ? '' : `did you mean ${near}?`;
}

/** Returns the text of a value for an error message. Hides text that is or may be a secret. */
function foundText({ is, secret }: Option, raw: unknown): string {
  if (secret) return 'a value in another form (hidden, because it may contain credentials)';
  const text = Array.isArray(raw) && raw.length > 0 ? raw.map(jsonText).join(', ') : jsonText(raw);
  if (is.kind === 'path' || is.kind === 'switchOrPath') return pathText(raw);
  // A URL may contain a password before the @, and a token in its query.
  const shown = is.kind === 'urls' ? text.replace(/^.*@/s, '"…@').replace(/\?.*$/s, '?…"') : text;
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === 'bigint' ? String(value) : 'an object that cannot be shown';
  }
}

/** Describes a wrong file name without showing it, because the text may be a pasted key or password. */
function pathText(raw: unknown): string {
  if (typeof raw !== 'string') return 'something other than text';
  if (/\p{Cc}/u.test(raw)) return 'several lines or control characters, which are not shown';
  return raw === '' ? 'an empty name' : `a name of ${Buffer.byteLength(raw)} bytes, which is not shown`;
}

function unknownOption(options: Options, key: string): SettingProblem {
  const near = nearestOption(options.rows, key);
  const fix = near === null ? '' : `did you mean ${near}?`;
  return { key, expected: 'the name of an option', found: 'an unknown name', fix };
}

function withTargetDefaults(merged: Merged, target: TargetOptions | undefined): Merged {
  if (target === undefined) return merged;
  const { defaultPort, defaults } = target;
  return {
    ...merged,
    url: merged.url ?? `http://localhost:${defaultPort}`,
    targetMemory: merged.targetMemory ?? defaults.targetMemory,
  };
}

/** Parsed values under the names of the settings. The types of the option rows guarantee the types of the values. */
type ParsedValues = {
  readonly [K in keyof Settings]: K extends 'user' | 'tenant' | 'db' | 'headers' ? Settings[K] | null : Settings[K];
} & { readonly urls: readonly GivenUrl[] };

function toSettings({ rows }: Options, values: Readonly<Record<string, unknown>>, target: TargetOptions): Settings {
  const named = Object.fromEntries(rows.map(({ key, as }) => [as ?? key, values[key]])) as ParsedValues;
  const signIn = named.urls.find(hasCredentials);
  const user = named.user ?? target.defaults.user;
  const settings: Settings = {
    ...named,
    urls: [...new Map(named.urls.map(({ shown, origin }) => [origin, { shown, origin }])).values()],
    db: named.db ?? '',
    tenant: named.tenant ?? target.defaults.tenant,
    user: signIn?.user ?? user,
    password: signIn === undefined ? named.password : (signIn.password ?? ''),
    headers: named.headers ?? [],
    relieve: target.traits.plansMemory && named.relieve,
    names: target.nameLimits,
    tls: { ca: null, cert: null, key: null },
    queueTls: { ca: null, cert: null, key: null },
  };
  return settings.dryRun === null ? settings : { ...settings, ...dryRunSettings };
}

/** Settings of a dry run. One writer keeps the order of the input. Options that protect the target are off. */
const dryRunSettings = {
  createDb: false,
  targetMemory: null,
  stage: null,
  compression: 'none',
  workers: 1,
  checkpoint: false,
} as const satisfies Partial<Settings>;
