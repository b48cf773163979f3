// File systems that are full, read-only, without a place for a name, or of another user: each load ends with an outcome.
// Every case has a mount namespace, which only root can make. `npm test` takes the first cases.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster/cluster.js';
import { watch } from '../../support/programs/process.js';
import { lines } from '../../support/scene.js';
import { attempts } from './support.js';

const PROGRAM = fileURLToPath(new URL('../../../bin/bulk-load.js', import.meta.url));
const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 't', '/mnt']).status === 0;
const canSwitch = spawnSync('setpriv', [...nobody, 'test', '-r', PROGRAM]).status === 0;

const shell = `
load() { "$NODE" "$PROGRAM" --url "$URL" --db db --turn-dir turns --progress none "$@"; }
as_nobody() { setpriv ${nobody.join(' ')} "$@"; }
slow() { exec setpriv --reuid=$1 --regid=65534 --clear-groups "$NODE" "$PROGRAM" --url "$URL" --db slow --turn-dir turns \
  --progress none --retry-for 5s --state-dir w/$1 a.lp; }
held_by_nobody() { mkdir -m 1777 turns; mkdir -m 777 w; slow 65534 & until ls turns/*.lock 2>&-; do sleep 0.1; done
  lock=$(ls turns/*.lock); kill -9 $!; wait; }
finds() { (slow 65533) 2> e; [ $? = 75 ] && grep -q "found *$1" e || exit 99; }
disk() { mkdir $1; mount -t tmpfs -o $2 t $1; chmod 700 $1; }
full() { disk $1 size=4k; head -c 4096 /dev/zero > $1/filler; }
long() { head -c $1 /dev/zero | tr '\\0' x; }
`;

