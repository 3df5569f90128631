/** From trained weights to a model folder that says what the model is and how good it is. */

import { basename, join, resolve } from 'node:path';

import { writeFileAtomic } from '../core/index.ts';
import { saveModel, writeModelCard } from '../formats/index.ts';
import { createTextModel, inferenceModel } from '../generate/index.ts';
import type { TextModel } from '../generate/index.ts';
import { evaluateText, measureBaselines } from '../eval/index.ts';
import type { LanguageModel } from '../models/index.ts';
import type { CheckpointState, Weights } from '../train/index.ts';
import { comparisonRows } from './baseline-rows.ts';
import type { WorkflowHooks } from './events.ts';
import { documentsOf } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import type { FullTraining } from './recipe-parts.ts';
import type { Recipe } from './recipe.ts';
import type { RunPaths } from './run-folder.ts';
import type { RunResult } from './run-result.ts';

/** At most so many bytes of held-out text for the numbers at the end. */
const EVALUATION_BYTES = 400_000;

/** Weights above this don't fit into the one protobuf file that an ONNX model is. */
const ONNX_BYTES = 1.9e9;

/** A training that has ended. */
export interface Trained {
  readonly recipe: Recipe;
  readonly training: FullTraining;
  readonly paths: RunPaths;
  readonly prepared: Prepared;
  readonly model: LanguageModel;
  readonly weights: Weights;
  readonly state: CheckpointState;
  readonly trainLoss: number;
}

/** Saves the model, measures it on held-out text and shows what it writes. */
export async function finishRun(trained: Trained, hooks: WorkflowHooks): Promise<Omit<RunResult, 'seconds'>> {
  const { recipe, training, paths, prepared, model, weights, state, trainLoss } = trained;
  const { onEvent, signal } = hooks;
  const parameters = countOf(model);
  // Everything that can still fail comes after the weights are safe in the model folder.
  const card = {
    name: basename(resolve(paths.folder)) || 'model',
    createdAt: new Date().toISOString(),
    architecture: model.architecture,
    config: { ...model.config },
    parameters,
    data: {
      files: typeof recipe.text === 'string' ? [recipe.text] : [...recipe.text],
      documents: prepared.train.documents,
      bytes: prepared.train.bytes,
      tokens: prepared.train.tokens,
      heldOutBytes: prepared.heldOut.bytes,
    },
    training: {
      steps: state.step,
      tokensSeen: state.tokensSeen,
      seconds: state.seconds,
      trainLoss,
      batchSize: training.batchSize,
      contextLength: model.contextLength,
      learningRate: training.learningRate,
      tokensPerSecond: state.tokensSeen / Math.max(1e-9, state.seconds),
      seed: recipe.seed ?? 1,
    },
  };
  onEvent?.({ kind: 'phase', phase: 'save' });
  await saveModel(paths.folder, { model, weights, tokenizer: prepared.tokenizer, card });
  const onnx = join(paths.folder, 'onnx', 'model.onnx');
  if (4 * parameters < ONNX_BYTES) await writeFileAtomic(onnx, inferenceModel(model, weights));
  else
    onEvent?.({
      kind: 'warning',
      text: `${onnx} is not written: it would be larger than an ONNX file can be`,
      remedy: 'Serve the folder with weft: it reads model.safetensors.',
    });
  onEvent?.({ kind: 'saved', what: 'model', path: paths.folder, step: state.step });

  const textModel = await createTextModel(
    { model, weights, tokenizer: prepared.tokenizer, name: card.name },
    recipe.threads === undefined ? {} : { threads: recipe.threads },
  );
  try {
    onEvent?.({ kind: 'phase', phase: 'evaluation' });
    const limits = { byteLimit: EVALUATION_BYTES, ...(signal === undefined ? {} : { signal }) };
    const quality = await evaluateText(textModel, repeatable(prepared, 'heldOut'), {
      ...limits,
      onProgress: ({ bytes }) =>
        onEvent?.({
          kind: 'progress',
          phase: 'evaluation',
          done: bytes,
          total: Math.min(EVALUATION_BYTES, prepared.heldOut.bytes),
          unit: 'bytes',
        }),
    });
    onEvent?.({ kind: 'phase', phase: 'baselines' });
    const baselines = {
      ...(await measureBaselines(repeatable(prepared, 'heldOut'), { ...limits, train: repeatable(prepared, 'train') })),
    };
    onEvent?.({ kind: 'comparison', bytes: quality.bytes, rows: comparisonRows(quality.bitsPerByte, baselines) });
    const { loss, perplexity, bitsPerByte } = quality;
    await showSamples(textModel, prepared, state.step, hooks);
    await writeModelCard(paths.folder, { ...card, heldOut: { loss, perplexity, bitsPerByte }, baselines });
    return {
      parameters,
      vocabSize: model.vocabSize,
      steps: state.step,
      tokensSeen: state.tokensSeen,
      tokensPerSecond: state.tokensSeen / Math.max(1e-9, state.seconds),
      trainLoss,
      heldOut: { loss, perplexity, bitsPerByte },
      baselines,
      model: paths.folder,
    };
  } finally {
    await textModel.close();
  }
}

/** Numbers in the weights of a model. */
export function countOf({ parameters }: LanguageModel): number {
  return parameters.reduce((sum, { shape }) => sum + shape.reduce((product, { size }) => product * Number(size), 1), 0);
}

/** Documents that can be read more than once. */
function repeatable(prepared: Prepared, part: 'train' | 'heldOut'): AsyncIterable<{ readonly text: string }> {
  return { [Symbol.asyncIterator]: () => documentsOf(prepared[part], prepared.tokenizer) };
}

/** A few texts that begin as held-out documents do. */
async function showSamples(model: TextModel, prepared: Prepared, step: number, { onEvent, signal }: WorkflowHooks): Promise<void> {
  if (onEvent === undefined) return;
  onEvent({ kind: 'phase', phase: 'samples' });
  let seed = 0;
  for await (const { text } of documentsOf(prepared.heldOut, prepared.tokenizer)) {
    if (seed === 3) return;
    const middle = text.slice(Math.floor(text.length / 3));
    const asked = model.tokenizer.encode(middle.slice(middle.indexOf('\n') + 1).slice(0, 60));
    const ids = asked.subarray(0, Math.floor(model.contextLength / 2));
    const prompt = model.tokenizer.decode(ids);
    if (prompt.trim() === '') continue;
    let written = '';
    for await (const token of model.generate(ids, {
      temperature: 0.7,
      topP: 0.95,
      seed: seed++,
      maxTokens: 60,
      ...(signal === undefined ? {} : { signal }),
    }))
      written += token.text;
    onEvent({ kind: 'sample', step, prompt, text: written });
  }
}
