export { chatTokens, countChatTokens } from './chat/chat-tokens.ts';
export type { ChatModel } from './chat/chat-tokens.ts';
export { renderChat } from './chat/render-chat.ts';
export type { ChatMessage, RenderChatOptions } from './chat/render-chat.ts';
export { trainTokenizer } from './train-tokenizer.ts';
export type { TextLike, TrainTokenizerOptions } from './train-tokenizer.ts';
export type { TrainProgress } from './training.ts';
export { tokenizerFromJson } from './json/read-tokenizer.ts';
export type { TokenizerJson } from './json/tokenizer-json.ts';
export { createTokenizer } from './create-tokenizer.ts';
export type { Alignment, Template, TemplatePart, TokenizerEngine } from './engine.ts';
export { loadTokenizer, saveTokenizer } from './tokenizer-files.ts';
export { END_OF_TEXT, UNKNOWN } from './tokenizer.ts';
export type { DecodeOptions, EncodeOptions, Encoding, StreamingDecoder, TokenCounter, Tokenizer, TokenizerType } from './tokenizer.ts';
export type { Splitting } from './splitting/splittings.ts';
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
