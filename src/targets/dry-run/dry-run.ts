import {
  type Attempt,
  type Clock,
  defaultDatabaseSettings,
  type EncodedBody,
  type Target,
  type TargetTraits,
} from '../../core/types/index.js';
import { createCustomTarget } from '../custom/custom-target.js';
import type { OutputSink } from './output-sink.js';

/**
 * Creates a target that writes each body to a sink, in the order of the calls of `write`. All stages before the target
 * work as in a real load.
 */
export function createDryRun(sink: OutputSink, clock: Clock, traits: TargetTraits): Target {
  return createCustomTarget({
    traits,
    async describe() {
      await sink.open();
      return { kind: 'dry-run', version: null, endpoints: [], database: defaultDatabaseSettings };
    },
    async write({ bytes }: EncodedBody): Promise<Attempt> {
      const start = clock.monotonic();
      await sink.write(bytes);
      const latencyMs = clock.monotonic() - start;
      return { verdict: { kind: 'accepted' }, endpoint: sink.name, latencyMs, sentBytes: bytes.length };
    },
    close: (complete = false) => sink.close(complete),
  });
}
