// The kinds of option values. For each kind, a function creates a zod type from the parameters in the option's row.

import { constants, contextMap, fields, tags } from './columns.js';
import { address, headers, proxy, urls } from './network.js';
import { count, countOrPercent, duration, size, sizeOrPercent } from './numbers.js';
import { queue } from './queue.js';
import { character, choice, encoding, onOff, path, patterns, secret, switchOrPath, text, words } from './texts.js';
import { timeFormat, timeRange, timezone } from './times.js';

export const kinds = {
  address,
  character,
  choice,
  constants,
  contextMap,
  count,
  countOrPercent,
  duration,
  encoding,
  fields,
  headers,
  path,
  patterns,
  proxy,
  queue,
  secret,
  size,
  sizeOrPercent,
  switch: onOff,
  switchOrPath,
  tags,
  text,
  timeFormat,
  timeRange,
  timezone,
  urls,
  words,
};

export type Kinds = typeof kinds;
