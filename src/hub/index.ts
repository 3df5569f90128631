export { openHub } from './open-hub.ts';
export type { HubOptions, HubRepository } from './open-hub.ts';
export type { HubProgress } from './download-file.ts';
