export { createPluginLogger } from './logger.ts';
export type { ServeOptions } from './options.ts';
export { serve } from './serve.ts';
