/** From a corpus to batches in one call. */

import type { Tokenizer } from '../tokenizers/index.ts';
import { type BatchOptions, type Batches, makeBatches } from './batches/make-batches.ts';
import type { Document } from './corpus.ts';
import { packInMemory } from './packing/memory-tokens.ts';
import { type PackTokensOptions, packTokens } from './packing/pack-tokens.ts';

/** Options of packing and of batches; see {@link pack}. */
export type PackOptions = BatchOptions & Partial<PackTokensOptions>;

/**
 * Tokenises a corpus and makes batches of it: `packTokens` and `makeBatches` in one call.
 *
 * @param options - without `folder` the tokens stay in memory, two or four bytes each
 * @throws what {@link packTokens} and {@link makeBatches} throw
 *
 * @example
 * ```ts
 * import { pack, textCorpus } from 'weft/data';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const corpus = textCorpus(['the quick brown fox jumps over the lazy dog']);
 * const tokenizer = await trainTokenizer(corpus, { type: 'characters' });
 * const batches = await pack(corpus, tokenizer, { batchSize: 2, contextLength: 8, seed: 1 });
 * console.log(batches.batch(0).inputs.length); // 16
 * ```
 */
export async function pack(corpus: AsyncIterable<Document>, tokenizer: Tokenizer, options: PackOptions): Promise<Batches> {
  const { folder, shardTokens, onProgress, ...batchOptions } = options;
  if (folder === undefined) return makeBatches(await packInMemory(corpus, tokenizer, onProgress), batchOptions);
  const packOptions = {
    folder,
    ...(shardTokens === undefined ? {} : { shardTokens }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  return makeBatches(await packTokens(corpus, tokenizer, packOptions), batchOptions);
}
