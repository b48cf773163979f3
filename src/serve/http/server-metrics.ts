// The Prometheus metrics of CnosDB that this server can provide.

import type { Store } from '../storage/store.js';

const NODE = '1001';
const helps: Record<string, readonly [string, string]> = {
  http_data_in: ['counter', 'Count the body of http request'],
  http_data_out: ['counter', 'Count the body of http response'],
  http_queries: ['counter', 'the number of query requests received by the user'],
  http_writes: ['counter', 'the number of write requests received by the user'],
};

/** Counters of one server, by name and labels. */
export class ServerMetrics {
  readonly #host: string;
  readonly #counters = new Map<string, Map<string, number>>();

  constructor(host: string) {
    this.#host = host;
  }

  /** Counts a write. `bytes` is the size on the wire. */
  wrote(database: string, bytes: number): void {
    const labels = this.#labels('api/v1/write', database);
    this.#add('http_writes', labels, 1);
    this.#add('http_data_in', labels, bytes);
  }

  queried(bytesIn: number, bytesOut: number): void {
    const labels = this.#labels('api/v1/sql', null);
    this.#add('http_queries', labels, 1);
    this.#add('http_data_in', labels, bytesIn);
    this.#add('http_data_out', labels, bytesOut);
  }

  text(store: Store): string {
    const lines = [...this.#counters].sort(byName).flatMap(([name, series]) => {
      const [type, help] = helps[name];
      const values = [...series].sort(byName).map(([labels, value]) => `${name}{${labels}} ${value}`);
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...values];
    });
    lines.push('# HELP vnode_cache_size_total cache size of vnode', '# TYPE vnode_cache_size_total gauge');
    let vnode = 0;
    for (const { name, cached } of store.databases.values())
      lines.push(
        `vnode_cache_size_total{database="${escapeLabel(name)}",node_id="${NODE}",tenant="cnosdb",vnode_id="${++vnode}"} ${cached}`,
      );
    return `${lines.join('\n')}\n`;
  }

  #labels(api: string, database: string | null): string {
    const where = database === null ? '' : `database="${escapeLabel(database)}",`;
    return `api="${api}",${where}host="${this.#host}",node_id="${NODE}",tenant="cnosdb",user="root"`;
  }

  #add(name: string, labels: string, by: number): void {
    let series = this.#counters.get(name);
    if (series === undefined) {
      series = new Map();
      this.#counters.set(name, series);
    }
    series.set(labels, (series.get(labels) ?? 0) + by);
  }
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
