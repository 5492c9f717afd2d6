import type { SecureServerOptions } from 'node:http2';
import { createIdentity } from '../../../packages/go-plugin/src/tls/certificate.ts';
import { mutualTls } from '../../../packages/go-plugin/src/tls/options.ts';

/** The mutual TLS that the host asks for, and the certificate as the handshake line has it. */
export function secured(clientCertificate: string): {
  options: SecureServerOptions;
  certificate: string;
} {
  const identity = createIdentity();
  return {
    options: mutualTls(identity, clientCertificate),
    certificate: identity.der.toString('base64').replace(/=+$/, ''),
  };
}
