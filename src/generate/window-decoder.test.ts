/** Text of models without a cache: scores are those of the model's own graph, whole texts at once, and a state goes on for ever. */

import { describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../test/oracle/nd-array.ts';
import { axes, buildGraph, input, logSoftmax } from '../graph/index.ts';
import { bigram, gru, lstm, mlpLanguageModel, rnn, waveNet } from '../models/index.ts';
import type { SequenceModel, WindowModel } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';
import { createTextModel } from './index.ts';

const tokenizer = await trainTokenizer(['abcdefg'], { type: 'characters' });
const V = tokenizer.vocabSize;
const end = tokenizer.endOfText as number;
const sizes = { vocabSize: V, contextLength: 4, width: 5, hidden: 6 };
const MODELS: readonly (SequenceModel | WindowModel)[] = [
  bigram({ vocabSize: V }),
  mlpLanguageModel({ ...sizes, padToken: end }),
  mlpLanguageModel({ ...sizes, padToken: V, batchNorm: true }),
  waveNet({ ...sizes, padToken: end }),
  rnn({ ...sizes, start: 'learned' }),
  gru({ ...sizes, layers: 2, start: 'carried' }),
  lstm({ ...sizes, start: 'carried' }),
];

/** Weights, with the running statistics of batch normalisation where there are some. */
function weightsOf(model: SequenceModel | WindowModel): ReturnType<typeof initialize> {
  const hidden = model.hidden(input('ids', 'int32', axes('B T', 1, model.contextLength)), {});
  const states = buildGraph({ hidden }).inputs.flatMap(({ attributes: { name, shape, role, initializer } }) =>
    role === 'state' && initializer !== undefined ? [{ name, shape, initializer }] : [],
  );
  return initialize([...model.parameters, ...states], { seed: 2 });
}

test('refuses weights without the running statistics', async () => {
  const model = waveNet({ ...sizes, padToken: end });
  const weights = initialize(model.parameters, { seed: 1 });
  await expect(createTextModel({ model, weights, tokenizer })).rejects.toMatchObject({ code: 'WEFT_GENERATE_WEIGHTS' });
});

describe.for(MODELS.map((model, index) => [`${index} ${model.architecture}`, model] as const))('%s', ([, model]) => {
  const ids = Uint32Array.from([end, ...tokenizer.encode('gabbed')]);
  const carries = model.architecture !== 'bigram' && 'start' in model.config && model.config.start === 'carried';

  /** `ln p` of each token by the interpreter: of the whole text at once where a state is carried, else of each window. */
  const slowScores = (): readonly number[] => {
    const weights = Object.fromEntries([...weightsOf(model)].map(([name, tensor]) => [name, fromHost(tensor)]));
    const score = (tokens: readonly number[], target: number): number => {
      const hidden = model.hidden(input('ids', 'int32', axes('B T', 1, tokens.length)), {});
      const graph = buildGraph({ scores: logSoftmax(model.logits(hidden)) });
      const states = graph.inputs.flatMap(({ attributes: { name, shape, role } }) =>
        role === 'state' && weights[name] === undefined
          ? [
              [
                name,
                fill(
                  'float32',
                  shape.map(({ size }) => Number(size)),
                  () => 0,
                ),
              ] as const,
            ]
          : [],
      );
      const { data } = evaluateGraph(graph, {
        ...weights,
        ...Object.fromEntries(states),
        ids: { dtype: 'int32', shape: [1, tokens.length], data: Float64Array.from(tokens) },
      }).get('scores')!;
      return data[data.length - V + target] ?? NaN;
    };
    return [...ids].slice(1).map((target, index) => {
      const before = [...ids.subarray(0, index + 1)];
      if (carries) return score(before, target);
      const seen = before.slice(-model.contextLength);
      if (!('padToken' in model)) return score(seen, target);
      return score([...Array.from({ length: model.contextLength - seen.length }, () => model.padToken), ...seen], target);
    });
  };

  test('scores a text as its graph does', async () => {
    const textModel = await createTextModel({ model, weights: weightsOf(model), tokenizer }, { threads: 1 });
    const scores = await textModel.score(ids);
    for (const [index, expected] of slowScores().entries()) expect(scores[index + 1]).toBeCloseTo(expected, 5);
    await textModel.close();
  });

  test('writes on, past its context, the same text for the same seed', async () => {
    const textModel = await createTextModel({ model, weights: weightsOf(model), tokenizer }, { threads: 1 });
    const write = async (): Promise<{ readonly text: string; readonly scores: readonly number[] }> => {
      let text = '';
      const scores: number[] = [];
      for await (const token of textModel.generate('gabbed', { maxTokens: 12, seed: 5 })) {
        text += token.text;
        scores.push(token.logProbability);
      }
      return { text, scores };
    };
    const once = await write();
    expect(await write()).toEqual(once);
    expect(once.scores.length).toBeGreaterThan(0);
    await textModel.close();
    await expect(textModel.score(ids)).rejects.toMatchObject({ code: 'WEFT_GENERATE_CLOSED' });
  });
});
