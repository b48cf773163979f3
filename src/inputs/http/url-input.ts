// Creates inputs from URLs. A URL is requested once to learn the size of the object. The load later opens the input
// like a file.

import { InputError, UsageError } from '../../core/errors.js';
import type { Input } from '../../core/types/index.js';
import { decompress } from '../open.js';
import { type ObjectLocation, urlLocation } from './location.js';
import { openObject, type RetryTiming } from './object-source.js';
import { RemoteObject } from './remote-object.js';
import { urlIdentity, urlName } from './url-name.js';
import type { Web } from './web-client.js';

const defaultTiming: RetryTiming = { openMs: 15_000, readMs: 300_000 };

/** Creates an input from a remote object. `size` is null if the server does not send a size. */
export function objectInput(
  web: Web,
  location: ObjectLocation,
  path: string,
  size: number | null,
  timing = defaultTiming,
): Input {
  const { name } = location;
  return {
    name,
    path,
    size,
    open: async (signal, room) => {
      const raw = await openObject(new RemoteObject(web, location), timing, signal);
      return await decompress(raw, name, signal, room);
    },
  };
}

/** Creates an input from a URL. Requests the object as `probeObject` does, and throws the same errors. */
export async function urlInput(web: Web, text: string, timing = defaultTiming): Promise<Input> {
  const url = new URL(text);
  const name = urlName(url);
  return await probeObject(web, urlLocation(web, name, url), urlIdentity(url), timing);
}

/**
 * Requests the first byte of an object to learn its size. Throws UsageError if the object does not exist or access is
 * denied. An unreachable object becomes an input of size 0, and is requested again when the load opens it.
 */
export async function probeObject(
  web: Web,
  location: ObjectLocation,
  path: string,
  timing = defaultTiming,
): Promise<Input> {
  const { name } = location;
  const object = new RemoteObject(web, location);
  const part = await object.part(0, 1, new AbortController().signal).catch((error: unknown) => {
    if (error instanceof InputError) throw new UsageError([error.problem ?? error.message]);
    throw error;
  });
  if (part !== null && 'transient' in part) {
    if (part.transient) return objectInput(web, location, path, 0, timing);
    throw new UsageError([
      { tried: `reading ${name}`, expected: 'an input that can be read', found: part.reason, fix: '' },
    ]);
  }
  part?.body.destroy();
  return objectInput(web, location, path, object.size, timing);
}
