// Chooses the proxy of an endpoint or a remote input by the rules of curl, and opens tunnels through the proxy.

import type { ClientRequest } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import { UsageError } from '../errors.js';
import { ownCodes } from './network-errors.js';
import { bareHost, type ProxyUrl, parseProxyUrl } from './proxy-url.js';

export interface ChosenProxy extends ProxyUrl {
  /** The setting that names the proxy: `--proxy`, or the name of an environment variable. */
  readonly source: string;
}

/** The option and the environment that can name a proxy. */
export interface ProxyOptions {
  /** The value of `--proxy`; `none` ignores the environment. */
  readonly given: ProxyUrl | 'none' | null;
  readonly env: ProxyEnvironment;
}

type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the proxy of an endpoint; null means a direct connection. `--proxy` has precedence over environment
 * variables, and a variable in lower case over a variable in upper case. A host in NO_PROXY never gets a proxy. Throws
 * UsageError for a variable that is not an HTTP URL.
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

/** Tests whether NO_PROXY names the host: as `*`, a domain of the host, an address, or a network in CIDR notation. */
function isExcluded(hostname: string, list: string): boolean {
  const host = bareHost(hostname).toLowerCase();
  const family = isIP(host);
  return list
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const name = bareHost(entry.toLowerCase());
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

/** Connects to an https endpoint through a proxy, and calls `done` with the socket or an error. */
export async function openTunnel(
  proxy: ProxyUrl,
  endpoint: URL,
  options: TunnelOptions,
  done: (...result: [error: null, socket: Socket] | [error: Error, socket: null]) => void,
): Promise<void> {
  const socket = await tunnel(proxy, endpoint, options).catch((error: Error) => error);
  if (socket instanceof Error) done(socket, null);
  else done(null, socket);
}

/**
 * Sends a CONNECT request and returns the tunnel's socket. Imports Node's HTTP modules only here, because few runs open
 * a tunnel.
 */
async function tunnel(proxy: ProxyUrl, endpoint: URL, { ca, insecure, timeoutMs }: TunnelOptions): Promise<Socket> {
  const isTls = proxy.origin.startsWith('https:');
  const { request } = await import(isTls ? 'node:https' : 'node:http');
  const host = `${endpoint.hostname}:${endpoint.port || 443}`;
  const { hostname, port } = new URL(proxy.origin);
  const connect: ClientRequest = request({
    method: 'CONNECT',
    host: bareHost(hostname),
    port: port || (isTls ? 443 : 80),
    path: host,
    agent: false,
    timeout: timeoutMs,
    rejectUnauthorized: !insecure,
    ...(ca === null ? {} : { ca }),
    headers: { host, ...(proxy.authorization === null ? {} : { 'proxy-authorization': proxy.authorization }) },
  });
  return await new Promise((resolve, reject) => {
    connect.once('connect', ({ statusCode = 0 }, socket: Socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(tunnelError(proxy, statusCode));
    });
    connect.once('timeout', () => connect.destroy(Object.assign(new Error(), { code: 'UND_ERR_CONNECT_TIMEOUT' })));
    connect.once('error', reject);
    connect.end();
  });
}

function tunnelError({ origin }: ProxyUrl, status: number): Error {
  const credentials = '; give the credentials of the proxy with --proxy http://user:password@host:port';
  const advice = status === 407 ? credentials : '';
  const error = new Error(`the proxy ${origin} answered CONNECT with status ${status}${advice}`);
  // A status of 500 or more means that the proxy cannot connect to the endpoint now. A retry may succeed.
  return status >= 500 ? error : Object.assign(error, { code: ownCodes.permanent });
}
