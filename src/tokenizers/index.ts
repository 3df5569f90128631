export { chatReplies } from './chat/chat-replies.ts';
export type { ChatExample } from './chat/chat-replies.ts';
export { chatTokens, countChatTokens } from './chat/chat-tokens.ts';
export type { ChatModel } from './chat/chat-tokens.ts';
export { renderChat } from './chat/render-chat.ts';
export type { ChatMessage, RenderChatOptions } from './chat/render-chat.ts';
export { trainTokenizer } from './train-tokenizer.ts';
export type { TextLike } from './train-tokenizer.ts';
export type {
  TrainBpeOptions,
  TrainCharacterBpeOptions,
  TrainCharactersOptions,
  TrainSentencePieceBpeOptions,
  TrainTokenizerOptions,
  TrainUnigramOptions,
  TrainWordPieceOptions,
  TrainWordsOptions,
  TrainableType,
} from './training/train-options.ts';
export type { TrainProgress } from './training/progress.ts';
export { tokenizerFromJson } from './json/read-tokenizer.ts';
export type { TokenizerJson } from './json/tokenizer-json.ts';
export { loadEncoding } from './encodings/load-encoding.ts';
export type { EncodingName } from './encodings/load-encoding.ts';
export { createTokenizer } from './create-tokenizer.ts';
export type { Alignment, Template, TemplatePart, TokenizerEngine } from './engine.ts';
export { loadTokenizer } from './files/load-tokenizer.ts';
export type { LoadTokenizerOptions } from './files/load-tokenizer.ts';
export { convertTokenizer } from './files/convert-tokenizer.ts';
export type { Conversion, ConvertTokenizerOptions } from './files/convert-tokenizer.ts';
export { saveTokenizer } from './files/save-tokenizer.ts';
export { tokenizerFromBytes } from './files/tokenizer-from-bytes.ts';
export type { TokenizerFileOptions } from './files/tokenizer-from-bytes.ts';
export { END_OF_TEXT, UNKNOWN } from './tokenizer.ts';
export type { DecodeOptions, EncodeOptions, Encoding, StreamingDecoder, TokenCounter, Tokenizer, TokenizerType } from './tokenizer.ts';
export type { Splitting } from './splitting/splittings.ts';
export { explainEncoding, explainTraining } from './explain/explain.ts';
export type { ExplainTrainingOptions } from './explain/explain.ts';
export type {
  CountTraining,
  EncodingExplanation,
  ExplainedToken,
  LatticeEdge,
  LatticePath,
  LearntToken,
  Marking,
  MergeStep,
  MergeTraining,
  PairRule,
  PairScore,
  PieceExplanation,
  PieceSteps,
  PrunedToken,
  TrainingExplanation,
  UnigramIteration,
  UnigramRound,
  UnigramSeed,
  UnigramToken,
  UnigramTraining,
  WordSymbols,
} from './explain/explanation.ts';
export { sentencePieceModelOf } from './sentencepiece/model-of.ts';
export { sentencePieceFromBytes, sentencePieceFromModel, sentencePieceToBytes } from './sentencepiece/sentencepiece-files.ts';
export { loadCharsmap } from './sentencepiece/load-charsmap.ts';
export type { CharsmapName } from './sentencepiece/load-charsmap.ts';
export type {
  SentencePiece,
  SentencePieceModel,
  SentencePieceNormalizer,
  SentencePieceSample,
  SentencePieceTrainer,
  SentencePieceType,
} from './sentencepiece/sentencepiece-model.ts';
