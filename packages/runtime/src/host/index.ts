import '../node-version.ts';

export type {
  CallOptions,
  ConnectionNode,
  DeliveryFrame,
  ReceiveStream,
  SendStream,
} from './connection-node.ts';
export type { ConnectorProcess, LaunchOptions } from './connector-process.ts';
export type { HostFunctions, StateStore } from './host-functions.ts';
export { launchConnector } from './launch-connector.ts';
