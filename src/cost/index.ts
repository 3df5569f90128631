export { flopsPerToken } from './flops.ts';
export { servingMemory, trainingMemory } from './memory.ts';
export type { ServingMemory, TrainingMemory } from './memory.ts';
export { formatModelSize, modelSize } from './model-size.ts';
export type { ModelSize } from './model-size.ts';
export { countParameters } from './parameters.ts';
export type { Component, ParameterCount } from './parameters.ts';
export { PRESET_NAMES, isPresetName, preset } from './presets.ts';
export type { PresetName } from './presets.ts';
