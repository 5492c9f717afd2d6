import { describe, expect, it } from 'vitest';
import { GoPluginError } from '../src/errors.ts';
import { formatHandshakeLine, parseHandshakeLine } from '../src/handshake/line.ts';
import { negotiateVersion } from '../src/handshake/version.ts';
import { createIdentity } from '../src/tls/certificate.ts';

const address = { network: 'unix', address: '/tmp/plugin1' } as const;
const certificate = createIdentity().der;
const unpadded = certificate.toString('base64').replace(/=/g, '');

describe('the handshake line', () => {
  it('has six fields, the last one empty without mutual TLS', () => {
    expect(formatHandshakeLine({ version: 3, address }, false)).toBe(
      '1|3|unix|/tmp/plugin1|grpc|\n',
    );
  });

  it('declines multiplexing in a seventh field, only when it was asked for', () => {
    expect(formatHandshakeLine({ version: 3, address }, true)).toBe(
      '1|3|unix|/tmp/plugin1|grpc||false\n',
    );
  });

  it('carries the certificate without padding', () => {
    expect(formatHandshakeLine({ version: 3, address, certificate }, false)).toBe(
      `1|3|unix|/tmp/plugin1|grpc|${unpadded}\n`,
    );
  });

  it.each([
    ['1|2|unix|/tmp/plugin1|grpc|', 2, address],
    ['1|2|unix|/tmp/plugin1|grpc', 2, address],
    ['  1|2|unix|/tmp/plugin1|grpc|  \r\n', 2, address],
    ['1|2|unix|/tmp/plugin1|grpc||true|and|more', 2, address],
    ['1|3|tcp|127.0.0.1:1234|grpc|', 3, { network: 'tcp', address: '127.0.0.1:1234' }],
    ['1|3|tcp|[::1]:1234|grpc|short', 3, { network: 'tcp', address: '[::1]:1234' }],
  ])('is read from %j', (line, version, target) => {
    expect(parseHandshakeLine(line, [2, 3])).toEqual({
      version,
      address: target,
      certificate: undefined,
    });
  });

  it('gives the certificate back byte for byte', () => {
    const line = formatHandshakeLine({ version: 3, address, certificate }, false);
    expect(parseHandshakeLine(line, [3]).certificate).toEqual(certificate);
  });

  it.each([
    [
      '2|3|unix|/a|grpc',
      'CORE_VERSION_INCOMPATIBLE',
      /^incompatible core API version with plugin\. Plugin version: 2, Core version: 1\n\nTo fix this, the plugin usually only needs to be recompiled\.\nPlease report this to the plugin author$/,
    ],
    ['x|3|unix|/a|grpc', 'HANDSHAKE_UNRECOGNIZED', /^error parsing core protocol version: .*"x"/],
    ['1|x|unix|/a|grpc', 'HANDSHAKE_UNRECOGNIZED', /^Error parsing protocol version "x": /],
    [
      '1|9|unix|/a|grpc',
      'APP_VERSION_INCOMPATIBLE',
      /^incompatible API version with plugin\. Plugin version: 9, Client versions: \[2 3\]\n/,
    ],
    ['1|3|pipe|/a|grpc', 'ADDRESS_UNKNOWN', /^unknown address type: \/a\n/],
    ['1|3|unix||grpc', 'ADDRESS_UNKNOWN', /^unknown address type: \n/],
    ['1|3|tcp|nowhere|grpc', 'ADDRESS_UNKNOWN', /^unknown address type: nowhere\n/],
    [
      '1|3|unix|/a',
      'PROTOCOL_UNSUPPORTED',
      /^unsupported plugin protocol "netrpc"\. Supported: \[grpc\]\n/,
    ],
    [
      '1|3|unix|/a|netrpc',
      'PROTOCOL_UNSUPPORTED',
      /^unsupported plugin protocol "netrpc"\. Supported: \[grpc\]\n/,
    ],
    [
      '1|3|unix|/a|',
      'PROTOCOL_UNSUPPORTED',
      /^unsupported plugin protocol ""\. Supported: \[grpc\]\n/,
    ],
    [
      `1|3|unix|/a|grpc|${'A'.repeat(60)}=`,
      'CERTIFICATE_INVALID',
      /^error parsing server cert: illegal base64 data at input byte 60\n/,
    ],
    [`1|3|unix|/a|grpc|${'A'.repeat(60)}`, 'CERTIFICATE_INVALID', /^error parsing server cert: /],
    [
      'hello',
      'HANDSHAKE_UNRECOGNIZED',
      /^Unrecognized remote plugin message: hello\nThis usually means\n {2}the plugin was not compiled for this architecture,\n {2}the plugin is missing dynamic-link libraries necessary to run,\n {2}the plugin is not executable by this process due to file permissions, or\n {2}the plugin failed to negotiate the initial go-plugin protocol handshake\n/,
    ],
    ['1|3|unix', 'HANDSHAKE_UNRECOGNIZED', /^Unrecognized remote plugin message: 1\|3\|unix\n/],
  ])('is refused as %j with %s', (line, code, message) => {
    const refusal = catchError(() => parseHandshakeLine(line, [2, 3]));
    expect(refusal).toBeInstanceOf(GoPluginError);
    expect(refusal).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('version negotiation', () => {
  it.each([
    ['1,2,3', [2, 3], 3],
    ['3,1,2', [2, 3], 3],
    ['2,1', [2, 3], 2],
    ['7,8', [2, 3], 2],
    [undefined, [3, 2], 2],
    ['', [3, 2], 2],
    ['10,9', [9, 10, 1], 10],
  ])('of a host with %j and a plugin with %j chooses %j', (offered, own, version) => {
    expect(negotiateVersion(own, offered)).toEqual({ version, invalid: [] });
  });

  it('skips what is not a number and reports it', () => {
    expect(negotiateVersion([2, 3], 'x,3,,1.5')).toEqual({
      version: 3,
      invalid: ['x', '', '1.5'],
    });
  });
});

function catchError(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
