import { expect, test } from 'vitest';
import { RefusedError } from '../../src/core/errors.js';
import {
  assertResumable,
  type Cluster,
  clusterOf,
  type FoundTarget,
  isLoadedInto,
  isSameCluster,
} from '../../src/state/cluster.js';

const urls = (...all: string[]): URL[] => all.map((each) => new URL(each));
const addresses: Record<string, string[]> = { a: ['10.0.0.1'], b: ['10.0.0.2', 'fd00::2'], alias: ['10.0.0.1'] };

async function cluster(id: string | null, ...all: string[]): Promise<Cluster> {
  return await clusterOf(urls(...all), id, async (host) => {
    const found = addresses[host];
    if (found === undefined) throw new Error('ENOTFOUND');
    return found.map((address) => ({ address }));
  });
}

test('endpoints are known by name and by resolved address, each with its port', async () => {
  expect((await cluster(null, 'http://a:8902', 'https://b')).endpoints).toEqual([
    '10.0.0.1:8902',
    '10.0.0.2:443',
    'a:8902',
    'b:443',
    'fd00::2:443',
  ]);
  expect((await cluster(null, 'http://unknown')).endpoints).toEqual(['unknown:80']);
});

test('a common endpoint makes two descriptions one cluster, also under another name', async () => {
  const known = await cluster(null, 'http://a:8902', 'http://b:8902');
  expect(isSameCluster(known, await cluster(null, 'http://b:8902'))).toBe(true);
  expect(isSameCluster(known, await cluster(null, 'http://alias:8902'))).toBe(true);
  expect(isSameCluster(known, await cluster(null, 'http://a:8903'))).toBe(false);
  expect(isSameCluster(known, await cluster(null, 'http://c:8902'))).toBe(false);
});

test('the id that a target reports decides before its endpoints', async () => {
  const known = await cluster('one', 'http://a:8902');
  expect(isSameCluster(known, await cluster('two', 'http://a:8902'))).toBe(false);
  expect(isSameCluster(known, await cluster('one', 'http://c:8902'))).toBe(true);
  expect(isSameCluster(known, await cluster(null, 'http://a:8902'))).toBe(true);
});

const here: Cluster = { endpoints: ['a:8902'], id: null };
const there: Cluster = { endpoints: ['b:8902'], id: null };
const entry = { path: '/a.lp', loaded: 5, tables: ['m'], cluster: here };
const found = (change: Partial<FoundTarget> = {}): FoundTarget => ({
  cluster: here,
  isCreated: false,
  tables: new Set(['m']),
  ...change,
});

test('--skip-loaded leaves an input out only where its points are', () => {
  expect(isLoadedInto(entry, found(), false)).toBe(true);
  expect(isLoadedInto(entry, found({ tables: null }), false)).toBe(true);
  expect(isLoadedInto(entry, found({ isCreated: true }), true)).toBe(false);
  expect(isLoadedInto(entry, found({ tables: new Set(['other']) }), true)).toBe(false);
  expect(isLoadedInto(entry, found({ cluster: there }), false)).toBe(false);
  expect(isLoadedInto(entry, found({ cluster: there }), true)).toBe(true);
  expect(isLoadedInto({ ...entry, cluster: undefined }, found(), false)).toBe(false);
});

test('a load into another cluster is refused, and --same-target allows it', async () => {
  const resume = (target: FoundTarget, sameTarget: boolean) => assertResumable(here, [entry], target, sameTarget);
  await resume(found(), false);
  await resume(found({ cluster: there }), true);
  await assertResumable(undefined, [entry], found({ cluster: there }), false);
  await expect(resume(found({ cluster: there }), false)).rejects.toThrow(RefusedError);
  await expect(resume(found({ cluster: there }), false)).rejects.toThrow(/--same-target.*--fresh/);
});

test('a load whose tables the target lacks is refused, also with --same-target', async () => {
  const empty = found({ tables: new Set() });
  await expect(assertResumable(here, [entry], empty, true)).rejects.toThrow(
    'resuming the load: expected the table "m", into which an earlier run loaded points of /a.lp, found a database without this table. Load everything into this database with --fresh.',
  );
  await assertResumable(here, [{ ...entry, loaded: 0 }], empty, true);
  await assertResumable(here, [{ ...entry, tables: undefined }], empty, true);
});

test('the system resolves a name to each of its addresses', async () => {
  const { endpoints } = await clusterOf([new URL('http://127.0.0.1:8902'), new URL('https://[::1]')], null);
  expect(endpoints).toEqual(['127.0.0.1:8902', '::1:443', '[::1]:443']);
  expect((await clusterOf(urls('http://localhost'), null)).endpoints).toContainEqual(
    expect.stringMatching(/^(127\.0\.0\.1|::1):80$/),
  );
});
