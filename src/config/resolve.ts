// Merges layers into settings: flags override the environment, which overrides the config file. Reports all problems at
// once, each problem under the name that the user typed.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../core/errors.js';
import { schemelessUrls } from './kinds/network.js';
import { fromFile } from './layers/config-file.js';
import { collisions } from './layers/file-collisions.js';
import {
  fromEnvironment,
  fromFlags,
  type GivenValue,
  ignoredEnvVars,
  type Layer,
  problemOf,
  unknownEnvVars,
} from './layers/layers.js';
import { queuePems, readPems, readSecret, targetPems } from './layers/named-files.js';
import type { Options } from './options.js';
import type { Origin, Settings } from './settings.js';
import { type Merged, validate } from './validate.js';

/** Settings, the origin of each setting, and warnings, for example about environment variables without effect. */
export interface Resolved {
  readonly settings: Settings;
  readonly origins: Readonly<Record<keyof Settings, Origin>>;
  readonly warnings: readonly string[];
  /** Values that a layer gave, before parsing, by option key. */
  readonly given: Readonly<Record<string, unknown>>;
}

/**
 * Merges and checks all layers. Reads only the config file and the files with secrets and certificates. `flags`
 * contains given values by option key. Throws UsageError with all problems. The messages never contain secrets.
 */
export async function resolve(
  options: Options,
  layers: {
    readonly flags: Readonly<Record<string, unknown>>;
    readonly env: NodeJS.ProcessEnv;
    /**
     * Returns the options in the file of --plan. Config file, environment and flags override these options. Absent for
     * commands that cannot read a plan.
     */
    readonly planOptions?: (path: string) => Promise<Readonly<Record<string, unknown>>>;
    /** Options that a load over a fleet gives to a worker. All other layers override these options. */
    readonly lowest?: Readonly<Record<string, unknown>>;
  },
): Promise<Resolved> {
  const [environment, flags] = [fromEnvironment(options, layers.env), fromFlags(layers.flags)];
  const file = await fromFile(options, flags.get('config') ?? environment.get('config'));
  const path = new Map([...file.layer, ...environment, ...flags]).get('plan')?.value;
  const planned = typeof path === 'string' && layers.planOptions ? fromPlan(path, await layers.planOptions(path)) : [];
  const plan = [...fromPlan('the queue', layers.lowest ?? {}), ...planned];
  const kind = new Map([...plan, ...file.layer, ...environment, ...flags]).get('target')?.value;
  const ignored = ignoredEnvVars(options, environment, kind ?? defaultOf(options, 'target'));
  const used = [...environment].filter(([key]) => !ignored.has(key));
  const given: Layer = new Map([...plan, ...file.layer, ...used, ...flags]);
  const result = validate(options, merge(options, given, layers.env), new Set(given.keys()));
  const found = 'problems' in result ? result.problems : [];
  // A config file that could not be read may name the database, so a missing database is not reported.
  const problems = file.problems.length === 0 ? found : [...file.problems, ...found.filter(({ key }) => key !== 'db')];
  problems.push(...collisions((key) => given.get(key)?.value));
  const password = await readSecret('passwordFile', given, problems);
  const token = await readSecret('tokenFile', given, problems);
  const tls = await readPems(targetPems, given, problems);
  const queuePassword = await readSecret('queuePasswordFile', given, problems);
  const queueTls = await readPems(queuePems, given, problems);
  if (problems.length > 0 || 'problems' in result)
    throw new UsageError(problems.map((problem) => problemOf(given, problem)));
  const secrets = { ...(password === null ? {} : { password }), ...(token === null ? {} : { token }) };
  const { queue } = result.settings;
  const withPassword = queue && { ...queue, password: queuePassword ?? queue.password };
  const settings = trimToken({ ...result.settings, tls, queue: withPassword, queueTls, ...secrets });
  const assumed = schemelessUrls(given.get('url')?.value).map(
    (url) => `--url ${url} has no scheme: bulk-load assumes http://`,
  );
  const warnings = [...unknownEnvVars(options, layers.env), ...ignored.values(), ...assumed];
  const values = Object.fromEntries([...given].map(([key, { value }]) => [key, value]));
  return { settings, origins: originsOf(options, given, settings), warnings, given: values };
}

function fromPlan(path: string, values: Readonly<Record<string, unknown>>): [string, GivenValue][] {
  const origin: Origin = { source: 'file', name: path };
  return Object.entries(values).map(([key, value]) => [key, { value, origin }]);
}

/** Removes the newline that most secret stores append to a token, because a header cannot contain a newline. */
function trimToken(settings: Settings): Settings {
  return settings.token === null ? settings : { ...settings, token: settings.token.replace(/\r?\n$/, '') };
}

function defaultOf({ rows }: Options, key: string): string | null {
  return rows.find((row) => row.key === key)?.default ?? null;
}

function merge({ rows }: Options, given: Layer, env: NodeJS.ProcessEnv): Merged {
  const defaults = Object.fromEntries(rows.map((row) => [row.key, row.default]));
  const values = Object.fromEntries([...given].map(([key, { value }]) => [key, value]));
  return { ...defaults, stateDir: defaultStateDir(env), ...values };
}

/**
 * Returns the state directory that systemd sets, or otherwise the default directory of the user. systemd separates
 * several directories by colons, the main directory first.
 */
function defaultStateDir(env: NodeJS.ProcessEnv): string {
  const given = env.STATE_DIRECTORY?.split(':')[0];
  return given || join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state'), 'bulk-load');
}

function originsOf({ rows, targets }: Options, given: Layer, settings: Settings): Record<keyof Settings, Origin> {
  const none: Origin = { source: 'default', name: 'default' };
  const origin = (key: string) => given.get(key)?.origin ?? none;
  const all = Object.fromEntries(rows.map(({ key, as }) => [as ?? key, origin(key)])) as Record<keyof Settings, Origin>;
  const password = given.get('passwordFile')?.origin ?? all.password;
  const token = given.get('tokenFile')?.origin ?? all.token;
  const origins = { ...all, password, token };
  // If the user or the password comes neither from an option nor from a default, it comes from a URL.
  const user = targets.find(({ kind }) => kind === settings.target)?.defaults.user;
  if (origins.user === none && settings.user !== user) origins.user = origins.urls;
  if (password === none && settings.password !== '') origins.password = origins.urls;
  return origins;
}
