export type { Connection, Direction, Integration, StoreSettings } from './config/integration.ts';
export { loadIntegration } from './config/load.ts';
export type { Alert, ConnectedEvent, MessageEvent } from './events.ts';
export { type RunOptions, runIntegration } from './run.ts';
export { type DeadLetter, listDeadLetters } from './store/dead-letters.ts';
export type { Launch } from './supervise/connector.ts';
export { type Finding, type ValidateOptions, validateIntegration } from './validate.ts';
