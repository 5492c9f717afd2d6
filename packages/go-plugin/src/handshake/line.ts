import { X509Certificate } from 'node:crypto';
import { GoPluginError, reasonOf } from '../errors.ts';
import { type Address, coreVersion, toAddress } from './handshake.ts';
import { requireVersion } from './version.ts';

/** What the plugin tells the host in the one line on its stdout. */
export interface HandshakeLine {
  readonly version: number;
  readonly address: Address;
  /** The plugin's certificate (DER) when both sides use mutual TLS. */
  readonly certificate?: Buffer | undefined;
}

/** Hosts take a shorter certificate field for noise of older plugins. */
const shortestCertificate = 50;
const longestQuote = 1024;

/**
 * `CORE|APP|NETWORK|ADDRESS|grpc|CERT[|MULTIPLEX]` with a line feed. The last field is written only for hosts that
 * asked for multiplexing: older ones would read it as a part of the certificate.
 */
export function formatHandshakeLine(line: HandshakeLine, multiplexAsked: boolean): string {
  // go-plugin decodes with RawStdEncoding, which takes padding for an error.
  const certificate = line.certificate?.toString('base64').replace(/=+$/, '') ?? '';
  const { network, address } = line.address;
  const fields = [coreVersion, line.version, network, address, 'grpc', certificate];
  return `${[...fields, ...(multiplexAsked ? ['false'] : [])].join('|')}\n`;
}

/**
 * Reads a plugin's line in go-plugin's order and with its words, each followed by one line on what to do.
 * @throws GoPluginError HANDSHAKE_UNRECOGNIZED, CORE_VERSION_INCOMPATIBLE, APP_VERSION_INCOMPATIBLE, ADDRESS_UNKNOWN,
 *   PROTOCOL_UNSUPPORTED, CERTIFICATE_INVALID
 */
export function parseHandshakeLine(
  raw: string,
  versions: readonly number[],
  notes = '',
): HandshakeLine {
  const line = raw.trim();
  const [core, app, network, address, protocol, certificate] = line.split('|');
  if (core === undefined || app === undefined || network === undefined || address === undefined) {
    throw unrecognized(line, { notes });
  }
  checkCore(core);
  const version = checkApp(app, versions);
  const target = toAddress(network, address);
  if ((protocol ?? 'netrpc') !== 'grpc') {
    throw new GoPluginError(
      'PROTOCOL_UNSUPPORTED',
      `unsupported plugin protocol "${protocol ?? 'netrpc'}". Supported: [grpc]\nServe the plugin over gRPC: in Go, set GRPCServer in its ServeConfig.`,
    );
  }
  return { version, address: target, certificate: decodeCertificate(certificate) };
}

/** The error for a first line that is no handshake; `details` are go-plugin's optional middle and last parts. */
export function unrecognized(
  line: string,
  details: { eof?: boolean; notes?: string } = {},
): GoPluginError {
  const shown = line.length > longestQuote ? `${line.slice(0, longestQuote)}...` : line;
  return new GoPluginError(
    'HANDSHAKE_UNRECOGNIZED',
    `Unrecognized remote plugin message: ${shown}` +
      (details.eof ? "\nFailed to read any lines from plugin's stdout" : '') +
      '\nThis usually means' +
      '\n  the plugin was not compiled for this architecture,' +
      '\n  the plugin is missing dynamic-link libraries necessary to run,' +
      '\n  the plugin is not executable by this process due to file permissions, or' +
      '\n  the plugin failed to negotiate the initial go-plugin protocol handshake\n' +
      (details.notes ?? '') +
      'Run the plugin by hand: it must print nothing to stdout before its handshake line.',
  );
}

function checkCore(field: string): void {
  const core = integer(field);
  if (typeof core === 'string') {
    throw new GoPluginError(
      'HANDSHAKE_UNRECOGNIZED',
      `error parsing core protocol version: ${core}\nThe first line on the plugin's stdout must be its handshake; let it print nothing before.`,
    );
  }
  if (core !== coreVersion) {
    throw new GoPluginError(
      'CORE_VERSION_INCOMPATIBLE',
      `incompatible core API version with plugin. Plugin version: ${core}, Core version: ${coreVersion}\n\n` +
        'To fix this, the plugin usually only needs to be recompiled.\nPlease report this to the plugin author',
    );
  }
}

function checkApp(field: string, versions: readonly number[]): number {
  const version = integer(field);
  if (typeof version === 'string') {
    throw new GoPluginError(
      'HANDSHAKE_UNRECOGNIZED',
      `Error parsing protocol version ${JSON.stringify(field)}: ${version}\nThe second field of the plugin's handshake must be a number; report this to the plugin author.`,
    );
  }
  requireVersion(version, versions);
  return version;
}

function decodeCertificate(field: string | undefined): Buffer | undefined {
  if (field === undefined || field.length <= shortestCertificate) return undefined;
  try {
    const foreign = field.search(/[^A-Za-z0-9+/]/);
    // One character alone carries no byte.
    const illegal = foreign < 0 && field.length % 4 === 1 ? field.length - 1 : foreign;
    if (illegal >= 0) throw new Error(`illegal base64 data at input byte ${illegal}`);
    const der = Buffer.from(field, 'base64');
    return new X509Certificate(der).raw;
  } catch (error) {
    throw new GoPluginError(
      'CERTIFICATE_INVALID',
      `error parsing server cert: ${reasonOf(error)}\nThe sixth field must be the certificate's DER in standard base64 without padding.`,
      { cause: error },
    );
  }
}

/** The number, or what Go has to say of a text that is none. */
function integer(field: string): number | string {
  const syntax = /^[+-]?\d+$/.test(field);
  const number = Number(field);
  if (syntax && Number.isSafeInteger(number)) return number;
  const why = syntax ? 'value out of range' : 'invalid syntax';
  return `strconv.Atoi: parsing ${JSON.stringify(field)}: ${why}`;
}
