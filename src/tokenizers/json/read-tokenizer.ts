/**
 * Reads a `tokenizer.json`. Files are hostile: counts, lengths, depths and ids are bounded before anything is built from them.
 *
 * Byte-level BPE with a known splitting goes to the fast engine, character tokenizers as they are written here to theirs, and
 * everything else to the general one, which is loaded when a file asks for it. Truncation and padding are kept and not done.
 */

import { type BpeSurroundings, createBpeTokenizer } from '../bpe/bpe-tokenizer.ts';
import { createCharacterTokenizer } from '../characters/character-tokenizer.ts';
import { type SpecialTokens, createSpecialTokens } from '../special-tokens.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { type JsonObject, type JsonReader, createJsonReader } from './json-reader.ts';
import { readByteLevel } from './read-byte-level.ts';
import { type AddedEntry, type Vocabulary, countIds, readAddedTokens, readMerges, readVocabulary } from './read-vocabulary.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

const COMPONENTS = ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder'] as const;

/** Components in components, and values of components, at most. */
const DEEPEST = 32;
const MOST_VALUES = 1 << 17;

/**
 * Makes a tokenizer of a parsed `tokenizer.json`.
 *
 * @param json - what `JSON.parse` gave; it is kept, for `toJSON`
 * @param origin - what errors call the file
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when it is no tokenizer, is damaged, or asks for a component that is not known here
 *
 * @example
 * ```ts
 * import { tokenizerFromJson, trainTokenizer } from 'weft/tokenizers';
 *
 * const trained = await trainTokenizer(['to be or not to be'], { type: 'characters' });
 * const tokenizer = await tokenizerFromJson(JSON.parse(JSON.stringify(trained)));
 * console.log(tokenizer.decode(tokenizer.encode('not to be'))); // not to be
 * ```
 */
export async function tokenizerFromJson(json: unknown, origin = 'tokenizer.json'): Promise<Tokenizer> {
  const reader = createJsonReader(origin);
  const root = reader.object(json, 'the file');
  reader.demand(root['version'] === undefined || root['version'] === '1.0', 'version is 1.0', root['version']);
  const model = reader.object(root['model'], 'model');
  for (const name of COMPONENTS) checkSize(reader, root[name], name);
  if (!isBpe(model)) {
    const { readPipeline } = await import('../pipeline/read-pipeline.ts');
    return readPipeline(reader, root, model);
  }

  checkBpe(reader, model);
  const vocabulary = readVocabulary(reader, model);
  const added = readAddedTokens(reader, root, { vocabulary, size: vocabulary.size });
  const size = countIds(reader, vocabulary, added);
  const prefix = (model['continuing_subword_prefix'] ?? '') as string;
  const merges = readMerges(reader, model, { vocabulary, prefix });
  const special = createSpecialTokens(textsOf(added, true), textsOf(added, false));
  const isPlain = (root['normalizer'] ?? null) === null && hasPlainTokens(added);

  const ids = isPlain ? readCharacters(root, model, { vocabulary, special, merges: merges.results.length }) : undefined;
  if (ids !== undefined) return createCharacterTokenizer(ids);
  const definition = readByteLevel(root, model, { vocabulary, merges, special, size });
  // Where bytes are missing, places are theirs only in the general engine.
  const isWhole = definition?.byteIds.every((id) => id >= 0) === true;
  if (definition !== undefined && isWhole && isPlain && isByteLevel(root['decoder'])) {
    return createBpeTokenizer(definition, {
      json: json as TokenizerJson,
      ...(await readAfter(reader, root['post_processor'] ?? null, size)),
    });
  }
  const { readPipeline } = await import('../pipeline/read-pipeline.ts');
  return readPipeline(reader, root, model, { vocabulary, added, merges, definition });
}

async function readAfter(reader: JsonReader, json: unknown, size: number): Promise<BpeSurroundings> {
  if (json === null) return {};
  const { readPostProcessor, trimPlaces } = await import('../pipeline/post-processors.ts');
  return { ...readPostProcessor(reader, reader.object(json, 'post_processor'), size), trimPlaces };
}

/** Whether the model is BPE; older files do not say so. */
function isBpe(model: JsonObject): boolean {
  return model['type'] === 'BPE' || (model['type'] === undefined && model['merges'] !== undefined);
}

function checkBpe(reader: JsonReader, model: JsonObject): void {
  const dropout = model['dropout'] ?? 0;
  reader.demand(dropout === 0, 'model.dropout is null or 0, as encoding has no chance in it here', dropout);
  for (const name of ['unk_token', 'continuing_subword_prefix', 'end_of_word_suffix']) {
    const value = model[name] ?? '';
    reader.demand(typeof value === 'string', `model.${name} is a text or null`, value);
  }
  for (const name of ['fuse_unk', 'byte_fallback', 'ignore_merges']) {
    const value = model[name] ?? false;
    reader.demand(typeof value === 'boolean', `model.${name} is true or false`, value);
  }
}

/** Bounds what a component is made of, without recursion. */
function checkSize(reader: JsonReader, component: unknown, name: string): void {
  let values = 0;
  let level: unknown[] = [component];
  for (let depth = 0; level.length > 0; depth++) {
    reader.demand(depth <= DEEPEST, `${name} is nested at most ${DEEPEST} deep`, 'deeper');
    values += level.length;
    reader.demand(values <= MOST_VALUES, `${name} has ${MOST_VALUES} values or fewer`, values);
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}

function textsOf(added: readonly AddedEntry[], special: boolean): ReadonlyMap<string, number> {
  return new Map(added.filter((token) => token.special === special).map(({ content, id }) => [content, id]));
}

/** Whether added tokens are found where they are spelt, all in one pass. */
function hasPlainTokens(added: readonly AddedEntry[]): boolean {
  return added.every((token) => !token.singleWord && !token.leftStrip && !token.rightStrip && token.normalized === added[0]?.normalized);
}

function isByteLevel(decoder: unknown): boolean {
  return typeof decoder === 'object' && decoder !== null && (decoder as JsonObject)['type'] === 'ByteLevel';
}

interface CharacterParts {
  readonly vocabulary: Vocabulary;
  readonly special: SpecialTokens;
  readonly merges: number;
}

/** The definition of a character tokenizer, where the file is one as it is written here. */
function readCharacters(
  root: JsonObject,
  model: JsonObject,
  { vocabulary, special, merges }: CharacterParts,
): Parameters<typeof createCharacterTokenizer>[0] | undefined {
  const decoder = root['decoder'];
  const isFuse = typeof decoder === 'object' && decoder !== null && (decoder as JsonObject)['type'] === 'Fuse';
  if (merges > 0 || !isFuse || (root['pre_tokenizer'] ?? null) !== null || (root['post_processor'] ?? null) !== null) return undefined;
  if (['continuing_subword_prefix', 'end_of_word_suffix', 'fuse_unk', 'byte_fallback'].some((name) => Boolean(model[name])))
    return undefined;
  const unknown = (model['unk_token'] ?? undefined) as string | undefined;
  if (unknown !== undefined && !special.tokens.has(unknown)) return undefined;
  const ids = new Map<number, number>();
  for (const [text, id] of vocabulary) {
    if (special.tokens.has(text) || special.ordinary.has(text)) continue;
    const codePoint = text.codePointAt(0);
    if (codePoint === undefined || text.length !== (codePoint > 0xffff ? 2 : 1)) return undefined;
    ids.set(codePoint, id);
  }
  return { ids, special, unknown };
}
