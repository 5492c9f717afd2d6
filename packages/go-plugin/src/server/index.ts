import '../node-version.ts';

export { createPluginLogger } from './logger.ts';
export type { Application, ServeOptions } from './options.ts';
export { serve } from './serve.ts';
export { serveTest, type TestServer } from './test-mode.ts';
