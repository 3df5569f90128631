export { trainTokenizer } from './train-tokenizer.ts';
export type { TextLike, TrainTokenizerOptions } from './train-tokenizer.ts';
export type { TrainProgress } from './training.ts';
export { tokenizerFromJson } from './json/read-tokenizer.ts';
export type { TokenizerJson } from './json/tokenizer-json.ts';
export { loadTokenizer, saveTokenizer } from './tokenizer-files.ts';
export { END_OF_TEXT, UNKNOWN } from './tokenizer.ts';
export type { EncodeOptions, StreamingDecoder, Tokenizer } from './tokenizer.ts';
export type { Splitting } from './splitting/splittings.ts';
