/** Tokenises a corpus into shards on the disk. */

import { checkOptions } from '../../core/index.ts';
import type { Tokenizer } from '../../tokenizers/index.ts';
import type { Document } from '../corpus.ts';
import { demandOption } from '../data-error.ts';
import { type PackProgress, encodeDocuments } from './encode-documents.ts';
import { openPacked } from './open-packed.ts';
import { type PackedTokens, tokenTypeFor } from './packed-tokens.ts';
import { createShardWriter } from './shard-writer.ts';

/** Where to, and how; see {@link packTokens}. */
export interface PackTokensOptions {
  /** Folder for the shards; made when it is missing. Shards of an earlier packing in it are replaced. */
  readonly folder: string;
  /** Tokens of a shard. Default 64 Mi. */
  readonly shardTokens?: number;
  /** Called after every document. */
  readonly onProgress?: (progress: PackProgress) => void;
}

const SHARD_TOKENS = 1 << 26;

/**
 * Tokenises a corpus into shards on the disk: all documents end to end, each followed by the end-of-text token where the tokenizer
 * has one. Two bytes a token where the vocabulary allows it, else four, little-endian, with a header, `packed.json`.
 *
 * The header is written last and atomically: a folder is packed wholly or not at all, and an earlier packing stays until then.
 *
 * @returns the tokens, opened
 * @throws WeftError `WEFT_WRITE` when the folder cannot be written; and what the corpus throws
 *
 * @example
 * ```ts
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { packTokens, textCorpus } from 'weft/data';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
 * const folder = await mkdtemp(join(tmpdir(), 'weft-'));
 * const packed = await packTokens(textCorpus(['to be', 'or not']), tokenizer, { folder });
 * console.log(packed.tokens, tokenizer.decode(packed.read(0, 5))); // 13 to be
 * packed.close();
 * ```
 */
export async function packTokens(corpus: AsyncIterable<Document>, tokenizer: Tokenizer, options: PackTokensOptions): Promise<PackedTokens> {
  const action = 'pack tokens';
  checkOptions(action, options, ['folder', 'shardTokens', 'onProgress']);
  const { folder, shardTokens = SHARD_TOKENS, onProgress } = options;
  demandOption(typeof folder === 'string' && folder !== '', action, { rule: 'folder is a path', value: folder });
  demandOption(Number.isSafeInteger(shardTokens) && shardTokens >= 1, action, {
    rule: 'shardTokens is a positive integer',
    value: shardTokens,
  });
  const { vocabSize } = tokenizer;
  const writer = await createShardWriter(folder, tokenTypeFor(vocabSize), shardTokens);
  let last: PackProgress = { documents: 0, bytes: 0, tokens: 0 };
  try {
    for await (const { ids, progress } of encodeDocuments(corpus, tokenizer)) {
      await writer.append(ids);
      last = progress;
      onProgress?.(progress);
    }
    await writer.finish(vocabSize, last);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  return openPacked(folder);
}
