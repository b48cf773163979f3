// Layers → settings: config file < environment < flags. Everything that is wrong is said at once, with its origin.

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../core/errors.js';
import type { TargetKind } from '../targets/registry.js';
import { collisions } from './file-collisions.js';
import { environmentName, flagName, options } from './options.js';
import { readPems } from './pem.js';
import type { Origin, Settings } from './settings.js';
import { nearest } from './suggest.js';
import { targets } from './target-defaults.js';
import { type Merged, type SettingProblem, validate } from './validate.js';

export type { Origin, Settings } from './settings.js';

interface GivenValue {
  readonly value: unknown;
  readonly origin: Origin;
}

/** By option key. */
type Layer = Map<string, GivenValue>;

/**
 * `flags`: by option key, only those that were given; text, boolean, or a list of texts for repeatable ones.
 * `env`: the process environment; an empty variable counts as unset.
 * Reads the config file and the password file when they are named, and nothing else.
 * `warnings`: what was set to no effect, also for other kinds of target: one environment serves many commands, where the same
 * flag or key is a mistake. Throws UsageError with all problems; no message holds a secret.
 */
export async function resolve(layers: {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: NodeJS.ProcessEnv;
}): Promise<{ settings: Settings; origins: Record<keyof Settings, Origin>; warnings: readonly string[] }> {
  const problems: string[] = [];
  const [environment, flags] = [fromEnvironment(layers.env), fromFlags(layers.flags)];
  const file = await fromFile(flags.get('config') ?? environment.get('config'), problems);
  const idle = idleIn(environment, new Map([...file, ...environment, ...flags]).get('target')?.value);
  const used = [...environment].filter(([key]) => !idle.has(key));
  const given: Layer = new Map([...file, ...used, ...flags]);
  const result = validate(merge(given, layers.env), new Set(given.keys()));
  if ('problems' in result) problems.push(...result.problems.map((problem) => sentence(problem, given)));
  problems.push(...collisions((key) => given.get(key)?.value));
  const password = await readPassword(given.get('passwordFile'), problems);
  const tls = await readPems(given, problems);
  if (problems.length > 0 || 'problems' in result) throw new UsageError(problems);
  const settings = { ...result.settings, tls, ...(password === null ? {} : { password }) };
  const warnings = [...strangers(layers.env), ...idle.values()];
  return { settings, origins: originsOf(given, settings), warnings };
}

/** What the environment says and this kind of target has no use for: words by key. */
function idleIn(environment: Layer, kind: unknown): Map<string, string> {
  const target = (kind ?? 'cnosdb') as TargetKind;
  const without = Object.entries(targets[target]?.without ?? {});
  return new Map(
    without.flatMap(([key, instead]) => {
      const name = environment.get(key)?.origin.name;
      return name === undefined
        ? []
        : [[key, `${name} in the environment has no effect for --target ${target}: ${instead}`] as const];
    }),
  );
}

function fromEnvironment(env: NodeJS.ProcessEnv): Layer {
  const names = options.map(({ key }) => ({ key, name: environmentName(key) }));
  const present = names.filter(({ name }) => env[name]);
  return new Map(present.map(({ key, name }) => [key, { value: env[name], origin: { source: 'environment', name } }]));
}

/** Variables that were probably meant for us. Their values may be secrets. */
function strangers(env: NodeJS.ProcessEnv): string[] {
  const prefix = environmentName('');
  const known = new Set(options.map(({ key }) => environmentName(key)));
  const unknown = Object.keys(env).filter((name) => name.startsWith(prefix) && !known.has(name) && env[name]);
  return unknown.map((name) => {
    const meant = nearest(name.slice(prefix.length));
    const rest = meant === null ? '' : `; did you mean ${environmentName(meant)}?`;
    return `${name} in the environment has no effect: there is no such option${rest}`;
  });
}

function fromFlags(flags: Readonly<Record<string, unknown>>): Layer {
  const present = Object.entries(flags).filter(([, value]) => value !== undefined);
  const typed = (key: string, value: unknown): string =>
    value === false ? flagName(key).replace('--', '--no-') : flagName(key);
  return new Map(present.map(([key, value]) => [key, { value, origin: { source: 'flag', name: typed(key, value) } }]));
}

