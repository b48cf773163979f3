// Examples on the pages of the help.

import type { OptionGroup } from '../../config/options.js';

export const generalExamples = `Examples:
  bulk-load --url http://host:8902 --db bench 'data/**/*.lp.gz'
  zcat big.lp.gz | bulk-load --db bench -
  bulk-load check --db bench data/          show how the load would end
  bulk-load serve --listen 127.0.0.1:8902   run an embedded server for a first try
  source <(bulk-load completion bash)       or zsh; fish: bulk-load completion fish | source
  bulk-load help memory                     print one group of options
`;

export const commandExamples = {
  check: [
    "bulk-load check --url http://host:8902 --db bench 'data/**/*.lp.gz'",
    'bulk-load check --db bench --quiet --summary plan.json data/ && bulk-load --db bench data/',
  ],
  audit: [
    "bulk-load audit --url http://host:8902 --db bench 'data/**/*.lp.gz'",
    'bulk-load audit --db bench --repair --report audit.html data/',
    'bulk-load audit --db bench --since 2024-01-01 --until 2024-02-01 data/',
  ],
  serve: [
    'bulk-load serve                                                  Ctrl-C ends it',
    'bulk-load serve --listen :0 --ready-file url --data ./cnosdb     any free port, data on disk',
    'bulk-load serve --db bench --seed data.lp',
  ],
  plan: [
    "bulk-load plan --db bench --plan plan.json 'data/**/*.lp'",
    'bulk-load plan --db bench --plan plan.json --piece-bytes 1GiB big.csv',
  ],
  worker: [
    "bulk-load worker --queue redis://redis:6379 --url http://host:8902 --db bench --allow-input '/data/**'",
    "bulk-load worker --queue rediss://loader@redis:6380 --queue-password-file pass --db bench --allow-input 's3://bucket/**'",
  ],
  status: ['bulk-load status --queue redis://redis:6379'],
  stop: ['bulk-load stop --queue redis://redis:6379 0123456789ab'],
  reconcile: ['bulk-load reconcile --plan plan.json shard-*.json'],
  completion: [
    'source <(bulk-load completion bash)',
    'source <(bulk-load completion zsh)',
    'bulk-load completion fish | source',
  ],
  help: ['bulk-load help check', 'bulk-load help delivery'],
} as const;

export function exampleList(lines: readonly string[]): string {
  return `Examples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

export const groupExamples: Readonly<Record<OptionGroup, readonly string[]>> = {
  target: [
    'bulk-load --url http://node1:8902,http://node2:8902 --db bench data/',
    'BULK_LOAD_PASSWORD=secret bulk-load --url https://host:8902 --ca ca.pem --user loader --db bench data/',
    'bulk-load --db bench --create-db --db-options "SHARD 3 REPLICA 2 TTL \'30d\'" data/',
  ],
  input: [
    'bulk-load --db bench --precision ms data.lp',
    'bulk-load --db bench --missing-timestamp now --min-points 1000 data.lp',
    'bulk-load --db bench --expect-time 2024-01-01..2025-01-01 data.lp',
  ],
  mapping: [
    'bulk-load --db bench --measurement cpu --tags host --time-column time --time-format s data.csv',
    "bulk-load --db bench --measurement '{kind}' --fields temp:float,count:integer:n data.ndjson",
  ],
  batch: [
    'bulk-load --db bench --batch-points 5000 --batch-bytes 512KiB data/',
    'tail -F live.lp | bulk-load --db bench --batch-linger 1s -',
  ],
  delivery: [
    'bulk-load --db bench --workers 4 --retry-for forever data/',
    'bulk-load --db bench --rate-points 50000 --max-duration 6h data/',
    'bulk-load --db bench --max-rejected 1% --accept-rejects 100 data/',
  ],
  memory: [
    'bulk-load --db bench --memory-limit 256MiB data/',
    'bulk-load --db bench --target-memory 1GiB data/    memory of each target node',
    'bulk-load --db bench --stage 5GiB data/            wait for a flush after each 5 GiB',
  ],
  state: [
    'bulk-load --db bench data/             after a stop, the same command resumes the load',
    'bulk-load --db bench --skip-loaded data/',
    'bulk-load --db bench --verify data/',
  ],
  machines: [
    "bulk-load plan --db bench --plan plan.json 'data/**/*.lp'",
    'bulk-load --plan plan.json --shard 3/16 --summary shard-3.json',
    'bulk-load reconcile --plan plan.json shard-*.json',
    "bulk-load worker --queue redis://redis:6379 --db bench --allow-input '/data/**'    on each machine",
    "bulk-load --queue redis://redis:6379 --db bench --allow-input '/data/**' /data/2024/",
  ],
  output: [
    'bulk-load --db bench --quiet --summary last.json data/',
    'bulk-load --db bench --progress json data/ 2>events.ndjson',
    'bulk-load --db bench --metrics-file /var/lib/node_exporter/bulk-load.prom data/',
  ],
};
