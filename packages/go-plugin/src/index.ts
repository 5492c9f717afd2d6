import './node-version.ts';

export type { Broker } from './broker/broker.ts';
export { errorCodes, GoPluginError, type GoPluginErrorCode } from './errors.ts';
export { whenArrived } from './grpc/arrival/arrivals.ts';
export { http2StreamKey, type Routes } from './grpc/context.ts';
export type { StreamHandler } from './grpc/listener.ts';
export type { CallConnection } from './grpc/transport.ts';
export type { Handshake } from './handshake/handshake.ts';
export type { ReattachConfig } from './handshake/reattach-config.ts';