async function fromFile(named: GivenValue | undefined, problems: string[]): Promise<Layer> {
  if (typeof named?.value !== 'string') return new Map();
  const path = named.value;
  const fail = (message: string): Layer => {
    problems.push(`config: ${message} (from ${named.origin.name})`);
    return new Map();
  };
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return fail(`expected a YAML or JSON file that can be read, got "${path}": ${codeOf(error)}`);
  }
  const content = await parseFile(text);
  if (typeof content === 'string') return fail(`expected YAML or JSON, got ${content} in "${path}"`);
  const origin: Origin = { source: 'file', name: path };
  const present = Object.entries(flattened(content)).filter(([, value]) => value !== null && value !== undefined);
  if (present.some(([key]) => key === 'config')) return fail(`expected no config inside the config file "${path}"`);
  return new Map(present.map(([key, value]) => [key, { value, origin }]));
}

/** The mapping in a file, or words for what is wrong with it. Never a piece of its text: that may be a password. */
async function parseFile(text: string): Promise<Record<string, unknown> | string> {
  // Loaded only when there is a file: it costs as much as all the rest of the settings.
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const error = document.errors[0];
  const at = error?.linePos?.[0];
  if (error) return `${error.code.toLowerCase().replaceAll('_', ' ')}${at ? ` at line ${at.line}` : ''}`;
  try {
    const content: unknown = document.toJS() ?? {};
    const mapping = typeof content === 'object' && !Array.isArray(content);
    return mapping ? (content as Record<string, unknown>) : 'something other than a mapping of options';
  } catch {
    return 'aliases that cannot be followed';
  }
}

/** What stands in the block `mapping:` counts as if it stood beside it. A key that does not belong there stays in it. */
function flattened(content: Record<string, unknown>): Record<string, unknown> {
  const { mapping, ...others } = content;
  if (typeof mapping !== 'object' || mapping === null || Array.isArray(mapping)) return content;
  const known = new Set(options.filter(({ group }) => group === 'mapping').map(({ key }) => key));
  const named = Object.entries(mapping).map(
    ([key, value]) => [known.has(key) ? key : `mapping.${key}`, value] as const,
  );
  return { ...others, ...Object.fromEntries(named) };
}

function merge(given: Layer, env: NodeJS.ProcessEnv): Merged {
  const defaults = Object.fromEntries(options.map((option) => [option.key, option.default]));
  const values = Object.fromEntries([...given].map(([key, { value }]) => [key, value]));
  return { ...defaults, stateDir: defaultStateDir(env), ...values };
}

/** systemd lists several directories with colons; the first is the main one. */
function defaultStateDir(env: NodeJS.ProcessEnv): string {
  const given = env.STATE_DIRECTORY?.split(':')[0];
  return given || join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state'), 'bulk-load');
}

async function readPassword(named: GivenValue | undefined, problems: string[]): Promise<string | null> {
  if (typeof named?.value !== 'string' || named.value === '') return null;
  try {
    return (await readFile(named.value, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    problems.push(
      `passwordFile: expected a file that can be read, got "${named.value}": ${codeOf(error)} (from ${named.origin.name})`,
    );
    return null;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function sentence({ key, message }: SettingProblem, given: Layer): string {
  const origin = given.get(key)?.origin;
  return `${key}: ${message}${origin ? ` (from ${origin.name})` : ''}`;
}

function originsOf(given: Layer, settings: Settings): Record<keyof Settings, Origin> {
  const none: Origin = { source: 'default', name: 'default' };
  const origin = (key: string) => given.get(key)?.origin ?? none;
  const all = Object.fromEntries(options.map(({ key, as }) => [as ?? key, origin(key)]));
  const password = given.get('passwordFile')?.origin ?? all.password;
  const origins = { ...all, password } as Record<keyof Settings, Origin>;
  // Nobody set them, and yet they are not the defaults: they stood in a URL.
  if (origins.user === none && settings.user !== targets[settings.target].user) origins.user = origins.urls;
  if (password === none && settings.password !== '') origins.password = origins.urls;
  return origins;
}
