/** Reads any `tokenizer.json` into the general engine. */

import type { BpeDefinition } from '../bpe/bpe-definition.ts';
import { createByteEncoder } from '../bpe/byte-encoder.ts';
import type { MergeList } from '../bpe/merge-table.ts';
import { createTokenizer } from '../create-tokenizer.ts';
import type { JsonObject, JsonReader } from '../json/json-reader.ts';
import { type AddedEntry, type Vocabulary, countIds, readAddedTokens, readVocabulary } from '../json/read-vocabulary.ts';
import type { TokenizerJson } from '../json/tokenizer-json.ts';
import { SPLITTINGS } from '../splitting/splittings.ts';
import { LARGEST_VOCABULARY, LONGEST_TOKEN, type Tokenizer } from '../tokenizer.ts';
import type { AddedToken } from './added-tokens.ts';
import { createBpeModel } from './bpe-model.ts';
import { readDecoder } from './decoders.ts';
import type { Model } from './model.ts';
import { type Change, readNormalizer } from './normalizers.ts';
import { wellFormed } from './code-points.ts';
import { createPipelineEngine } from './pipeline-engine.ts';
import { readPostProcessor } from './post-processors.ts';
import { readPreTokenizers } from './pre-tokenizers.ts';
import { readCount, readFlag, readText } from './read-parts.ts';

/** What is read of a BPE model already. */
export interface BpeParts {
  readonly vocabulary: Vocabulary;
  readonly added: readonly AddedEntry[];
  readonly merges: MergeList;
  /** Where bytes are merged after a known splitting: what does the same faster. */
  readonly definition: BpeDefinition | undefined;
}

/** The tokenizer of a file. */
export async function readPipeline(reader: JsonReader, root: JsonObject, modelJson: JsonObject, bpe?: BpeParts): Promise<Tokenizer> {
  const component = (name: string): JsonObject | undefined => {
    const value = root[name] ?? undefined;
    return value === undefined ? undefined : reader.object(value, name);
  };
  const [normalizerJson, preJson, postJson, decoderJson] = ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder'].map(component);
  const reserved = readReserved(root);
  const model = bpe === undefined ? await readModel(reader, modelJson, reserved) : readBpe(modelJson, bpe, reserved);
  const entries = bpe?.added ?? readAddedTokens(reader, root, model);
  const size = countIds(reader, model.vocabulary, entries);
  const normalizer = normalizerJson && (await readNormalizer(reader, normalizerJson, 'normalizer'));
  return createTokenizer(
    createPipelineEngine({
      added: entries.map((entry) => spell(reader, entry, normalizer)),
      normalizer,
      preTokenizers: preJson === undefined ? [] : await readPreTokenizers(reader, preJson, 'pre_tokenizer'),
      model,
      encodeText: bpe?.definition && createByteEncoder(SPLITTINGS[bpe.definition.splitting].splitBatch, bpe.definition).encode,
      decoder: decoderJson && (await readDecoder(reader, decoderJson, 'decoder')),
      postProcessing: postJson === undefined ? { template: undefined, trims: [] } : readPostProcessor(reader, postJson, size),
      size,
      json: root as unknown as TokenizerJson,
    }),
  );
}

/** A token that is found in normalized text is spelt as the normalizer spells it. */
function spell(reader: JsonReader, entry: AddedEntry, normalizer: Change | undefined): AddedToken {
  const content = wellFormed(entry.content);
  const spelling = entry.normalized && normalizer !== undefined ? normalizer.text(content) : content;
  reader.demand(spelling !== '', 'a token that is added is not empty when it is normalized', content);
  return { ...entry, content, spelling };
}

/**
 * Special tokens that are found in text wherever they are allowed, so that the model never has to make them: it must not, as text that
 * spells one would become it where special tokens are to be text. (Those of single words are left to the model, as theirs are.)
 */
function readReserved(root: JsonObject): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(root['added_tokens']) ? root['added_tokens'] : [];
  const reserved = new Set<string>();
  for (const value of list) {
    const token = (typeof value === 'object' && value !== null ? value : {}) as JsonObject;
    if (token['special'] === true && token['single_word'] !== true && typeof token['content'] === 'string') reserved.add(token['content']);
  }
  return reserved;
}

