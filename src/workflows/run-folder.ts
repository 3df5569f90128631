/** The files of a run folder, and its `metrics.jsonl`. */

import { createReadStream, existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { WeftError, writeError, writeFileAtomic } from '../core/index.ts';
import type { StepLoss } from './events.ts';
import { checkRecipe } from './recipe.ts';
import type { Recipe } from './recipe.ts';

/** Where a run keeps what. The folder itself is the model folder. */
export interface RunPaths {
  readonly folder: string;
  readonly recipe: string;
  readonly metrics: string;
  /** Everything that training needs to go on. */
  readonly checkpoint: string;
  /** The best weights so far. */
  readonly best: string;
  readonly trainTokens: string;
  readonly heldOutTokens: string;
}

export function runPaths(folder: string): RunPaths {
  return {
    folder,
    recipe: join(folder, 'recipe.json'),
    metrics: join(folder, 'metrics.jsonl'),
    checkpoint: join(folder, 'checkpoint', 'checkpoint.safetensors'),
    best: join(folder, 'checkpoint', 'best.safetensors'),
    trainTokens: join(folder, 'tokens', 'train'),
    heldOutTokens: join(folder, 'tokens', 'held-out'),
  };
}

/** The recipe that a run folder was started with. */
export async function readRecipe(folder: string): Promise<Recipe> {
  const path = runPaths(folder).recipe;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new WeftError({
      code: 'WEFT_RUN_MISSING',
      action: `resume the run in ${folder}`,
      rule: 'there is no recipe.json in it',
      remedy: 'Give the folder of a run that `weft train` or `weft quickstart` began.',
      cause: error,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(folder, 'its recipe.json is not JSON', error);
  }
  return checkRecipe(value, path);
}

/** The error for a run folder in which something is missing or spoilt that resuming needs. */
export function damaged(folder: string, rule: string, cause: unknown): WeftError {
  return new WeftError({
    code: 'WEFT_RUN_DAMAGED',
    action: `resume the run in ${folder}`,
    rule,
    value: (cause as Error).message,
    remedy: 'Put the file back as it was, or start the run again in another folder.',
    cause,
  });
}

/** Appends records to `metrics.jsonl`, one JSON object a line. */
export interface MetricsLog {
  /** Losses of the steps that were there already. */
  readonly earlier: readonly StepLoss[];
  append(record: Readonly<Record<string, unknown>>): Promise<void>;
}

/** Opens the log for a run that goes on after `step` steps: later lines, of a run that was killed, are taken away. */
export async function openMetrics(path: string, step: number): Promise<MetricsLog> {
  const kept: string[] = [];
  const earlier: StepLoss[] = [];
  const keep = (line: string): void => {
    try {
      const { kind, step: at, loss } = JSON.parse(line) as Readonly<Record<string, unknown>>;
      if (typeof at !== 'number' || at > step) return;
      kept.push(`${line}\n`);
      if (kind === 'step' && typeof loss === 'number') earlier.push({ step: at, loss });
    } catch {
      // The last line of a killed run may be half a line.
    }
  };
  if (step > 0 && existsSync(path)) {
    try {
      for await (const line of createInterface({ input: createReadStream(path) })) keep(line);
    } catch (error) {
      throw damaged(dirname(path), 'its metrics.jsonl cannot be read', error);
    }
  }
  await writeFileAtomic(path, kept.join(''));
  return {
    earlier,
    async append(record) {
      try {
        await appendFile(path, `${JSON.stringify(record)}\n`);
      } catch (error) {
        throw writeError(path, error);
      }
    },
  };
}
