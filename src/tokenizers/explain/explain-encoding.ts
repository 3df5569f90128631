/**
 * How a tokenizer gets from text to ids, told from its `tokenizer.json` alone by the readable twins, and held against the ids that the
 * tokenizer itself gives.
 */

import type { AddedTokenJson, BpeModelJson, TokenizerJson, UnigramModelJson } from '../json/tokenizer-json.ts';
import type { Tokenizer, TokenizerType } from '../tokenizer.ts';
import { type Pair, applyMerges, keyOf } from './bpe-twin.ts';
import type { EncodingExplanation, ExplainedToken, PieceExplanation, PieceSteps } from './explanation.ts';
import { tellLattice, unknownScore } from './lattice-steps.ts';
import { normalizeSlowly } from './normalize-twin.ts';
import { NotExplained } from './not-explained.ts';
import { splitSlowly } from './split-twin.ts';
import { matchLongest } from './wordpiece-twin.ts';
import { readableText } from './words.ts';

/** What one piece becomes. */
interface Told {
  readonly steps: PieceSteps;
  readonly tokens: readonly string[];
}

/** The steps alone, of a `tokenizer.json`. */
export function tellSteps(json: TokenizerJson, text: string): Pick<EncodingExplanation, 'normalization' | 'splitting' | 'pieces'> {
  return tellText(json, modelTwin(json), text);
}

/** A model made ready to tell what becomes of a piece. */
interface ModelTwin {
  readonly idOf: ReadonlyMap<string, number>;
  tell(piece: string): Told;
}

/** What is made of a tokenizer once: large vocabularies take a while. */
interface TokenizerTwin {
  readonly json: TokenizerJson;
  readonly model: ModelTwin;
  readonly names: ReadonlyMap<number, string>;
}

const twins = new WeakMap<Tokenizer, TokenizerTwin>();

/** Tells how `tokenizer` encodes `text`. */
export function tellEncoding(tokenizer: Tokenizer, text: string): EncodingExplanation {
  const { json, model, names } = twinOf(tokenizer);
  const { ids, starts, ends } = tokenizer.encodeWithOffsets(text);
  const tokens = Array.from(ids, (id, index): ExplainedToken => ({
    id,
    token: names.get(id) ?? '',
    bytes: [...tokenizer.tokenBytes(id)],
    start: starts[index] ?? 0,
    end: ends[index] ?? 0,
  }));
  const notes: string[] = [];
  let told: Pick<EncodingExplanation, 'normalization' | 'splitting' | 'pieces'> = { normalization: [], splitting: [], pieces: [] };
  try {
    told = tellText(json, model, text);
  } catch (error) {
    if (!(error instanceof NotExplained)) throw error;
    notes.push(`Not explained: ${error.message}. The ids are the tokenizer's own.`);
  }
  const found = told.pieces.flatMap((piece) => piece.tokens.map(({ id }) => id));
  const agrees = found.length === ids.length && found.every((id, index) => id === ids[index]);
  if (!agrees && notes.length === 0) {
    notes.push(`The steps lead to other ids than the tokenizer gives, which are shown below: ${found.slice(0, 20).join(' ')}`);
  }
  return { type: typeOf(json, tokenizer.type), text, ...told, tokens, ids: [...ids], agrees, notes };
}

function twinOf(tokenizer: Tokenizer): TokenizerTwin {
  let twin = twins.get(tokenizer);
  if (twin === undefined) {
    const json = tokenizer.toJSON();
    twin = { json, model: modelTwin(json), names: new Map(Array.from(tokenizer.vocabulary, ([token, id]) => [id, token])) };
    twins.set(tokenizer, twin);
  }
  return twin;
}

function typeOf({ model }: TokenizerJson, type: TokenizerType): TokenizerType {
  return model.type === 'BPE' && type !== 'characters' ? 'bpe' : type;
}

