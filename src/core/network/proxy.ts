// Chooses the proxy of an endpoint as curl does, and opens tunnels through it.

import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import { UsageError } from '../../../core/errors.js';
import { ownCodes } from '../../../core/network/network-errors.js';
import { type ProxyUrl, parseProxyUrl } from '../../../core/network/proxy-url.js';

export interface ChosenProxy extends ProxyUrl {
  /** `--proxy`, or the environment variable. */
  readonly source: string;
}

type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy of an endpoint; null: a direct connection. `--proxy` comes before the environment, and lower case before upper
 * case. NO_PROXY applies to both. Throws UsageError for a variable that names no HTTP proxy.
 * @param given the value of `--proxy`; `none` ignores the environment
 */
export function proxyFor(endpoint: URL, given: ProxyUrl | 'none' | null, env: ProxyEnvironment): ChosenProxy | null {
  if (given === 'none' || isExcluded(endpoint.hostname, env.no_proxy || env.NO_PROXY || '')) return null;
  if (given !== null) return { ...given, source: '--proxy' };
  const scheme = endpoint.protocol.slice(0, -1);
  const names = [scheme, 'all'].flatMap((each) => [`${each}_proxy`, `${each}_proxy`.toUpperCase()]);
  const source = names.find((name) => env[name]);
  if (source === undefined) return null;
  const proxy = parseProxyUrl(env[source]!);
  if (proxy !== null) return { ...proxy, source };
  throw new UsageError([
    {
      tried: `reading the proxy in ${source}`,
      expected: 'the URL of an HTTP proxy, such as http://proxy:3128',
      found: 'another value',
      fix: 'change the variable, or use --proxy URL or --proxy none',
    },
  ]);
}

/** Whether NO_PROXY lists the host: `*`, a domain with all its subdomains, an address, or a network in CIDR notation. */
function isExcluded(hostname: string, list: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const family = isIP(host);
  return list
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const name = entry.toLowerCase().replace(/^\[|\]$/g, '');
      if (family !== 0) return name === host || isInNetwork(host, family, name);
      const domain = name.replace(/^\./, '').replace(/\.$/, '');
      return host === domain || host.endsWith(`.${domain}`);
    });
}

function isInNetwork(host: string, family: number, network: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  const width = family === 4 ? 32 : 128;
  if (isIP(address) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > width) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, Number(bits), type);
  return list.check(host, type);
}

export interface TunnelOptions {
  readonly ca: string | null;
  readonly insecure: boolean;
  readonly timeoutMs: number;
}

/** Opens a connection to an https endpoint through a proxy. An error names the proxy. */
export function openTunnel(
  proxy: ProxyUrl,
  endpoint: URL,
  { ca, insecure, timeoutMs }: TunnelOptions,
  done: (...result: [error: null, socket: Socket] | [error: Error, socket: null]) => void,
): void {
  const isTls = proxy.origin.startsWith('https:');
  const host = `${endpoint.hostname}:${endpoint.port || 443}`;
  const { hostname, port } = new URL(proxy.origin);
  const connect = (isTls ? requestTls : request)({
    method: 'CONNECT',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || (isTls ? 443 : 80),
    path: host,
    agent: false,
    timeout: timeoutMs,
    rejectUnauthorized: !insecure,
    ...(ca === null ? {} : { ca }),
    headers: { host, ...(proxy.authorization === null ? {} : { 'proxy-authorization': proxy.authorization }) },
  });
  connect.once('connect', ({ statusCode = 0 }, socket: Socket) => {
    if (statusCode === 200) return done(null, socket);
    socket.destroy();
    done(tunnelError(proxy, statusCode), null);
  });
  connect.once('timeout', () => connect.destroy(Object.assign(new Error(), { code: 'UND_ERR_CONNECT_TIMEOUT' })));
  connect.once('error', (error) => done(error, null));
  connect.end();
}

function tunnelError({ origin }: ProxyUrl, status: number): Error {
  const credentials = '; give its credentials with --proxy http://user:password@host:port';
  const advice = status === 407 ? credentials : '';
  const error = new Error(`the proxy ${origin} answered CONNECT with status ${status}${advice}`);
  // The endpoint may come back where the proxy reports that it is down.
  return status >= 500 ? error : Object.assign(error, { code: ownCodes.permanent });
}
