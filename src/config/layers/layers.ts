// Reads two layers of options, the environment variables and the flags. Each value has its origin.

import type { Problem } from '../../core/problem.js';
import { nearestOption } from '../help/suggest.js';
import { environmentName, flagName, type Options, type SettingProblem } from '../options.js';
import type { Origin } from '../settings.js';

export interface GivenValue {
  readonly value: unknown;
  readonly origin: Origin;
}

/** A layer, such as the config file, the environment or the flags: the values that it gives, by option key. */
export type Layer = ReadonlyMap<string, GivenValue>;

/** Reads the variables of all options. An empty variable counts as unset. */
export function fromEnvironment({ rows }: Options, env: NodeJS.ProcessEnv): Layer {
  const names = rows.map(({ key }) => ({ key, name: environmentName(key) }));
  const present = names.filter(({ name }) => env[name]);
  return new Map(present.map(({ key, name }) => [key, { value: env[name], origin: { source: 'environment', name } }]));
}

/** Returns the given flags with the names that the user typed: `--no-…` for a switch that is off. */
export function fromFlags(flags: Readonly<Record<string, unknown>>): Layer {
  const present = Object.entries(flags).filter(([, value]) => value !== undefined);
  const typed = (key: string, value: unknown): string =>
    value === false ? flagName(key).replace('--', '--no-') : flagName(key);
  return new Map(present.map(([key, value]) => [key, { value, origin: { source: 'flag', name: typed(key, value) } }]));
}

/**
 * Returns a warning for each variable whose name begins with `BULK_LOAD_` but does not match an option. Omits the
 * values of these variables, which may be secrets.
 */
export function unknownEnvVars({ rows }: Options, env: NodeJS.ProcessEnv): string[] {
  const prefix = environmentName('');
  const known = new Set(rows.map(({ key }) => environmentName(key)));
  const unknown = Object.keys(env).filter((name) => name.startsWith(prefix) && !known.has(name) && env[name]);
  return unknown.map((name) => {
    const near = nearestOption(rows, name.slice(prefix.length));
    const rest = near === null ? '' : `; did you mean ${environmentName(near)}?`;
    return `the environment variable ${name} has no effect: no option has this name${rest}`;
  });
}

/**
 * Returns, by option key, a warning for each variable that the target does not use. This is not an error, because
 * commands for other targets may use the same environment.
 */
export function ignoredEnvVars({ targets }: Options, environment: Layer, kind: unknown): Map<string, string> {
  const target = targets.find((each) => each.kind === kind);
  return new Map(
    Object.entries(target?.unsupportedOptions ?? {}).flatMap(([key, instead]) => {
      const name = environment.get(key)?.origin.name;
      const warning = `the environment variable ${name} has no effect with --target ${target?.kind}: ${instead}`;
      return name === undefined ? [] : [[key, warning] as const];
    }),
  );
}

/** Completes a problem with the name under which the user gave the option. */
export function problemOf(given: Layer, { key, ...rest }: SettingProblem): Problem {
  const origin = given.get(key)?.origin;
  const tried =
    origin === undefined ? flagName(key) : origin.source === 'file' ? `${key} in ${origin.name}` : origin.name;
  return { tried, ...rest };
}