function readBpe(json: JsonObject, { vocabulary, merges }: BpeParts, reserved: ReadonlySet<string>): Model {
  return createBpeModel({
    vocabulary,
    merges,
    unknown: (json['unk_token'] ?? undefined) as string | undefined,
    prefix: (json['continuing_subword_prefix'] ?? '') as string,
    suffix: (json['end_of_word_suffix'] ?? '') as string,
    fuseUnknown: json['fuse_unk'] === true,
    byteFallback: json['byte_fallback'] === true,
    ignoreMerges: json['ignore_merges'] === true,
    reserved,
  });
}

async function readModel(reader: JsonReader, json: JsonObject, reserved: ReadonlySet<string>): Promise<Model> {
  const type: unknown = json['type'] ?? guessType(json);
  switch (type) {
    case 'WordPiece': {
      const { createWordPieceModel } = await import('../wordpiece/word-piece-model.ts');
      return createWordPieceModel({
        vocabulary: readVocabulary(reader, json),
        unknown: readText(reader, json['unk_token'], 'model.unk_token'),
        prefix: readText(reader, json['continuing_subword_prefix'], 'model.continuing_subword_prefix'),
        longest: readCount(reader, json['max_input_chars_per_word'], 'model.max_input_chars_per_word'),
        reserved,
      });
    }
    case 'WordLevel': {
      const { createWordLevelModel } = await import('./word-level-model.ts');
      const unknown = readText(reader, json['unk_token'], 'model.unk_token');
      return createWordLevelModel(readVocabulary(reader, json), unknown, reserved);
    }
    case 'Unigram':
      return readUnigram(reader, json, reserved);
    default:
      return reader.fail('model.type is BPE, WordPiece, WordLevel or Unigram', type);
  }
}

/** Older files do not name their model. */
function guessType(json: JsonObject): string | undefined {
  if (json['max_input_chars_per_word'] !== undefined) return 'WordPiece';
  return Array.isArray(json['vocab']) ? 'Unigram' : json['unk_token'] === undefined ? undefined : 'WordLevel';
}

async function readUnigram(reader: JsonReader, json: JsonObject, reserved: ReadonlySet<string>): Promise<Model> {
  const list = reader.array(json['vocab'], 'model.vocab');
  reader.demand(list.length > 0 && list.length <= LARGEST_VOCABULARY, `model.vocab has 1 to ${LARGEST_VOCABULARY} tokens`, list.length);
  const scores = new Float64Array(list.length);
  const tokens = list.map((value, index) => {
    const [token, score]: readonly unknown[] = Array.isArray(value) ? value : [];
    if (typeof token !== 'string' || token.length > LONGEST_TOKEN || typeof score !== 'number' || !Number.isFinite(score)) {
      return reader.fail(`model.vocab[${index}] is a token and its score`, JSON.stringify(value)?.slice(0, 80));
    }
    scores[index] = roundedTwice(score);
    return wellFormed(token);
  });
  const unknownId = json['unk_id'] ?? undefined;
  if (unknownId !== undefined) {
    const id = readCount(reader, unknownId, 'model.unk_id');
    reader.demand(id < tokens.length, 'model.unk_id is an id of the vocabulary', id);
  }
  const { createUnigramModel } = await import('./unigram-model.ts');
  return createUnigramModel({
    tokens,
    scores,
    unknownId: unknownId as number | undefined,
    byteFallback: readFlag(reader, json['byte_fallback'], { name: 'model.byte_fallback', missing: false }),
    reserved,
  });
}

/**
 * A number as serde_json reads it without its feature `float_roundtrip`: its digits as a whole number, then divided by a power of ten,
 * each rounded. Equal paths of a Unigram model are told apart by the last bit. Source: serde-rs/json, `de.rs`, `f64_from_parts`.
 */
function roundedTwice(value: number): number {
  const [, sign, whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const power = Number(exponent) - fraction.length;
  const digits = Number(whole + fraction);
  const size = power < 0 ? digits / Number(`1e${-power}`) : digits * Number(`1e${power}`);
  return sign === '-' ? -size : size;
}
