import { generateKeyPairSync, hash, randomBytes, sign } from 'node:crypto';

/** A throw-away identity of one side, for the lifetime of one plugin process. The key never leaves the process. */
export interface Identity {
  readonly der: Buffer;
  /** `der` as PEM. */
  readonly cert: string;
  /** The private key as PKCS#8 PEM. */
  readonly key: string;
}

// Node.js verifies certificates but cannot make one. These few lines of DER cost no start-up time, an X.509 library would.
const der = (tag: number, ...contents: Buffer[]): Buffer => {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), derLength(body.length), body]);
};
const derLength = (length: number): Buffer => {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100
    ? Buffer.from([0x81, length])
    : Buffer.from([0x82, length >> 8, length & 0xff]);
};
const sequence = (...contents: Buffer[]): Buffer => der(0x30, ...contents);
const octets = (...contents: Buffer[]): Buffer => der(0x04, ...contents);
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);
const integer = (content: Buffer): Buffer => der(0x02, content);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const critical: Buffer = Buffer.from([0x01, 0x01, 0xff]);

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
const localhost = sequence(
  der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from('localhost')))), // commonName
);

/**
 * Makes what both sides of go-plugin's AutoMTLS expect: self-signed for `localhost`, usable as client, as server and as
 * the one root of the peer's trust, valid from 30 s ago (clocks of sandboxes drift) for 30 years.
 */
export function createIdentity(now: Date = new Date()): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))), // X.509 version 3
    integer(serialNumber()),
    ecdsaWithSha256,
    localhost,
    validity(now),
    localhost,
    spki,
    der(0xa3, sequence(...extensions(spki))),
  );
  const certificate = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, privateKey)));
  return {
    der: certificate,
    cert: toPem(certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** PEM with the trailing line feed that go-plugin writes. */
export function toPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Positive, not zero and in its shortest form, whatever the random bytes are: newer Go versions refuse the rest. */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function validity(now: Date): Buffer {
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + 30);
  return sequence(time(new Date(now.getTime() - 30_000)), time(until));
}

/** X.509 wants two-digit years until 2049 and four digits from 2050 on. */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits));
}

function extensions(spki: Buffer): Buffer[] {
  const keyId = hash('sha256', spki, 'buffer').subarray(0, 20);
  const usage = der(0x03, Buffer.from([2, 0b10101100])); // digitalSignature, keyEncipherment, keyAgreement, keyCertSign
  const [clientAuth, serverAuth] = [oid('2b06010505070302'), oid('2b06010505070301')];
  return [
    sequence(oid('551d0f'), critical, octets(usage)),
    sequence(oid('551d25'), octets(sequence(clientAuth, serverAuth))),
    sequence(oid('551d13'), critical, octets(sequence(critical))), // basicConstraints CA:TRUE
    sequence(oid('551d0e'), octets(octets(keyId))),
    sequence(oid('551d11'), octets(sequence(der(0x82, Buffer.from('localhost'))))), // subjectAltName
  ];
}
