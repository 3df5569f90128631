/** What training has in common, whatever the kind. */

import { UsageError } from '../core/index.ts';

/** How far training is. */
export interface TrainProgress {
  /** Reading the text, or merging pairs. */
  readonly phase: 'read' | 'merge';
  /** UTF-8 bytes read so far. */
  readonly bytes: number;
  /** Tokens learnt so far. */
  readonly tokens: number;
}

/** The error for training on nothing. */
export function emptyCorpus(): UsageError {
  return new UsageError({
    code: 'WEFT_TOKENIZER_EMPTY',
    action: 'train a tokenizer',
    rule: 'it learns from text',
    value: '0 bytes',
    remedy: 'Give texts that are not empty.',
  });
}
