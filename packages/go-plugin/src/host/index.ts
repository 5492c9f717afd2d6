export type { Exit } from './child.ts';
export { type LaunchOptions, launch } from './launch.ts';
export type { PluginProcess } from './plugin-process.ts';
