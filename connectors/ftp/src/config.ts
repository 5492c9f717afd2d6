export { IncomingSettings } from './incoming/settings.ts';
export { OutgoingSettings } from './outgoing/settings.ts';
