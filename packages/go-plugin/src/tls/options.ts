import type { Identity } from './certificate.ts';

/** One configuration for both roles: each side is TLS server for some connections and TLS client for others. */
export interface MutualTls {
  readonly key: string;
  readonly cert: string;
  /** Only the peer's own certificate: nobody else is trusted, not even the system's roots. */
  readonly ca: string;
  readonly requestCert: true;
  readonly rejectUnauthorized: true;
  readonly servername: 'localhost';
  readonly minVersion: 'TLSv1.2';
  /** gRPC refuses TLS connections without it. A fresh list, because Node.js declares it mutable. */
  readonly ALPNProtocols: string[];
}

/** @param peer the peer's certificate as PEM */
export function mutualTls(identity: Identity, peer: string): MutualTls {
  return {
    key: identity.key,
    cert: identity.cert,
    ca: peer,
    requestCert: true,
    rejectUnauthorized: true,
    servername: 'localhost',
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['h2'],
  };
}
