// Replaces the options of bulk-load in messages by the flags and environment variables of load_cnosdb.

import { environmentName, flagName } from '../../config/options.js';
import { options } from '../../load/option-table.js';

/** Flags of load_cnosdb by option key of bulk-load. */
const flags: Readonly<Record<string, string>> = {
  url: '--urls',
  db: '--db-name',
  createDb: '--do-create-db',
  user: '--username',
  password: '--password',
  batchPoints: '--batch-size',
  workers: '--workers',
  limit: '--limit',
  compression: '--gzip',
};

const byFlag = new Map(options.rows.map((option) => [flagName(option.key), option]));

/**
 * Replaces every option by the flag of load_cnosdb. An option that load_cnosdb lacks becomes an environment variable.
 */
export function translateFlagNames(text: string): string {
  return text.replace(/(?<![\w-])(--[a-z][a-z-]*[a-z])(?: ([a-z]+|"))?/g, (all, name: string, next?: string) => {
    const option = byFlag.get(name);
    // load_cnosdb has only one kind of target, so it has no name for --target.
    if (option === undefined || option.key === 'target') return all;
    const flag = flags[option.key];
    const isValue = next === '"' || (option.is.kind === 'choice' && option.is.values.includes(next ?? ''));
    const rest = next === undefined ? '' : `${flag === undefined && isValue ? '=' : ' '}${next}`;
    return (flag ?? environmentName(option.key)) + rest;
  });
}
