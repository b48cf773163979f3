// The recipe for Kubernetes on the page about many machines, against what the API of batch/v1 takes.

import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { outcomeNames, outcomeRow } from '../../src/core/outcomes.js';
import { parseShard } from '../../src/fleet/shards.js';
import { options } from '../../src/load/option-table.js';
import { fences, readPage } from '../support/manual.js';

const page = await readPage('src/manual/fleet.md');
const manifest: unknown = parseDocument(fences(page).find(({ file }) => file === 'shards.yaml')!.body, {
  strict: true,
}).toJS();

const name = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const natural = z.int().nonnegative();

/** The part of a Job that the recipe uses. The API refuses fields that it does not know. */
const job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.strictObject({ name }),
  spec: z
    .strictObject({
      completionMode: z.literal('Indexed'),
      completions: natural.max(100_000),
      parallelism: natural.max(100_000),
      backoffLimitPerIndex: natural,
      maxFailedIndexes: natural,
      podFailurePolicy: z.strictObject({
        rules: z.array(
          z.strictObject({
            action: z.enum(['FailIndex', 'FailJob', 'Ignore', 'Count']),
            onExitCodes: z.strictObject({
              operator: z.enum(['In', 'NotIn']),
              values: z.array(z.int().positive()).max(255),
            }),
          }),
        ),
      }),
      template: z.strictObject({
        spec: z.strictObject({
          restartPolicy: z.literal('Never'),
          securityContext: z.strictObject({ runAsNonRoot: z.boolean(), runAsUser: natural, fsGroup: natural }),
          containers: z.array(
            z.strictObject({
              name,
              image: z.string(),
              args: z.array(z.string()),
              env: z.array(
                z.strictObject({
                  name: z.string().regex(/^[A-Z_]+$/),
                  valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name, key: name }) }),
                }),
              ),
              resources: z.strictObject({ limits: z.strictObject({ memory: z.string().regex(/^\d+Mi$/) }) }),
              volumeMounts: z.array(z.strictObject({ name, mountPath: z.string().startsWith('/') })),
            }),
          ),
          volumes: z.array(z.strictObject({ name, persistentVolumeClaim: z.strictObject({ claimName: name }) })),
        }),
      }),
    })
    .refine(({ completions, maxFailedIndexes }) => maxFailedIndexes <= completions),
});

test('the manifest of an Indexed Job is one that the API takes, and repeats nothing that is final', () => {
  const { spec } = job.parse(manifest);
  const final = outcomeNames.map((each) => outcomeRow(each)).filter(({ retryUnattended }) => retryUnattended === false);
  expect(spec.podFailurePolicy.rules[0]!.onExitCodes.values).toEqual(final.map(({ exitCode }) => exitCode));
  const [container] = spec.template.spec.containers;
  expect(container!.volumeMounts.map((mount) => mount.name)).toEqual(
    spec.template.spec.volumes.map((each) => each.name),
  );
});

test('the shards of the manifest are as many as its completions, and its options exist', () => {
  const { spec } = job.parse(manifest);
  const { args } = spec.template.spec.containers[0]!;
  const given = args.filter((word) => word.startsWith('--')).map((word) => word.slice(2));
  const known = options.rows.map(({ key }) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  expect(given.length).toBeGreaterThan(3);
  expect(given.filter((word) => !known.includes(word))).toEqual([]);
  const shard = args[args.indexOf('--shard') + 1]!;
  expect(parseShard(shard, { JOB_COMPLETION_INDEX: '15' })).toEqual({ index: 16, of: spec.completions });
});
