import type { TokenizerJson } from '../json/tokenizer-json.ts';
import type { CheckedModel } from './check-model.ts';
import type { SentencePieceModel } from './sentencepiece-model.ts';

export function createSentencePieceJson(model: SentencePieceModel, checked: CheckedModel): TokenizerJson {
  void model;
  void checked;
  throw new Error('not yet');
}
