import '../node-version.ts';

export type { PortRange } from '../grpc/port.ts';
export type { User } from './child.ts';
export type { Exit } from './exit.ts';
export { type LaunchOptions, launch } from './launch.ts';
export { killAll } from './managed.ts';
export type { PluginProcess } from './plugin-process.ts';
export type { PrintStreams } from './printed.ts';
export { type ReattachOptions, reattach } from './reattach.ts';