/** Added tokens first, then for the text between them: normalizers, what cuts it, and the model. */
function tellText(
  json: TokenizerJson,
  model: ModelTwin,
  text: string,
): Pick<EncodingExplanation, 'normalization' | 'splitting' | 'pieces'> {
  const normalization: { name: string; text: string }[] = [];
  const splitting = new Set<string>();
  const pieces: PieceExplanation[] = [];
  const added = json.added_tokens.filter(({ special }) => !special);
  const raw = added.filter(({ normalized }) => !normalized);
  const late = added.filter(({ normalized }) => normalized);
  let first = true;
  for (const part of cutAtAdded(text, raw)) {
    if (part.added !== undefined) {
      pieces.push(addedPiece(part.added));
    } else {
      const steps = normalizeSlowly(json.normalizer, part.text);
      steps.forEach((step, index) => {
        const before = normalization[index];
        normalization[index] = { name: step.name, text: (before?.text ?? '') + step.text };
      });
      for (const piece of cutAtAdded(steps.at(-1)?.text ?? part.text, late)) {
        if (piece.added !== undefined) {
          pieces.push(addedPiece(piece.added));
        } else {
          const cut = splitSlowly(json.pre_tokenizer, piece.text, first);
          for (const name of cut.names) splitting.add(name);
          const bytes = cut.names.includes('ByteLevel') || steps.some(({ name }) => name === 'ByteLevel');
          for (const one of cut.pieces) pieces.push({ ...tellPiece(model, one), ...(bytes ? readableText(one) : {}) });
        }
        first = false;
      }
    }
    first = false;
  }
  return { normalization, splitting: [...splitting], pieces };
}

function tellPiece(model: ModelTwin, piece: string): PieceExplanation {
  const { steps, tokens } = model.tell(piece);
  return { piece, steps, tokens: tokens.map((token) => ({ token, id: model.idOf.get(token) ?? 0 })) };
}

function addedPiece({ content, id }: AddedTokenJson): PieceExplanation {
  return { piece: content, steps: { how: 'added' }, tokens: [{ id, token: content }] };
}

function cutAtAdded(
  text: string,
  added: readonly AddedTokenJson[],
): { readonly text: string; readonly added: AddedTokenJson | undefined }[] {
  const parts: { text: string; added: AddedTokenJson | undefined }[] = [];
  const longestFirst = [...added].filter(({ content }) => content !== '').sort((a, b) => b.content.length - a.content.length);
  let start = 0;
  for (let at = 0; at < text.length;) {
    const token = longestFirst.find(({ content }) => text.startsWith(content, at));
    if (token === undefined) {
      at++;
      continue;
    }
    if (token.lstrip || token.rstrip || token.single_word) {
      throw new NotExplained(`the added token ${token.content}, which looks at what stands beside it`);
    }
    if (at > start) parts.push({ text: text.slice(start, at), added: undefined });
    parts.push({ text: token.content, added: token });
    start = at += token.content.length;
  }
  if (start < text.length) parts.push({ text: text.slice(start), added: undefined });
  return parts;
}

function modelTwin({ model }: TokenizerJson): ModelTwin {
  switch (model.type) {
    case 'BPE':
      return bpeTwin(model);
    case 'Unigram':
      return unigramTwin(model);
    case 'WordPiece': {
      const idOf = new Map(Object.entries(model.vocab));
      const { continuing_subword_prefix: prefix, max_input_chars_per_word: longest, unk_token: unknown } = model;
      return {
        idOf,
        tell(piece) {
          if ([...piece].length > longest) return { steps: { how: 'longest-match', matches: [] }, tokens: [unknown] };
          const matches = matchLongest(piece, (token) => idOf.has(token), prefix);
          const found = matches.map((match) => match.found).filter((token) => token !== null);
          return { steps: { how: 'longest-match', matches }, tokens: found.length < matches.length ? [unknown] : found };
        },
      };
    }
    case 'WordLevel': {
      const idOf = new Map(Object.entries(model.vocab));
      return {
        idOf,
        tell: (piece) => ({ steps: { how: 'lookup', found: idOf.has(piece) }, tokens: [idOf.has(piece) ? piece : model.unk_token] }),
      };
    }
  }
}

