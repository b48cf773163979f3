// Parsed options, as the rest of the program reads them. The types follow from the table of options and the zod types
// of its kinds.

import type { z } from 'zod';
import type { NameLimits } from '../core/types/index.js';
import type { Kinds } from './kinds/index.js';
import type { OptionRow } from './options.js';

type Words<Is> = Is extends { readonly words: infer W } ? W[keyof W] : never;

type ValueOf<Is extends OptionRow['is']> =
  | (Is extends { readonly values: infer V extends readonly string[] } ? V[number] : ParsedValue<Is>)
  | Words<Is>;

/** Settings hold endpoints without the credentials of their URLs. */
type ParsedValue<Is extends OptionRow['is']> = Is['kind'] extends 'urls'
  ? readonly Endpoint[]
  : Readonly<z.output<ReturnType<Kinds[Is['kind']]>>>;

/** Null stands for an unset option, unless the target or the environment supplies a value. */
type SettingOf<Row extends OptionRow> = Row extends { readonly default: null }
  ? Row extends { readonly supplied: true }
    ? ValueOf<Row['is']>
    : ValueOf<Row['is']> | null
  : ValueOf<Row['is']>;

type SettingName<Row extends OptionRow> = Row extends { readonly as: infer Name extends string } ? Name : Row['key'];

/** One endpoint of the target, without credentials. */
export interface Endpoint {
  /** URL of the endpoint, for messages and reports. */
  readonly shown: string;
  /** Scheme, host, port and path, for the HTTP client. */
  readonly origin: string;
}

/** PEM texts; null for an unset option. */
export interface PemTexts {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

export type Settings = { readonly [Row in OptionRow as SettingName<Row>]: SettingOf<Row> } & {
  /** PEM texts of --ca, --cert and --key. */
  readonly tls: PemTexts;
  /** PEM texts of --queue-ca, --queue-cert and --queue-key. */
  readonly queueTls: PemTexts;
  /** Limits of the names that the target accepts. */
  readonly names: NameLimits;
};

/** The source of a setting's value. */
export interface Origin {
  readonly source: 'default' | 'file' | 'environment' | 'flag';
  /** Name of the source: `--batch-bytes`, `BULK_LOAD_BATCH_BYTES`, the path of the file, or `default`. */
  readonly name: string;
}

type GivenOf<Is extends OptionRow['is']> = Is extends { readonly values: infer V extends readonly string[] }
  ? V[number]
  : Is['kind'] extends 'switch'
    ? boolean
    : Readonly<z.input<ReturnType<Kinds[Is['kind']]>>>;

/** Values that a program may pass, by key of the option, in the forms of the config file. */
export type OptionValues = { readonly [Row in OptionRow as Row['key']]?: GivenOf<Row['is']> };

/** Keys of the options that only commands have: options for output and options for loads over many machines. */
export type CommandKey = Exclude<Extract<OptionRow, { readonly group: 'output' | 'machines' }>['key'], 'config'>;
