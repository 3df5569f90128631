/**
 * Reads a `tokenizer.json`. Files are hostile: counts, lengths and ids are bounded before anything is built from them.
 *
 * Read are byte-level BPE with the known splittings, and character tokenizers as they are written here. What a file asks for beyond
 * that is an error, never ignored, except what does not touch `encode`: truncation, padding, and post-processors, which add tokens
 * around a text.
 */

import { createBpeTokenizer } from '../bpe/bpe-tokenizer.ts';
import { type Merge, mergeListOf } from '../bpe/merge-table.ts';
import { type TokenArena, arenaOf } from '../token-arena.ts';
import { textToBytes } from '../byte-alphabet.ts';
import { createCharacterTokenizer } from '../characters/character-tokenizer.ts';
import { type SpecialTokens, createSpecialTokens } from '../special-tokens.ts';
import { type Splitting, splittingOf } from '../splitting/splittings.ts';
import { LARGEST_VOCABULARY, LONGEST_TOKEN, type Tokenizer } from '../tokenizer.ts';
import { type JsonObject, type JsonReader, createJsonReader } from './json-reader.ts';

const MOST_ADDED = 1 << 16;

/**
 * Makes a tokenizer of a parsed `tokenizer.json`.
 *
 * @param json - what `JSON.parse` gave
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
// eslint-disable-next-line typescript/require-await -- parts of it are loaded when a file asks for them
export async function tokenizerFromJson(json: unknown, origin = 'tokenizer.json'): Promise<Tokenizer> {
  const reader = createJsonReader(origin);
  const root = reader.object(json, 'the file');
  const model = reader.object(root['model'], 'model');
  reader.demand(model['type'] === 'BPE' || model['type'] === undefined, `model.type is BPE, the kind that is read here`, model['type']);
  reader.demand((root['normalizer'] ?? null) === null, 'there is no normalizer, as none is read here', root['normalizer']);
  for (const name of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix']) {
    reader.demand((model[name] ?? '') === '' || model[name] === 0, `model.${name} is empty, as it is not read here`, model[name]);
  }
  const vocabulary = readVocabulary(reader, model);
  const special = readAddedTokens(reader, root, vocabulary);
  const size = checkIds(reader, vocabulary, special);
  const merges = readMerges(reader, model, vocabulary);
  const unknown = model['unk_token'] ?? undefined;
  reader.demand(unknown === undefined || typeof unknown === 'string', 'model.unk_token is a text or null', unknown);

  const splitting = readSplitting(reader, root['pre_tokenizer'] ?? null);
  if (splitting === 'characters') {
    reader.demand(merges.length === 0, 'a model without a pre-tokenizer is a character model, without merges', `${merges.length} merges`);
    return createCharacterTokenizer(readCharacters(reader, vocabulary, special, unknown as string | undefined));
  }
  reader.demand(unknown === undefined, 'a byte-level model has no unk_token', unknown);
  return createBpeTokenizer({
    splitting,
    ...byteTokens(vocabulary, special, size),
    merges: mergeListOf(merges),
    ignoreMerges: model['ignore_merges'] === true,
    special,
  });
}

/** Ids of the tokens of the model by their text. */
type Vocabulary = ReadonlyMap<string, number>;

function readVocabulary(reader: JsonReader, model: JsonObject): Vocabulary {
  const entries = Object.entries(reader.object(model['vocab'], 'model.vocab'));
  reader.demand(entries.length <= LARGEST_VOCABULARY, `model.vocab has ${LARGEST_VOCABULARY} tokens or fewer`, entries.length);
  const vocabulary = new Map<string, number>();
  for (const [text, id] of entries) {
    if (!isId(id)) reader.demand(false, 'ids of model.vocab are integers from 0', `${JSON.stringify(text.slice(0, 40))}: ${String(id)}`);
    if (text.length > LONGEST_TOKEN) reader.demand(false, `tokens have ${LONGEST_TOKEN} characters or fewer`, text.length);
    vocabulary.set(text, id as number);
  }
  return vocabulary;
}

function readAddedTokens(reader: JsonReader, root: JsonObject, vocabulary: Vocabulary): SpecialTokens {
  const list = reader.array(root['added_tokens'] ?? [], 'added_tokens');
  reader.demand(list.length <= MOST_ADDED, `added_tokens has ${MOST_ADDED} entries or fewer`, list.length);
  const tokens = new Map<string, number>();
  const ordinary = new Map<string, number>();
  for (const [index, value] of list.entries()) {
    const name = `added_tokens[${index}]`;
    const token = reader.object(value, name);
    const { id, content } = token;
    if (typeof content !== 'string' || content === '' || content.length > LONGEST_TOKEN) {
      return reader.fail(`${name}.content is a text of 1 to ${LONGEST_TOKEN} characters`, content);
    }
    if (!isId(id)) return reader.fail(`${name}.id is an integer from 0`, id);
    reader.demand((vocabulary.get(content) ?? id) === id, `${name} has the id that model.vocab gives it`, id);
    reader.demand(!tokens.has(content) && !ordinary.has(content), `${name} is given once`, content);
    for (const flag of ['lstrip', 'rstrip', 'single_word']) {
      reader.demand(token[flag] !== true, `${name}.${flag} is false, as it is not read here`, true);
    }
    (token['special'] === true ? tokens : ordinary).set(content, id);
  }
  return createSpecialTokens(tokens, ordinary);
}

