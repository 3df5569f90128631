export { lora, startAdapter } from './lora.ts';
export type { LoraOptions, LoraTarget } from './lora.ts';
export { mergeAdapter, unmergeAdapter } from './merge.ts';
