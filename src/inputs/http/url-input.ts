// A URL as an input: asked for its size once when it is named, and opened like a file.

import { InputError, UsageError } from '../../core/errors.js';
import type { Input } from '../../core/types/index.js';
import { decompress } from '../open.js';
import { type ObjectLocation, urlLocation } from './location.js';
import { openObject, type RetryTiming } from './object-source.js';
import { RemoteObject } from './remote-object.js';
import { urlName } from './url-name.js';
import type { Web } from './web-client.js';

const patience: RetryTiming = { openMs: 15_000, readMs: 300_000 };

/** `size` where it is known already. */
export function objectInput(
  web: Web,
  place: ObjectLocation,
  path: string,
  size: number | null,
  wait = patience,
): Input {
  const { name } = place;
  return {
    name,
    path,
    size,
    open: async (signal, room) => {
      const raw = await openObject(new RemoteObject(web, place), wait, signal);
      return await decompress(raw, name, signal, room);
    },
  };
}

/** As `probeObject`. */
export async function urlInput(web: Web, text: string, wait = patience): Promise<Input> {
  const url = new URL(text);
  const name = urlName(url);
  return await probeObject(web, urlLocation(web, name, url), name, wait);
}

/**
 * Throws UsageError for a place that cannot be right: nothing there, or not for us. One that cannot be reached now is an
 * input all the same, which is tried again when its turn comes.
 */
export async function probeObject(web: Web, place: ObjectLocation, path: string, wait = patience): Promise<Input> {
  const { name } = place;
  const object = new RemoteObject(web, place);
  const part = await object.part(0, 1, new AbortController().signal).catch((error: unknown) => {
    if (error instanceof InputError) throw new UsageError([error.message]);
    throw error;
  });
  if (part !== null && 'later' in part) {
    if (!part.later) throw new UsageError([`${name}: expected an input that can be read, got ${part.reason}`]);
    return objectInput(web, place, path, 0, wait);
  }
  part?.body.destroy();
  return objectInput(web, place, path, object.size, wait);
}
