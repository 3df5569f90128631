export { surveyCorpus, textCorpus } from './corpus.ts';
export type { Corpus, CorpusSummary, Document, SkippedFile } from './corpus.ts';
export { readRecords } from './read-records.ts';
export type { DataRecord } from './read-records.ts';
export { readText } from './read-text.ts';
export type { ReadTextOptions } from './read-text.ts';
export { split } from './split.ts';
export type { SplitOptions } from './split.ts';
export { packTokens } from './packing/pack-tokens.ts';
export type { PackTokensOptions } from './packing/pack-tokens.ts';
export type { PackProgress } from './packing/encode-documents.ts';
export { openPacked } from './packing/open-packed.ts';
export type { PackedTokens } from './packing/packed-tokens.ts';
export type { BatchOrderOptions } from './batches/batch-order.ts';
export { labelledBatches, maskedBatches } from './batches/encoder-batches.ts';
export type {
  EncoderBatch,
  EncoderBatches,
  EncoderBatchOptions,
  EncoderText,
  LabelledBatch,
  MaskedBatch,
  MaskedBatchOptions,
} from './batches/encoder-batches.ts';
export { makeBatches } from './batches/make-batches.ts';
export type { Batch, BatchOptions, Batches } from './batches/make-batches.ts';
export { exampleBatches, rowExamples, windowExamples } from './batches/token-examples.ts';
export type { ExampleBatches, TokenExamples } from './batches/token-examples.ts';
export { pack } from './pack.ts';
export type { PackOptions } from './pack.ts';
export { imageBatches } from './images/image-batches.ts';
export type { ImageBatch, ImageBatches, ImageBatchOptions } from './images/image-batches.ts';
export { imageGrid, writeImageGrid } from './images/image-grid.ts';
export type { ImageGridOptions } from './images/image-grid.ts';
export { readMnist } from './images/labelled-images.ts';
export type { ImageDataset, LabelledImages } from './images/labelled-images.ts';
export { readIdx } from './images/read-idx.ts';
export { pairBatches } from './batches/pair-batches.ts';
export type { PairBatch, PairBatchOptions, PairBatches, TokenPair } from './batches/pair-batches.ts';
