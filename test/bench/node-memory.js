// Peak memory of a real CnosDB node against the plan of bulk-load, for time buckets and body sizes. Needs `cnosdb` on the
// PATH, or its path in CNOSDB; without it nothing runs. Each load gets a fresh node on 127.0.0.1. Figures: fixtures/scenarios/node-memory.json.
// node node-memory.js [--points N] [--days 1,13] [--bodies 128KiB,512KiB]

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const binary = process.env.CNOSDB ?? 'cnosdb';
const port = 28_902;
const url = `http://127.0.0.1:${port}`;
const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '1000000' },
    days: { type: 'string', default: '1,13' },
    bodies: { type: 'string', default: '128KiB,512KiB' },
  },
});
/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

if (spawnSync(binary, ['--version']).error) {
  say('skipped: no cnosdb on the PATH');
  process.exit();
}

const folder = mkdtempSync(join(tmpdir(), 'bulk-load-node-memory-'));

/** @param {number} days */
async function inputOf(days) {
  const path = join(folder, `${days}.lp`);
  const points = Number(values.points);
  const file = createWriteStream(path);
  for (let i = 0; i < points; i += 1) {
    const time = 1_640_995_200_000 + Math.floor((i / points) * days * 86_400_000);
    const line = `readings,name=truck_${i % 500},fleet=South,driver=Trish,model=H_2 latitude=${52 + (i % 99) / 7},longitude=${i % 31}.25,velocity=${i % 90},fuel_consumption=${i % 17}.5,heading=${i % 360} ${time}000000\n`;
    if (!file.write(line)) await once(file, 'drain');
  }
  await once(file.end(), 'close');
  return path;
}

async function startNode() {
  const data = mkdtempSync(join(folder, 'node-'));
  const config = join(data, 'cnosdb.toml');
  const text = `[global]
node_id = 1001
cluster_name = "bench"
[deployment]
mode = "singleton"
cpu = 2
memory = 8
[meta]
service_addr = ["127.0.0.1:${port - 1}"]
[storage]
path = "${data}/db"
[wal]
path = "${data}/wal"
[log]
level = "warn"
path = "${data}/log"
[service]
http_listen_port = ${port}
grpc_listen_port = ${port + 1}
enable_report = false
`;
  writeFileSync(config, text);
  const node = spawn(binary, ['run', '--config', config], { stdio: 'ignore' });
  for (let i = 0; i < 240; i += 1) {
    const ok = await fetch(`${url}/api/v1/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ok) return node;
    await setTimeout(250);
  }
  throw new Error('cnosdb does not answer');
}

try {
  for (const days of values.days.split(',').map(Number)) {
    const input = await inputOf(days);
    for (const body of values.bodies.split(',')) {
      const node = await startNode();
      const options = ['--url', url, '--db', 'bench', '--create-db', '--db-options', "VNODE_DURATION '1d'"];
      const rest = ['--batch-bytes', body, '--state-dir', join(folder, 'state'), '--fresh', '--summary', '-', input];
      const load = spawn(process.execPath, [program, ...options, '--quiet', ...rest], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      load.stdout.on('data', (chunk) => (text += chunk));
      const [code] = await once(load, 'close');
      const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))?.[1]) / 1024;
      const plan = (JSON.parse(text).target.planBytesPerNode ?? 0) / 1024 ** 2;
      say(
        `${days} time buckets, bodies of ${body}: code ${code}, peak ${peak.toFixed(0)} of ${plan.toFixed(0)} MiB planned (${(peak / plan).toFixed(2)})`,
      );
      node.kill();
      await once(node, 'exit');
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
