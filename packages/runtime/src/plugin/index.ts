import '../node-version.ts';

export { Deadlines } from '../contract/deadlines.ts';
export { checkSettings } from '../contract/settings.ts';
export { parseUrlSetting, type UrlForm } from '../contract/url-setting.ts';
export { abortable } from './abortable.ts';
export {
  type Connector,
  type ConnectorHost,
  type CredentialNames,
  defineConnector,
  type IncomingSide,
  type LogLevel,
  type OutgoingSide,
} from './connector.ts';
export { withDeadline } from './deadline.ts';
export { createIntake, type Intake, type Room } from './delivery/intake.ts';
export type { Destination, SendOutcome } from './destination.ts';
export { type Probe, ProbeSetting } from './probe.ts';
export { excerpt } from './secrets.ts';
export { type ServeOptions, serve } from './serve.ts';
export type { Incoming, IncomingMessage, Source } from './source.ts';
export { unusedProxyWarnings } from './unused-proxy.ts';
