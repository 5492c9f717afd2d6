import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createIdentity, toPem } from '../src/tls/certificate.ts';

describe('a throw-away certificate', () => {
  it('is what go-plugin expects of both sides', () => {
    const identity = createIdentity(new Date('2026-11-23T12:00:00Z'));
    const certificate = new X509Certificate(identity.der);
    expect(certificate).toMatchObject({
      ca: true,
      subject: 'CN=localhost',
      issuer: 'CN=localhost',
      subjectAltName: 'DNS:localhost',
      keyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'],
      validFrom: 'Nov 23 11:59:30 2026 GMT',
      validTo: 'Nov 23 12:00:00 2056 GMT',
    });
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(identity.key))).toBe(true);
    expect(certificate.checkIssued(certificate)).toBe(true);
  });

  it('is accepted as PEM by OpenSSL, with the critical extensions', () => {
    const { cert } = createIdentity();
    const text = execFileSync('openssl', ['x509', '-text', '-noout'], { input: cert }).toString();
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE/);
    expect(text).toMatch(
      /Key Usage: critical\s+Digital Signature, Key Encipherment, Key Agreement, Certificate Sign/,
    );
    expect(text).toMatch(/Signature Algorithm: ecdsa-with-SHA256/);
    expect(text).toMatch(/Subject Key Identifier:/);
  });

  it('has a positive serial, parses, and survives PEM for every length of its DER', () => {
    const remainders = new Set<number>();
    for (let run = 0; run < 400 && (run < 60 || remainders.size < 3); run++) {
      const { der, cert } = createIdentity();
      const parsed = new X509Certificate(cert);
      expect(parsed.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
      expect(parsed.raw).toEqual(der);
      expect(toPem(der)).toBe(parsed.toString());
      remainders.add(der.length % 3);
    }
    expect(remainders).toEqual(new Set([0, 1, 2]));
  });

  it.each([
    ['2019-06-01T00:00:00Z', 'Jun  1 00:00:00 2049 GMT'],
    ['2020-06-01T00:00:00Z', 'Jun  1 00:00:00 2050 GMT'],
    ['2024-02-29T00:00:00Z', 'Mar  1 00:00:00 2054 GMT'],
  ])('made at %s is valid until %s', (now, until) => {
    expect(new X509Certificate(createIdentity(new Date(now)).der).validTo).toBe(until);
  });
});