function bpeTwin(model: BpeModelJson): ModelTwin {
  const idOf = new Map(Object.entries(model.vocab));
  const ranks = new Map(model.merges.map((merge: readonly string[] | string, rank) => [keyOf(...halvesOf(merge)), rank]));
  const rankOf = ({ left, right }: Pair): number | undefined => ranks.get(keyOf(left, right));
  const prefix = model.continuing_subword_prefix ?? '';
  return {
    idOf,
    tell(piece) {
      if (model.ignore_merges && idOf.has(piece)) return { steps: { how: 'lookup', found: true }, tokens: [piece] };
      const symbols = knownSymbols(piece, model, idOf);
      const merges = applyMerges(symbols, rankOf, prefix);
      return { steps: { how: 'merges', symbols, merges }, tokens: merges.at(-1)?.symbols ?? symbols };
    },
  };
}

/** A merge; older files, which are written as they were read, have it as one text. */
function halvesOf(merge: readonly string[] | string): readonly [string, string] {
  const [left = '', right = ''] = typeof merge === 'string' ? merge.split(' ') : merge;
  return [left, right];
}

/** The characters of a piece as the vocabulary knows them: marked, as bytes, or unknown. */
function knownSymbols(piece: string, model: BpeModelJson, idOf: ReadonlyMap<string, number>): string[] {
  const symbols: string[] = [];
  const characters = [...piece];
  let wasUnknown = false;
  for (const [index, character] of characters.entries()) {
    const marked =
      (index > 0 ? (model.continuing_subword_prefix ?? '') : '') +
      character +
      (index === characters.length - 1 ? (model.end_of_word_suffix ?? '') : '');
    const bytes = idOf.has(marked) ? [marked] : model.byte_fallback ? byteTokens(marked, idOf) : undefined;
    if (bytes !== undefined) symbols.push(...bytes);
    else if (model.unk_token !== null && !(model.fuse_unk && wasUnknown)) symbols.push(model.unk_token);
    wasUnknown = bytes === undefined;
  }
  return symbols;
}

/** `<0xE2>` and so on; undefined where the vocabulary lacks one of them. */
function byteTokens(text: string, idOf: ReadonlyMap<string, number>): string[] | undefined {
  const tokens = Array.from(new TextEncoder().encode(text), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  return tokens.every((token) => idOf.has(token)) ? tokens : undefined;
}

function unigramTwin(model: UnigramModelJson): ModelTwin {
  const idOf = new Map(model.vocab.map(([token], id) => [token, id]));
  const scores = new Map(model.vocab);
  const unknown = unknownScore(scores);
  const longest = model.vocab.reduce((most, [token]) => Math.max(most, [...token].length), 1);
  const unknownToken = model.unk_id === null ? undefined : model.vocab[model.unk_id]?.[0];
  return {
    idOf,
    tell(piece) {
      const steps = tellLattice([...piece], scores, (token) => idOf.get(token), { unknown, longest });
      const tokens: string[] = [];
      let lacking = '';
      const endLacking = (): void => {
        if (lacking === '') return;
        const bytes = model.byte_fallback ? byteTokens(lacking, idOf) : undefined;
        if (bytes !== undefined) tokens.push(...bytes);
        else if (unknownToken === undefined) throw new NotExplained(`${JSON.stringify(lacking)}, which the vocabulary lacks`);
        else tokens.push(unknownToken);
        lacking = '';
      };
      // Unknown characters that follow one another are one unknown token.
      for (const token of steps.paths[0]?.tokens ?? []) {
        if (idOf.has(token)) {
          endLacking();
          tokens.push(token);
        } else lacking += token;
      }
      endLacking();
      return { steps, tokens };
    },
  };
}
