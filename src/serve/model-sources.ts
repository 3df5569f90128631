/** The models that a server is told to serve, and how they come into memory. */

import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

import { UsageError, checkOptions } from '../core/index.ts';
import { loadTextModel } from '../generate/index.ts';
import type { LoadTextModelOptions, TextModel } from '../generate/index.ts';

/** A model to serve, by its folder. */
export interface ModelSource {
  /** Folder of a model or an adapter. */
  readonly path: string;
  /** What requests call it; default the name on its card, or the folder's. */
  readonly name?: string | undefined;
  /** Of an adapter's folder: its base model; default the one that it names. */
  readonly base?: string | undefined;
  /** Adapters of this model: each is a model of its own, by its own name. */
  readonly adapters?: readonly AdapterSource[] | undefined;
}

/** An adapter of a model. */
export interface AdapterSource {
  readonly path: string;
  readonly name?: string | undefined;
}

/** What loads a folder; another in tests. */
export type LoadFolder = (path: string, options: LoadTextModelOptions) => Promise<TextModel>;

/** How models run: see `weft/generate`. */
export type ModelRunning = Pick<LoadTextModelOptions, 'threads' | 'slots' | 'cacheTokens' | 'bits' | 'draft' | 'residency'>;

/** Sources as they are given: folders, or with names. */
export function modelSources(given: string | readonly (string | ModelSource)[], base: string | undefined): readonly ModelSource[] {
  const sources = (typeof given === 'string' ? [given] : given).map((one) => {
    if (typeof one === 'string') return { path: one, base };
    checkOptions('serve a model', one, ['path', 'name', 'base', 'adapters']);
    return { base, ...one };
  });
  if (sources.length > 0) return sources;
  throw new UsageError({
    code: 'WEFT_SERVE_OPTION',
    action: 'serve',
    rule: 'a server needs a model',
    value: 'none is given',
    remedy: 'Give the folder of one, or open the studio, which needs none.',
  });
}

/** Folders that have a learning curve of their own. */
export function curvesOf(sources: readonly ModelSource[]): readonly string[] {
  return sources.flatMap(({ path }) => (existsSync(join(path, 'metrics.jsonl')) ? [path] : []));
}

/** Models in memory: each is followed by its adapters, which share its weights. */
export interface LoadedModels {
  readonly models: readonly TextModel[];
  close(): Promise<void>;
}

/**
 * Loads models in order, each followed by its adapters; what is loaded is closed again when one fails.
 *
 * @throws UsageError `WEFT_SERVE_MODEL_NAME` when two have one name, and what opening a folder throws
 */
export async function loadModels(
  sources: readonly ModelSource[],
  { load = loadTextModel, running = {} }: { readonly load?: LoadFolder; readonly running?: ModelRunning } = {},
): Promise<LoadedModels> {
  const loaded: TextModel[] = [];
  const served: TextModel[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(loaded.map((model) => model.close()));
  };
  try {
    for (const { path, name, base, adapters = [] } of sources) {
      const folders = new Map(adapters.map((adapter) => [adapter.name ?? basename(resolve(adapter.path)), adapter.path]));
      if (folders.size < adapters.length) throw twice(path, 'two adapters have one name');
      const model = await load(path, {
        ...running,
        ...(base === undefined ? {} : { base }),
        ...(folders.size === 0 ? {} : { adapters: folders }),
      });
      loaded.push(name === undefined ? model : { ...model, name });
      requireOnce([...served, ...loaded.slice(-1)], path);
      served.push(loaded.at(-1) as TextModel);
      for (const adapted of model.adapters ?? []) {
        requireOnce([...served, adapted], path);
        served.push(adapted);
      }
    }
    return { models: served, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function twice(path: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_SERVE_MODEL_NAME',
    action: `serve ${path}`,
    rule: 'another model has its name',
    value,
    remedy: 'Name the models in a file for --config: {"models": [{"name": …, "path": …}]}.',
  });
}

function requireOnce(models: readonly TextModel[], path: string): void {
  const name = models.at(-1)?.name;
  if (models.filter((model) => model.name === name).length > 1) throw twice(path, name ?? '');
}
