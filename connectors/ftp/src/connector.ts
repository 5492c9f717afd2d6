import { defineConnector } from '@vrsky/runtime/plugin';
import { IncomingSettings, OutgoingSettings } from './config.ts';
import { FtpDestination } from './destination.ts';
import { serverCredentials } from './remote/server.ts';
import { FtpSource } from './source.ts';
import { VERSION } from './version.ts';

const types = ['ftp', 'ftps', 'ftps-implicit', 'sftp'];

export const connector = defineConnector({
  metadata: {
    id: 'ftp',
    name: 'ftp-connector',
    version: VERSION,
    description: 'Takes files from FTP, FTPS and SFTP servers, and puts files there',
    author: 'VRSky',
    documentation: 'https://github.com/ValueRetail/vrsky/blob/main/connectors/ftp/README.md',
    capabilities: ['retryable', 'tls', 'mtls'],
  },
  incoming: {
    types,
    settings: IncomingSettings,
    credentials: serverCredentials,
    source: (config, host) => new FtpSource(config, host),
  },
  outgoing: {
    types,
    settings: OutgoingSettings,
    credentials: serverCredentials,
    destination: (config, host) => new FtpDestination(config, host),
  },
});
