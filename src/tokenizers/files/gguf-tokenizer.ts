/**
 * The tokenizer of a GGUF file, from its metadata, as llama.cpp reads it: `gpt2` is byte-level BPE, `llama` SentencePiece BPE, `bert`
 * WordPiece, `t5` Unigram. Special tokens around a text are there on demand; llama.cpp's own tests of vocabularies leave them out.
 *
 * Source: ggml-org/llama.cpp 00ad355, `src/llama-vocab.cpp`, `llama_vocab::impl::load`.
 */

import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import type { AddedTokenJson, PostProcessorJson, TemplatePieceJson } from '../json/tokenizer-json.ts';
import type { SentencePiece, SentencePieceType } from '../sentencepiece/sentencepiece-model.ts';
import { SPLITTINGS } from '../splitting/splittings.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { addedToken, byteLevelJson, wordPieceJson } from './bare-json.ts';
import { formatError } from './file-error.ts';
import type { GgufValue } from './gguf-metadata.ts';
import { ggufSplitting } from './gguf-patterns.ts';

/** What `token_type` says of a token; the numbers are SentencePiece's. */
const CONTROL = 3;
const USER_DEFINED = 4;

/** Reads values of the metadata and checks their kinds. */
interface Metadata {
  readonly origin: string;
  text(key: string): string | undefined;
  flag(key: string): boolean | undefined;
  /** An id of the vocabulary; undefined where the file gives none, or one that is not there. */
  id(key: string): number | undefined;
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  readonly values: ReadonlyMap<string, GgufValue>;
}

/**
 * The tokenizer that the metadata describe.
 *
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when there is none, it is damaged, or of a kind or splitting that is not known here
 */
export async function ggufTokenizer(values: ReadonlyMap<string, GgufValue>, origin: string): Promise<Tokenizer> {
  const metadata = readMetadata(values, origin);
  const model = metadata.text('model');
  if (model === 'gpt2') return byteLevel(metadata);
  if (model === 'bert') return wordPiece(metadata);
  if (model === 'llama' || model === 't5') return sentencePiece(metadata, model);
  throw formatError(
    origin,
    'its tokenizer is gpt2, llama, bert or t5',
    model ?? 'none',
    'Give a file with a tokenizer of one of these kinds.',
  );
}

function readMetadata(values: ReadonlyMap<string, GgufValue>, origin: string): Metadata {
  const value = (key: string): GgufValue | undefined => values.get(`tokenizer.ggml.${key}`);
  const list = <Kind extends 'string' | 'number'>(key: string, kind: Kind): readonly (Kind extends 'string' ? string : number)[] => {
    const found = value(key) ?? [];
    // All elements of a list have one type.
    if (!Array.isArray(found) || (found.length > 0 && typeof found[0] !== kind))
      throw formatError(origin, `${key} is a list of ${kind}s`, key);
    return found as never;
  };
  const tokens = list('tokens', 'string');
  const types = list('token_type', 'number');
  if (tokens.length === 0) throw formatError(origin, 'it has a tokenizer with tokens', 'none', 'Give a GGUF file of a language model.');
  if (types.length !== 0 && types.length !== tokens.length) {
    throw formatError(origin, `token_type has one for each of ${tokens.length} tokens`, types.length);
  }
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (token !== '' && ids.has(token)) throw formatError(origin, 'every token is given once', `${token} is ${ids.get(token)} and ${id}`);
    ids.set(token, id);
  });
  return {
    origin,
    tokens,
    types,
    values,
    text(key) {
      const found = value(key);
      return typeof found === 'string' ? found : undefined;
    },
    flag(key) {
      const found = value(key);
      return typeof found === 'boolean' ? found : undefined;
    },
    id(key) {
      const found = value(`${key}_token_id`);
      return typeof found === 'number' && Number.isInteger(found) && found >= 0 && found < tokens.length ? found : undefined;
    },
  };
}

function byteLevel({ origin, tokens, types, values, ...metadata }: Metadata): Promise<Tokenizer> {
  const name = metadata.text('pre') ?? 'default';
  const splitting = ggufSplitting(name);
  if (splitting === undefined) {
    throw formatError(
      origin,
      'the way of splitting text (tokenizer.ggml.pre) is known here',
      name,
      "Load the model's tokenizer.json instead.",
    );
  }
  const merges = (values.get('tokenizer.ggml.merges') ?? []) as readonly string[];
  const pairs = merges.map((merge, rank): readonly [string, string] => {
    // A token may begin with a space.
    const space = typeof merge === 'string' ? merge.indexOf(' ', 1) : -1;
    if (space < 0) throw formatError(origin, `merges[${rank}] is two tokens and a space between them`, merge);
    return [merge.slice(0, space), merge.slice(space + 1)];
  });
  const [first] = splitting.patterns;
  return tokenizerFromJson(
    byteLevelJson({
      vocabulary: new Map(tokens.map((token, id): [string, number] => [token, id]).filter(([token]) => token !== '')),
      merges: pairs,
      patterns: splitting.patterns.length === 1 && first === SPLITTINGS.gpt2.pattern ? [] : splitting.patterns,
      added: addedTokens(tokens, types),
      ignoreMerges: splitting.ignoreMerges,
      postProcessor: around({ origin, tokens, types, values, ...metadata }, splitting.addsBos),
    }),
    origin,
  );
}

