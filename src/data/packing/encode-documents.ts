/** The tokens of a corpus as a stream: every document, and the end-of-text token after it. */

import type { Tokenizer } from '../../tokenizers/index.ts';
import type { Document } from '../corpus.ts';

/** How far packing is. */
export interface PackProgress {
  readonly documents: number;
  readonly bytes: number;
  readonly tokens: number;
}

/** The tokens of one document, and the counts up to and with it. */
export interface EncodedDocument {
  readonly ids: Uint32Array;
  readonly progress: PackProgress;
}

/** Encodes document by document. Special tokens in the text are ordinary text. */
export async function* encodeDocuments(corpus: AsyncIterable<Document>, tokenizer: Tokenizer): AsyncGenerator<EncodedDocument> {
  const { endOfText } = tokenizer;
  let documents = 0;
  let bytes = 0;
  let tokens = 0;
  for await (const document of corpus) {
    const text = tokenizer.encode(document.text);
    const ids = new Uint32Array(text.length + (endOfText === undefined ? 0 : 1));
    ids.set(text);
    if (endOfText !== undefined) ids[text.length] = endOfText;
    documents++;
    bytes += document.bytes;
    tokens += ids.length;
    yield { ids, progress: { documents, bytes, tokens } };
  }
}
