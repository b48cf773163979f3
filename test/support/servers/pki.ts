// A private CA with certificates, which openssl creates in the folder of the test; and a TLS proxy for a cluster.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { promisify } from 'node:util';

const run = promisify(execFile);
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Paths of PEM files. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** Certificate of the CA. */
  readonly ca: string;
  /** Issues a certificate for `names` such as `IP:127.0.0.1,DNS:localhost`. A negative number of days makes an expired one. */
  issue(name: string, names: string, days?: number): Promise<Pair>;
  end(): Promise<void>;
}

export async function authority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-pki-'));
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): Promise<unknown> => run('openssl', args);
  const [ca, caKey] = [file('ca.pem'), file('ca.key')];
  await openssl('req', '-x509', ...curve, '-keyout', caKey, '-out', ca, '-days', '2', '-subj', '/CN=test-authority');
  return {
    ca,
    issue: async (name, names, days = 2) => {
      const [key, request, cert] = [file(`${name}.key`), file(`${name}.csr`), file(`${name}.pem`)];
      const asked = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`];
      await openssl('req', ...curve, '-keyout', key, '-out', request, ...asked);
      const by = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-copy_extensions', 'copy'];
      await openssl('x509', '-req', '-in', request, ...by, '-out', cert, '-days', String(days));
      return { cert, key };
    },
    end: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface TlsFront {
  readonly url: string;
  stop(): Promise<void>;
}

/** Terminates TLS and forwards the bytes. `clients`: the CA that client certificates must be signed by. */
export async function startTlsFront(target: string, { cert, key }: Pair, clients?: string): Promise<TlsFront> {
  const [certText, keyText] = await Promise.all([readFile(cert), readFile(key)]);
  const asks: TlsOptions =
    clients === undefined ? {} : { ca: await readFile(clients), requestCert: true, rejectUnauthorized: true };
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert: certText, key: keyText, ...asks }, (socket) => {
    const onward = connect(Number(new URL(target).port), '127.0.0.1').on('error', () => socket.destroy());
    sockets.add(socket.on('error', () => onward.destroy()));
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
