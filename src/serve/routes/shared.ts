/** What completions and chats have in common. */

import type { SamplingBody } from '../bodies/generation-body.ts';
import type { GenerationRequest } from '../generation-job.ts';
import { refuse } from '../request-error.ts';

/** Tokens of an answer, as the model's tokenizer counts them. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** Counts an answer's tokens; a prompt counts once, however many choices it has. */
export function countUsage(generations: readonly GenerationRequest[]): { add(tokens: number): void; total(): Usage } {
  const prompt = [...new Set(generations.map((generation) => generation.prompt))].reduce((sum, ids) => sum + ids.length, 0);
  let completion = 0;
  return {
    add(tokens) {
      completion += tokens;
    },
    total: () => ({ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }),
  };
}

/** @throws RequestError 400 for `stream_options` without `stream` */
export function checkStream(body: Pick<SamplingBody, 'stream' | 'stream_options'>): void {
  if (body.stream === true || body.stream_options === undefined) return;
  throw refuse('WEFT_SERVE_PARAMETER', {
    rule: 'stream_options go with stream: true alone',
    value: JSON.stringify(body.stream_options),
    remedy: 'Add "stream": true, or leave stream_options out.',
    param: 'stream_options',
  });
}
