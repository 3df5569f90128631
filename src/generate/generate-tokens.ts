/** The loop of generation: read the prompt, then choose, show and read one token after another. */

import type { Tokenizer } from '../tokenizers/index.ts';
import type { Sequence } from './decoder.ts';
import type { Sampling } from './sampling/options.ts';
import { requireNumbers, topAlternatives } from './sampling/probabilities.ts';
import { createSampler, drawUniform } from './sampling/sampler.ts';
import type { GeneratedToken, TokenAlternative } from './text-model.ts';
import { createTextStream } from './text-stream.ts';

/** What {@link generateTokens} runs on. */
export interface GenerationSource {
  readonly sequence: Sequence;
  readonly tokenizer: Tokenizer;
  readonly contextLength: number;
  /** Tokens that end a text. */
  readonly endTokens: ReadonlySet<number>;
}

/** Writes on from `prompt`, which has at least one token and leaves room for another. */
export async function* generateTokens(
  { sequence, tokenizer, contextLength, endTokens }: GenerationSource,
  prompt: Uint32Array,
  sampling: Sampling,
): AsyncGenerator<GeneratedToken> {
  const { seed, signal, alternatives: alternativeCount } = sampling;
  const limit = Math.min(sampling.maxTokens, contextLength - prompt.length);
  if (limit <= 0) return;
  const sampler = createSampler(tokenizer.vocabSize, sampling);
  const stream = createTextStream(tokenizer, sampling.stop);
  const seen = new Set(sampling.repetitionPenalty === 1 ? [] : prompt);
  let scores = await sequence.read(prompt, signal);
  for (let index = 0; ; index++) {
    signal?.throwIfAborted();
    requireNumbers(scores.logProbabilities);
    // A model's table may be longer than the vocabulary, for speed: what lies behind is no token.
    const [logits, logProbabilities] = [
      scores.logits.subarray(0, tokenizer.vocabSize),
      scores.logProbabilities.subarray(0, tokenizer.vocabSize),
    ];
    const id = sampler.choose({ logits, logProbabilities, seen, uniform: drawUniform(seed, index) });
    const logProbability = logProbabilities[id] as number;
    const alternatives = alternativesOf(logProbabilities, alternativeCount, tokenizer);
    const ended = endTokens.has(id);
    let { text, stopped } = ended ? stream.end() : stream.push(id);
    const last = index + 1 >= limit;
    if (last && !ended && !stopped) {
      const rest = stream.end();
      text += rest.text;
      stopped = rest.stopped;
    }
    const token = { id, text, logProbability, alternatives };
    if (ended || stopped || last) {
      yield { ...token, finishReason: ended || stopped ? 'stop' : 'length' };
      return;
    }
    yield token;
    signal?.throwIfAborted();
    if (sampling.repetitionPenalty !== 1) seen.add(id);
    scores = await sequence.step(id);
  }
}

const NONE: readonly TokenAlternative[] = [];

function alternativesOf(logProbabilities: Float32Array, count: number, tokenizer: Tokenizer): readonly TokenAlternative[] {
  if (count === 0) return NONE;
  return topAlternatives(logProbabilities, count).map(({ id, logProbability }) => ({ id, text: tokenizer.decode([id]), logProbability }));
}