/** Checks that ids are different and without large holes, and returns the size of the vocabulary. */
function checkIds(reader: JsonReader, vocabulary: Vocabulary, { tokens, ordinary }: SpecialTokens): number {
  const texts = new Map<number, string>();
  let highest = -1;
  for (const [text, id] of [...vocabulary, ...tokens, ...ordinary]) {
    const other = texts.get(id);
    if (other !== undefined && other !== text) {
      reader.demand(
        false,
        'every id is given once',
        `${id} for ${JSON.stringify(other.slice(0, 40))} and ${JSON.stringify(text.slice(0, 40))}`,
      );
    }
    texts.set(id, text);
    highest = Math.max(highest, id);
  }
  reader.demand(texts.size > 0, 'the vocabulary has tokens', 'none');
  reader.demand(highest < 2 * texts.size + MOST_ADDED, 'ids are without large holes', `${texts.size} tokens, highest id ${highest}`);
  return highest + 1;
}

function readMerges(reader: JsonReader, model: JsonObject, vocabulary: Vocabulary): readonly Merge[] {
  const list = reader.array(model['merges'] ?? [], 'model.merges');
  reader.demand(list.length <= LARGEST_VOCABULARY, `model.merges has ${LARGEST_VOCABULARY} entries or fewer`, list.length);
  return list.map((value, index) => {
    const parts: readonly unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
    const [left, right] = parts;
    if (parts.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      return reader.fail(`model.merges[${index}] is a pair of tokens`, JSON.stringify(value)?.slice(0, 80));
    }
    const ids = [vocabulary.get(left), vocabulary.get(right), vocabulary.get(left + right)] as const;
    if (ids[0] === undefined || ids[1] === undefined || ids[2] === undefined) {
      return reader.fail(`model.merges[${index}] joins tokens of the vocabulary to one of the vocabulary`, `${left} ${right}`.slice(0, 80));
    }
    return { left: ids[0], right: ids[1], result: ids[2] };
  });
}

/** The splitting of a byte-level pre-tokenizer, or `characters` where there is none. */
function readSplitting(reader: JsonReader, json: unknown): Splitting | 'characters' {
  if (json === null) return 'characters';
  const outer = reader.object(json, 'pre_tokenizer');
  const steps = outer['type'] === 'Sequence' ? reader.array(outer['pretokenizers'], 'pre_tokenizer.pretokenizers') : [outer];
  const [first, second] = steps.map((step, index) => reader.object(step, `pre_tokenizer[${index}]`));
  const bytes = second ?? first;
  reader.demand(
    steps.length <= 2 && bytes?.['type'] === 'ByteLevel' && bytes['add_prefix_space'] !== true,
    'pre_tokenizer is ByteLevel without add_prefix_space, alone or after one Split',
    JSON.stringify(json).slice(0, 200),
  );
  if (second === undefined) {
    reader.demand(bytes?.['use_regex'] !== false, 'a ByteLevel pre-tokenizer without its pattern comes after a Split', 'use_regex false');
    return 'gpt2';
  }
  const pattern = reader.object(first?.['pattern'], 'pre_tokenizer pattern')['Regex'];
  const splitting = typeof pattern === 'string' ? splittingOf(pattern) : undefined;
  if (splitting === undefined) return reader.fail('the splitting pattern is one that is known here', String(pattern).slice(0, 200));
  reader.demand(
    first?.['type'] === 'Split' && first['behavior'] === 'Isolated' && first['invert'] !== true && bytes?.['use_regex'] === false,
    'the pattern is an isolated Split, and the only pattern',
    JSON.stringify(json).slice(0, 200),
  );
  return splitting;
}

function readCharacters(
  reader: JsonReader,
  vocabulary: Vocabulary,
  special: SpecialTokens,
  unknown: string | undefined,
): Parameters<typeof createCharacterTokenizer>[0] {
  const ids = new Map<number, number>();
  for (const [text, id] of vocabulary) {
    if (special.tokens.has(text) || special.ordinary.has(text)) continue;
    const codePoint = text.codePointAt(0);
    if (codePoint === undefined || text.length !== (codePoint > 0xffff ? 2 : 1)) {
      return reader.fail('tokens of a character model are single characters', text.slice(0, 40));
    }
    ids.set(codePoint, id);
  }
  reader.demand(unknown === undefined || special.tokens.has(unknown), 'unk_token is one of the special tokens', unknown);
  return { ids, special, unknown };
}

/** Bytes of every token. A token outside of GPT-2's alphabet stands for its own text, as in Hugging Face's decoder. */
function byteTokens(vocabulary: Vocabulary, special: SpecialTokens, size: number): { tokens: TokenArena; byteIds: Int32Array } {
  const utf8 = new TextEncoder();
  const tokens: Uint8Array[] = Array.from({ length: size }, () => new Uint8Array(0));
  const byteIds = new Int32Array(256).fill(-1);
  for (const [text, id] of vocabulary) {
    const bytes = textToBytes(text);
    tokens[id] = bytes ?? utf8.encode(text);
    if (bytes?.length === 1) byteIds[bytes[0] as number] = id;
  }
  for (const [text, id] of [...special.tokens, ...special.ordinary]) tokens[id] = utf8.encode(text);
  return { tokens: arenaOf(tokens), byteIds };
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 * LARGEST_VOCABULARY;
}
