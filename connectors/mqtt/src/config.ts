export { PublishSettings } from './publish/settings.ts';
export { SubscribeSettings } from './subscribe/settings.ts';