/** Scripts by what they try, and the exit codes that are right. */
const cases: readonly (readonly [title: string, script: string, codes: readonly number[]])[] = [
  ['a state directory on a full disk', 'full s; load --state-dir s a.lp', [73]],
  [
    'a pipe for every state file',
    'load --state-dir s bad.lp; for f in s/*; do rm $f; mkfifo $f; done; load --state-dir s bad.lp',
    [73],
  ],
  ['the state directory of another user', 'mkdir -m 700 s; chown 65534 s; load --state-dir s a.lp', [73]],
  ['the working directory removed', 'mkdir d; cd d; rmdir ../d; load a.lp', [2]],
  [
    'another run of it in a container of the same host name',
    `container() { exec unshare -p -f --kill-child --mount-proc "$NODE" "$PROGRAM" --url "$URL" --db slow --state-dir s a.lp; }
     container 2> first & until ls s/*.lock 2>&-; do sleep 0.1; done; (container); code=$?
     kill -9 $!; wait; ! grep -q 'exit code 73' first || exit 99; exit $code`,
    [75],
  ],
  ['a read-only state directory', 'disk s size=1m; mount -o remount,ro s; load --state-dir s a.lp', [73]],
  ['a state directory without inodes', 'disk s nr_inodes=1; load --state-dir s bad.lp', [73]],
  ['dead letters that fill the disk', 'disk s size=64k; load --state-dir s --max-rejected 100% bad.lp', [73]],
  ['a summary on a full disk', 'full o; load --state-dir s --summary o/s.json a.lp', [73]],
  ['a report on a full disk', 'full o; load --state-dir s --report o/r.html a.lp', [73]],
  ['metrics on a full disk', 'full o; load --state-dir s --metrics-file o/m.prom a.lp', [73]],
  ['a report that fills the disk', 'disk o size=8k; load --state-dir s --report o/r.html a.lp', [73]],
  ['a dry run on a full disk', 'full o; load --state-dir s --dry-run=o/o.lp a.lp', [73]],
  ['a dry run into a full device', 'load --state-dir s --dry-run=/dev/full a.lp', [73]],
  ['a summary into a full device', 'load --state-dir s --summary - a.lp > /dev/full', [73]],
  ['messages into a full device', 'load --state-dir s a.lp 2> /dev/full', [0]],
  ['no open descriptors', 'load --state-dir s a.lp <&- >&- 2>&-', [0]],
  ['a name of 255 bytes', 'cp a.lp $(long 255); load --state-dir s --format lp $(long 255)', [0]],
  ['a name of 256 bytes', 'load --state-dir s $(long 256)', [2]],
  ['a path of 5,000 bytes', 'load --state-dir s $(long 5000 | sed "s#x\\{100\\}#&/#g")', [2]],
  ['a state directory of 255 bytes', 'load --state-dir $(long 255) a.lp', [0]],
  [
    'a directory with links to itself',
    'mkdir i; cp a.lp i; ln -s . i/i; ln -s nowhere i/n.lp; load --state-dir s i',
    [0],
  ],
  ['a link to itself', 'ln -s l l; load --state-dir s l', [2]],
  ['random bytes as input', 'load --state-dir s /dev/urandom', [3, 7]],
  ['a configuration without an end', 'load --state-dir s --config /dev/zero a.lp', [2]],
  ['certificates without an end', 'load --state-dir s --ca /dev/zero a.lp', [2]],
  ['20 open files', 'ulimit -n 20; load --state-dir s a.lp', [0, 73]],
  ['files of 4 KiB', 'ulimit -f 8; load --state-dir s --max-rejected 100% bad.lp', [73]],
  ['no temporary directory', 'TMPDIR=/nowhere load --state-dir s a.lp', [0]],
  ['no home', 'unset XDG_STATE_HOME; HOME=/proc/nowhere load a.lp', [73]],
  [
    'turns that no file system takes',
    'sed s/^m/n/ a.lp > b.lp; load --state-dir s --turn-dir /proc/nowhere b.lp',
    [73],
  ],
  [
    'the lock of another user whose load was killed, or a link to /dev/zero, a pipe or a file of 3 GB in its place',
    `held_by_nobody; finds 'a lock of user 65534 of pid'; rm $lock; ln -s /dev/zero $lock; finds 'a symbolic link'
     rm $lock; mkfifo $lock; finds 'something other'; rm $lock; truncate -s 3G $lock; finds 'a file of 3221225472'; exit 75`,
    [75],
  ],
  [
    'a state directory that root owns',
    'mkdir -m 755 s; URL=$URL as_nobody "$NODE" "$PROGRAM" --url "$URL" --db db --state-dir s a.lp',
    [73],
  ],
  [
    'a file that only root reads',
    'mkdir -m 777 w; chmod 600 a.lp; as_nobody "$NODE" "$PROGRAM" --url "$URL" --db db --state-dir w/s a.lp',
    [7],
  ],
];

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ databases: ['db', 'slow'] });
  cluster.setScript({ onWrite: ({ path }) => (path.includes('db=slow') ? { hang: true } : {}) });
});
afterAll(() => cluster.stop());

const chosen = cases.filter(([, script]) => canSwitch || !/nobody/.test(script));

test.runIf(canMount).each(chosen.slice(0, attempts(5, cases.length)))(
  'a load with %s ends with its outcome',
  { timeout: 120_000 },
  async (_, script, codes) => {
    const folder = await mkdtemp(join(tmpdir(), 'bulk-load-attack-'));
    await writeFile(join(folder, 'a.lp'), lines(50));
    await writeFile(
      join(folder, 'bad.lp'),
      `${lines(5)}${'m f=1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 1\n'.repeat(900)}`,
    );
    const child = spawn('unshare', ['-m', 'sh', '-c', `chmod 755 .${shell}${script}`], {
      ...{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 100_000, killSignal: 'SIGKILL' },
      env: { ...process.env, NODE: process.execPath, PROGRAM, URL: cluster.urls[0] },
    });
    const { code, stderr } = await watch(child).ended;
    await rm(folder, { recursive: true });
    expect(stderr).not.toMatch(/defect of bulk-load|\n {4}at /);
    expect(codes, stderr).toContain(code);
  },
);
