/** From files to packed tokens: the tokenizer, the split, the shards on disk. */

import { copyFile, link, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { UsageError, writeError } from '../core/index.ts';
import { openPacked, packTokens, readText, split } from '../data/index.ts';
import type { Corpus, PackedTokens } from '../data/index.ts';
import { loadTokenizer, saveTokenizer, trainTokenizer } from '../tokenizers/index.ts';
import type { Tokenizer, TrainTokenizerOptions } from '../tokenizers/index.ts';
import type { WorkflowHooks } from './events.ts';
import { warnOfSkippedFiles } from './skipped-files.ts';
import type { Recipe, TokenizerRecipe } from './recipe.ts';
import { damaged } from './run-folder.ts';
import type { RunPaths } from './run-folder.ts';

/** What a run trains on. */
export interface Prepared {
  readonly tokenizer: Tokenizer;
  readonly train: PackedTokens;
  readonly heldOut: PackedTokens;
}

/** The parts of the text that training sees and that it does not. */
export function splitText(recipe: Recipe): readonly [train: Corpus, heldOut: Corpus] {
  const { text, textField } = recipe;
  return split(readText(text, textField === undefined ? {} : { textField }), { heldOut: recipe.heldOut ?? 0.05, seed: recipe.seed ?? 1 });
}

/** Reads, tokenizes and packs the text of a recipe into the run folder. */
export async function prepare(recipe: Recipe, paths: RunPaths, hooks: WorkflowHooks): Promise<Prepared> {
  const { onEvent, signal } = hooks;
  const [trainText, heldOutText] = splitText(recipe);
  let started = performance.now();
  const seconds = (): number => {
    const now = performance.now();
    const passed = (now - started) / 1000;
    started = now;
    return passed;
  };

  onEvent?.({ kind: 'phase', phase: 'tokenizer' });
  const asked = recipe.tokenizer ?? {};
  const tokenizer =
    typeof asked === 'string' ? await loadTokenizer(asked) : await trainTokenizer(texts(trainText, hooks), tokenizerOptions(asked));
  await saveTokenizer(paths.folder, tokenizer);
  warnOfSkippedFiles(trainText, onEvent);
  onEvent?.({ kind: 'phaseEnd', phase: 'tokenizer', summary: `${tokenizer.vocabSize.toLocaleString('en-US')} tokens`, seconds: seconds() });

  onEvent?.({ kind: 'phase', phase: 'pack' });
  const packOne = async (corpus: Corpus, folder: string): Promise<PackedTokens> =>
    packTokens(stoppable(corpus, signal), tokenizer, {
      folder,
      onProgress: ({ tokens }) => onEvent?.({ kind: 'progress', phase: 'pack', done: tokens, total: undefined, unit: 'tokens' }),
    });
  const train = await packOne(trainText, paths.trainTokens);
  const heldOut = await packOne(heldOutText, paths.heldOutTokens);
  const count = (value: number): string => value.toLocaleString('en-US');
  const { duplicates } = trainText.summary?.() ?? { duplicates: 0 };
  onEvent?.({
    kind: 'phaseEnd',
    phase: 'pack',
    summary: `${count(train.tokens)} tokens to learn from, ${count(heldOut.tokens)} held out, ${(train.bytes / Math.max(1, train.tokens)).toFixed(2)} bytes a token${duplicates === 0 ? '' : `; ${count(duplicates)} exact ${duplicates === 1 ? 'copy' : 'copies'} left out`}`,
    seconds: seconds(),
  });
  return { tokenizer, train, heldOut };
}

/** What a run prepared before, from its folder. Never made anew: the files may have changed since, and then it is another run. */
export async function reopen({ folder, trainTokens, heldOutTokens }: RunPaths): Promise<Prepared> {
  try {
    return { tokenizer: await loadTokenizer(folder), train: await openPacked(trainTokens), heldOut: await openPacked(heldOutTokens) };
  } catch (error) {
    throw damaged(folder, 'its tokenizer or its tokens cannot be read', error);
  }
}

/** Tokenizer and tokens of one folder for another: as links, so that many runs hold them once; as copies where links cannot be. */
export async function shareTokens(from: RunPaths, to: RunPaths): Promise<Prepared> {
  try {
    for (const [source, target] of [
      [from.trainTokens, to.trainTokens],
      [from.heldOutTokens, to.heldOutTokens],
    ] as const) {
      await rm(target, { recursive: true, force: true });
      await mkdir(target, { recursive: true });
      for (const name of await readdir(source)) {
        const paths = [join(source, name), join(target, name)] as const;
        await link(...paths).catch(() => copyFile(...paths));
      }
    }
    await saveTokenizer(to.folder, await loadTokenizer(from.folder));
  } catch (error) {
    throw writeError(to.folder, error);
  }
  return reopen(to);
}

/** The documents of packed tokens, as text: byte for byte what was packed, also when the files have changed since. */
export async function* documentsOf(packed: PackedTokens, tokenizer: Tokenizer): AsyncGenerator<{ readonly text: string }> {
  const chunk = 1 << 16;
  let open: number[] = [];
  for (let start = 0; start < packed.tokens; start += chunk) {
    for (const id of packed.read(start, Math.min(chunk, packed.tokens - start))) {
      if (id !== tokenizer.endOfText) open.push(id);
      else if (open.length > 0) {
        yield { text: tokenizer.decode(open) };
        open = [];
      }
    }
  }
  if (open.length > 0) yield { text: tokenizer.decode(open) };
}

/** Checks that both parts hold a batch's worth of text. */
export function requireTokens({ train, heldOut }: Prepared, contextLength: number): void {
  for (const [name, packed] of [
    ['training', train],
    ['held-out', heldOut],
  ] as const) {
    if (packed.tokens > contextLength) continue;
    throw new UsageError({
      code: 'WEFT_DATA_SHORT',
      action: 'train on this text',
      rule: `the ${name} part must be longer than the context of ${contextLength} tokens`,
      value: `${packed.tokens} tokens`,
      remedy:
        name === 'training'
          ? 'Give more text, or a smaller context length.'
          : 'Give more text, a larger held-out share, or a smaller context length.',
    });
  }
}

/** The defaults are those of `bpe`; whatever is asked for goes on, so that what does not fit the type is refused there. */
function tokenizerOptions(asked: TokenizerRecipe): TrainTokenizerOptions {
  const { type = 'bpe', splitting, vocabSize = type === 'characters' ? undefined : 2048 } = asked;
  // What does not go together is an error of training.
  return {
    type,
    ...(vocabSize === undefined ? {} : { vocabSize }),
    ...(splitting === undefined ? {} : { splitting }),
  };
}

async function* texts(corpus: Corpus, { onEvent, signal }: WorkflowHooks): AsyncGenerator<string> {
  let bytes = 0;
  for await (const document of corpus) {
    signal?.throwIfAborted();
    bytes += document.bytes;
    onEvent?.({ kind: 'progress', phase: 'tokenizer', done: bytes, total: undefined, unit: 'bytes' });
    yield document.text;
  }
}

function stoppable(corpus: Corpus, signal: AbortSignal | undefined): Corpus {
  return {
    ...corpus,
    async *[Symbol.asyncIterator]() {
      for await (const document of corpus) {
        signal?.throwIfAborted();
        yield document;
      }
    },
  };
}
