/** Tokenizers into files; the name says which format. */

import { WeftError, findNodeModule, writeFileAtomic } from '../../core/index.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { cannotHold } from './file-error.ts';

/** A file and what it holds. */
export interface FileContent {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/**
 * Writes a tokenizer, each file atomically.
 *
 * `tokenizer.json` holds every tokenizer. A `.model` file holds those that were trained as SentencePiece models or read from one. A `.tiktoken` file holds byte-level BPE, but neither how text is split nor the special
 * tokens; `vocab.json` with `merges.txt` what GPT-2's tokenizer can be; `vocab.txt` BERT's, but not whether text becomes lower case.
 *
 * @param path - a file that ends in `.model` or `.tiktoken`, is called `vocab.txt`, or `vocab.json` or `merges.txt` (both are written), or ends in
 *   `.json`; otherwise the folder for `tokenizer.json`
 * @throws UsageError `WEFT_TOKENIZER_SAVE` when the format cannot hold the tokenizer, `WEFT_TOKENIZER_MODEL` when it is no SentencePiece model;
 *   WeftError `WEFT_WRITE` when it cannot be written,
 *   `WEFT_TOKENIZER_PLATFORM` in a browser
 *
 * @example
 * ```ts
 * import { mkdtemp, readdir } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { saveTokenizer, trainTokenizer } from 'weft/tokenizers';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'weft-'));
 * await saveTokenizer(folder, await trainTokenizer(['abc'], { type: 'characters' }));
 * console.log(await readdir(folder)); // [ 'tokenizer.json' ]
 * ```
 */
export async function saveTokenizer(path: string, tokenizer: Tokenizer): Promise<void> {
  if (findNodeModule('node:fs/promises') === undefined) {
    throw new WeftError({
      code: 'WEFT_TOKENIZER_PLATFORM',
      action: `write the tokenizer ${path}`,
      rule: 'files are there only where Node runs',
      remedy: 'Keep JSON.stringify(tokenizer), which is its tokenizer.json.',
    });
  }
  // All is made before anything is written.
  for (const { path: file, content } of await contentsOf(path, tokenizer)) await writeFileAtomic(file, content);
}

/** The files that a path stands for. */
export async function contentsOf(path: string, tokenizer: Tokenizer): Promise<readonly FileContent[]> {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  const [folder, name] = [path.slice(0, cut), path.slice(cut)];
  if (name.endsWith('.tiktoken')) {
    const { writeTiktoken } = await import('./tiktoken-file.ts');
    return [{ path, content: writeTiktoken(tokenizer.toJSON()) }];
  }
  if (name.endsWith('.model')) {
    const { sentencePieceToBytes } = await import('../sentencepiece/sentencepiece-files.ts');
    return [{ path, content: await sentencePieceToBytes(tokenizer) }];
  }
  if (name === 'vocab.txt' || name === 'vocab.json' || name === 'merges.txt') {
    const { writeVocabularyFiles, writeVocabularyText } = await import('./vocabulary-files.ts');
    if (name === 'vocab.txt') return [{ path, content: writeVocabularyText(tokenizer.toJSON()) }];
    const { vocabulary, merges } = writeVocabularyFiles(tokenizer.toJSON());
    return [
      { path: `${folder}merges.txt`, content: merges },
      { path: `${folder}vocab.json`, content: vocabulary },
    ];
  }
  const wrong = /\.(?:gguf|txt|bpe)$/.exec(name);
  if (wrong !== null) throw cannotHold(wrong[0], 'tokenizers are read from such a file and not written to it', name);
  const file = name.endsWith('.json') ? path : `${path}/tokenizer.json`;
  return [{ path: file, content: `${JSON.stringify(tokenizer.toJSON(), null, 1)}\n` }];
}
