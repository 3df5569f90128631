/** What engines are doing for the models, of one process and of several. */

import type { EngineStatus, TextModel } from '../generate/index.ts';
import type { PageEngineModel } from './page-api.ts';
import type { Serving } from './serving.ts';

/** What this process does for each model. */
export function enginesAtWork({ models, engine }: Pick<Serving, 'models' | 'engine'>): readonly PageEngineModel[] {
  return models().map((model: TextModel) => ({ name: model.name, status: model.status?.() ?? null, ...engine.activity(model) }));
}

/** What several processes with the same models do in all. */
export function sumEngines(processes: readonly (readonly PageEngineModel[])[]): readonly PageEngineModel[] {
  const sums = new Map<string, PageEngineModel>();
  for (const model of processes.flat()) {
    const before = sums.get(model.name);
    sums.set(model.name, before === undefined ? model : addModels(before, model));
  }
  return [...sums.values()];
}

function addModels(a: PageEngineModel, b: PageEngineModel): PageEngineModel {
  return {
    name: a.name,
    running: a.running + b.running,
    waiting: a.waiting + b.waiting,
    generatedTokens: a.generatedTokens + b.generatedTokens,
    status: a.status === null || b.status === null ? (a.status ?? b.status) : addStatus(a.status, b.status),
  };
}

function addStatus(a: EngineStatus, b: EngineStatus): EngineStatus {
  const sums = Object.fromEntries(Object.entries(a).map(([name, value]) => [name, (value as number) + b[name as keyof EngineStatus]]));
  // One that is not in memory has no blocks.
  return { ...a, ...sums, blockTokens: Math.max(a.blockTokens, b.blockTokens) };
}
