export { openSafetensors, readSafetensors, writeSafetensors } from './safetensors.ts';
export type { SafetensorsFile, SafetensorsReadOptions } from './safetensors.ts';
export type { SafetensorsDType, SafetensorsEntry } from './safetensors-header.ts';
