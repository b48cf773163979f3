// Reads the YAML or JSON file of --config.

import { errorCode } from '../../core/errors.js';
import { readText } from '../../core/io/files.js';
import type { Options, SettingProblem } from '../options.js';
import type { Origin } from '../settings.js';
import type { GivenValue, Layer } from './layers.js';

/**
 * Reads the options in the file. For an invalid file, returns an empty layer and a problem. The problem never quotes
 * the file, because the file may contain passwords.
 */
export async function fromFile(
  options: Options,
  named: GivenValue | undefined,
): Promise<{ readonly layer: Layer; readonly problems: readonly SettingProblem[] }> {
  if (typeof named?.value !== 'string' || named.value === '') return { layer: new Map(), problems: [] };
  const path = named.value;
  const failed = (expected: string, found: string) => ({
    layer: new Map(),
    problems: [{ key: 'config', expected, found, fix: '' }],
  });
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    const code = errorCode(error);
    // Such a value cannot be a file name. The option's own check reports the value.
    if (code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE') return { layer: new Map(), problems: [] };
    const found = code === 'ENOENT' ? `no file ${JSON.stringify(path)}` : `${JSON.stringify(path)}: ${code}`;
    return failed('a readable YAML or JSON file', found);
  }
  const content = await parseFile(text);
  if (typeof content === 'string') return failed('YAML or JSON with options', `${content} in ${JSON.stringify(path)}`);
  const present = Object.entries(flatten(options, content)).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  if (present.some(([key]) => key === 'config'))
    return failed('a configuration file without the key config', `config: in ${JSON.stringify(path)}`);
  const origin: Origin = { source: 'file', name: path };
  return { layer: new Map(present.map(([key, value]) => [key, { value, origin }])), problems: [] };
}

/** Returns the options by key. If the file contains something else, returns a phrase that describes the content. */
async function parseFile(text: string): Promise<Record<string, unknown> | string> {
  // The YAML parser is imported only here, because its import takes as long as that of all other modules of settings.
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const error = document.errors[0];
  const at = error?.linePos?.[0];
  if (error) return `${error.code.toLowerCase().replaceAll('_', ' ')}${at ? ` at line ${at.line}` : ''}`;
  try {
    const content: unknown = document.toJS() ?? {};
    JSON.stringify(content);
    const mapping = typeof content === 'object' && !Array.isArray(content);
    return mapping ? (content as Record<string, unknown>) : 'something other than keys and values';
  } catch {
    return 'an alias that refers to itself or to a missing anchor';
  }
}

/**
 * Moves the keys of the block `mapping:` to the top level. A key that is not an option of the mapping gets the prefix
 * `mapping.`, so that it is reported as unknown.
 */
function flatten({ rows }: Options, content: Record<string, unknown>): Record<string, unknown> {
  const { mapping, ...others } = content;
  if (typeof mapping !== 'object' || mapping === null || Array.isArray(mapping)) return content;
  const known = new Set(rows.filter(({ group }) => group === 'mapping').map(({ key }) => key));
  const named = Object.entries(mapping).map(
    ([key, value]) => [known.has(key) ? key : `mapping.${key}`, value] as const,
  );
  return { ...others, ...Object.fromEntries(named) };
}
