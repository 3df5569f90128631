/** The kinds of tokenizer that flags can ask for; a list of its own, so that reading flags loads no tokenizers. */

import type { TrainableType } from '../tokenizers/index.ts';

/** The default first. */
export const TOKENIZER_TYPES: readonly TrainableType[] = [
  'bpe',
  'character-bpe',
  'sentencepiece-bpe',
  'unigram',
  'wordpiece',
  'words',
  'whitespace',
  'characters',
];
