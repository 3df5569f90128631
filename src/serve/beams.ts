/** Beam search over HTTP, as vLLM has it: `use_beam_search` with `n` beams and `n` choices, best first. */

import type { TextModel } from '../generate/index.ts';
import type { SamplingBody } from './bodies/generation-body.ts';
import { refuse } from './request-error.ts';
import type { RequestError } from './request-error.ts';

/** One search, which all choices of a prompt share. */
export interface BeamsRequest {
  readonly beams: number;
  readonly lengthPenalty: number;
}

/** What has no say in a search, and when it asks for nothing. */
const DRAWING: readonly (readonly [keyof SamplingBody, (value: unknown) => boolean])[] = [
  ['temperature', (value) => value === 0],
  ['top_p', (value) => value === 1],
  ['top_k', (value) => value === 0 || value === -1],
  ['min_p', (value) => value === 0],
  ['repetition_penalty', (value) => value === 1],
  ['presence_penalty', (value) => value === 0],
  ['frequency_penalty', (value) => value === 0],
  ['min_tokens', (value) => value === 0],
  ['ignore_eos', (value) => value === false],
  ['stop_token_ids', (value) => (value as readonly unknown[]).length === 0],
  ['logit_bias', (value) => Object.keys(value as object).length === 0],
];

/**
 * The search that a body asks for; undefined when its replies are drawn.
 *
 * @throws RequestError 400 for what does not go with it, for more beams than the model computes at once, and for a model without a cache
 */
export function beamsOf(model: TextModel, body: SamplingBody): BeamsRequest | undefined {
  const { use_beam_search: wanted = false, length_penalty: lengthPenalty = 1, n: beams = 1 } = body;
  if (!wanted) {
    if (body.length_penalty === undefined) return undefined;
    throw wrong('length_penalty', {
      rule: 'length_penalty goes with use_beam_search: true alone',
      value: String(lengthPenalty),
      remedy: 'Add "use_beam_search": true, or leave length_penalty out.',
    });
  }
  for (const [name, saysNothing] of DRAWING) {
    const value = body[name];
    if (value === undefined || saysNothing(value)) continue;
    throw wrong(name, {
      rule: `beam search takes the likeliest texts, and ${name} has no say in it`,
      value: JSON.stringify(value),
      remedy: `Leave ${name} out, or use_beam_search.`,
    });
  }
  if (model.beamSearch === undefined) {
    throw wrong('use_beam_search', {
      rule: 'the model keeps no keys and values, and cannot be searched',
      value: model.name,
      remedy: 'Serve a transformer, or leave use_beam_search out.',
    });
  }
  const slots = model.status?.().slots ?? beams;
  if (beams > slots) {
    throw wrong('n', {
      rule: `n beams are computed at once, and the server computes ${slots} texts at once`,
      value: String(beams),
      remedy: `Ask for ${slots} at most, or start the server with more --slots.`,
    });
  }
  return { beams, lengthPenalty };
}

function wrong(param: string, report: { readonly rule: string; readonly value: string; readonly remedy: string }): RequestError {
  return refuse('WEFT_SERVE_PARAMETER', { ...report, param });
}
