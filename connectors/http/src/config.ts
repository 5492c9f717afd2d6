export { RestSettings } from './rest/settings.ts';
export { WebhookSettings } from './webhook/settings.ts';
