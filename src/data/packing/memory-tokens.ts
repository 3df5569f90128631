/** Packed tokens in memory, for texts that are small. */

import { type PackedTokens, type TokenArray, allocateTokens, tokenTypeFor } from './packed-tokens.ts';
import type { Tokenizer } from '../../tokenizers/index.ts';
import type { Document } from '../corpus.ts';
import { type PackProgress, encodeDocuments } from './encode-documents.ts';
import { checkRange } from './check-range.ts';

/** Encodes a corpus into memory: two or four bytes a token. */
export async function packInMemory(
  corpus: AsyncIterable<Document>,
  tokenizer: Tokenizer,
  onProgress?: (progress: PackProgress) => void,
): Promise<PackedTokens> {
  const type = tokenTypeFor(tokenizer.vocabSize);
  let all: TokenArray = allocateTokens(type, 1 << 16);
  let last: PackProgress = { documents: 0, bytes: 0, tokens: 0 };
  for await (const { ids, progress } of encodeDocuments(corpus, tokenizer)) {
    if (progress.tokens > all.length) {
      const larger = allocateTokens(type, Math.max(progress.tokens, all.length * 2));
      larger.set(all.subarray(0, last.tokens));
      all = larger;
    }
    all.set(ids, last.tokens);
    last = progress;
    onProgress?.(progress);
  }
  const { tokens } = last;
  return {
    folder: '',
    ...last,
    vocabSize: tokenizer.vocabSize,
    read(start, length) {
      checkRange(start, length, tokens);
      return Uint32Array.from(all.subarray(start, start + length));
    },
    close() {
      all = allocateTokens(type, 0);
    },
  };
}