function addedTokens(tokens: readonly string[], types: readonly number[]): readonly AddedTokenJson[] {
  return tokens.flatMap((token, id) =>
    token !== '' && (types[id] === CONTROL || types[id] === USER_DEFINED) ? [addedToken(token, id, types[id] === CONTROL)] : [],
  );
}

/** The tokens that begin and end a text. */
function around({ tokens, ...metadata }: Metadata, addsBos: boolean): PostProcessorJson | null {
  const begin = (metadata.flag('add_bos_token') ?? addsBos) ? metadata.id('bos') : undefined;
  const end = metadata.flag('add_eos_token') === true ? metadata.id('eos') : undefined;
  const ids = [begin, end].filter((id) => id !== undefined);
  if (ids.length === 0) return null;
  const piece = (id: number | undefined, type: number): readonly TemplatePieceJson[] =>
    id === undefined ? [] : [{ SpecialToken: { id: tokens[id] as string, type_id: type } }];
  const A: TemplatePieceJson = { Sequence: { id: 'A', type_id: 0 } };
  const B: TemplatePieceJson = { Sequence: { id: 'B', type_id: 1 } };
  return {
    type: 'TemplateProcessing',
    single: [...piece(begin, 0), A, ...piece(end, 0)],
    pair: [...piece(begin, 0), A, ...piece(end, 0), ...piece(begin, 1), B, ...piece(end, 1)],
    special_tokens: Object.fromEntries(
      ids.map((id) => [tokens[id] as string, { id: tokens[id] as string, ids: [id], tokens: [tokens[id] as string] }]),
    ),
  };
}

/** In GGUF, tokens that begin a word begin with ▁, and the others lack BERT's `##`. */
function wordPiece({ origin, tokens, types, values: _, ...metadata }: Metadata): Promise<Tokenizer> {
  const original = (token: string, id: number): string => {
    if (token.startsWith('\u2581')) return token.slice(1);
    // Converters have left such tokens alone, whether they are control tokens or not.
    return types[id] === CONTROL || /^\[.+\]$/.test(token) ? token : `##${token}`;
  };
  const texts = tokens.map(original);
  const unknown = metadata.id('unknown');
  if (unknown === undefined) throw formatError(origin, 'a WordPiece tokenizer has an unknown token', 'none');
  const before = metadata.id('cls') ?? metadata.id('bos');
  // The misspelt name is what converters wrote.
  const behind = metadata.id('seperator') ?? metadata.id('separator') ?? metadata.id('eos');
  const named = [unknown, before, behind, metadata.id('padding'), metadata.id('mask')].filter((id) => id !== undefined);
  const special = new Set([...named, ...types.flatMap((type, id) => (type === CONTROL ? [id] : []))]);
  const lowercase = metadata.flag('normalizer.lowercase') ?? true;
  return tokenizerFromJson(
    wordPieceJson({
      vocabulary: new Map(texts.map((text, id) => [text, id])),
      special: [...special].map((id) => texts[id] as string),
      unknown: texts[unknown] as string,
      lowercase,
      stripAccents: metadata.flag('normalizer.strip_accents') ?? null,
      around:
        before === undefined || behind === undefined ? undefined : { before: texts[before] as string, behind: texts[behind] as string },
    }),
    origin,
  );
}

/** The types of pieces by number. */
const TYPES: readonly SentencePieceType[] = ['normal', 'normal', 'unknown', 'control', 'user-defined', 'unused', 'byte'];

/** `llama` is SentencePiece BPE on the text as it is; `t5` Unigram, with the normalization that the file has. */
async function sentencePiece({ origin, tokens, types, values, ...metadata }: Metadata, model: 'llama' | 't5'): Promise<Tokenizer> {
  const scores = (values.get('tokenizer.ggml.scores') ?? []) as readonly number[];
  if (!Array.isArray(scores) || scores.length !== tokens.length || typeof scores[0] !== 'number') {
    throw formatError(origin, `scores has a number for each of ${tokens.length} tokens`, scores.length);
  }
  const rules = values.get('tokenizer.ggml.precompiled_charsmap');
  const hasRules = Array.isArray(rules) && typeof rules[0] === 'number';
  const unknown = metadata.id('unknown');
  const pieces = tokens.map((piece, id): SentencePiece => {
    const type = id === unknown ? 'unknown' : (TYPES[types[id] ?? 1] ?? 'normal');
    const score = scores[id] as number;
    // A token without text can't be a piece.
    return piece === '' ? { piece: `[EMPTY_${id}]`, score, type: 'unused' } : { piece, score, type };
  });
  const { createSentencePieceTokenizer } = await import('../sentencepiece/sentencepiece-tokenizer.ts');
  return createSentencePieceTokenizer(
    {
      pieces,
      trainer: {
        modelType: model === 'llama' ? 'bpe' : 'unigram',
        vocabSize: pieces.length,
        byteFallback: pieces.some(({ type }) => type === 'byte'),
        unkId: pieces.findIndex(({ type }) => type === 'unknown'),
        bosId: metadata.id('bos') ?? -1,
        eosId: metadata.id('eos') ?? -1,
        padId: metadata.id('padding') ?? -1,
      },
      normalizer: {
        name: hasRules ? 'precompiled' : 'identity',
        ...(hasRules ? { precompiledCharsmap: Uint8Array.from(rules as readonly number[]) } : {}),
        addDummyPrefix: metadata.flag('add_space_prefix') ?? true,
        removeExtraWhitespaces: metadata.flag('remove_extra_whitespaces') ?? false,
        escapeWhitespaces: true,
      },
    },
    origin,
  );
}
