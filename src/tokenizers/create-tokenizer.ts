/** The whole interface of a tokenizer, made of what its kind can do. */

import { UsageError, checkOptions } from '../core/index.ts';
import type { Alignment, TemplatePart, TokenizerEngine } from './engine.ts';
import { createTokenCounter } from './token-counter.ts';
import { type DecodeOptions, END_OF_TEXT, type EncodeOptions, type Encoding, type StreamingDecoder, type Tokenizer } from './tokenizer.ts';

const ENCODE_OPTIONS = ['specialTokens', 'addSpecialTokens', 'pair'];

/** Makes a tokenizer of an engine. */
export function createTokenizer(engine: TokenizerEngine): Tokenizer {
  const { size, specialTokens } = engine;
  let vocabulary: ReadonlyMap<string, number> | undefined;
  const finder = createRefusal(specialTokens);

  /** Whether special tokens are to be found in the text. */
  const readPolicy = ({ specialTokens: policy = 'text', pair }: EncodeOptions, text: string): boolean => {
    if (policy === 'refuse') {
      finder(text);
      if (pair !== undefined) finder(pair);
      return false;
    }
    if (policy === 'text' || policy === 'allow') return policy === 'allow';
    throw optionError(
      'encode',
      "specialTokens is 'text', 'allow' or 'refuse'",
      String(policy),
      "Leave it out where the text comes from users: 'text' is the default.",
    );
  };
  const checkId = (id: number): void => {
    if (Number.isInteger(id) && id >= 0 && id < size) return;
    throw new UsageError({
      code: 'WEFT_TOKENIZER_ID',
      action: 'decode a token',
      rule: `ids of this vocabulary are integers from 0 to ${size - 1}`,
      value: String(id),
      remedy: 'Decode with the tokenizer that encoded the text.',
    });
  };
  const templateOf = (options: EncodeOptions): readonly TemplatePart[] => {
    const { pair, addSpecialTokens } = options;
    const plain = pair === undefined ? PLAIN.single : PLAIN.pair;
    const template = pair === undefined ? engine.template?.single : engine.template?.pair;
    // The order and the types of the texts are the template's also without its tokens.
    return addSpecialTokens === true ? (template ?? plain) : (template?.filter((part) => 'text' in part) ?? plain);
  };
  const encode = (text: string, options: EncodeOptions = {}): Uint32Array => {
    checkOptions('encode', options, ENCODE_OPTIONS);
    const special = readPolicy(options, text);
    const first = engine.encode(text, special);
    if (options.pair === undefined && options.addSpecialTokens !== true) return first;
    const second = options.pair === undefined ? undefined : engine.encode(options.pair, special);
    return fill(templateOf(options), first, second);
  };
  const countOne = (text: string, special: boolean): number => engine.count?.(text, special) ?? engine.encode(text, special).length;
  /** Ids besides those of the text. */
  const extra = (options: EncodeOptions, special: boolean): number => {
    if (options.pair === undefined && options.addSpecialTokens !== true) return 0;
    const added = templateOf(options).reduce((sum, part) => sum + ('id' in part ? 1 : 0), 0);
    return options.pair === undefined ? added : added + countOne(options.pair, special);
  };
  const countPolicy = (options: EncodeOptions): boolean => {
    checkOptions('count tokens', options, ENCODE_OPTIONS);
    return options.specialTokens === 'allow';
  };
  const countUpTo = (text: string, limit: number, options: EncodeOptions): number => {
    checkLimit(limit);
    const special = countPolicy(options);
    const more = extra(options, special);
    return more + (engine.countUpTo?.(text, limit - more, special) ?? countOne(text, special));
  };

  return {
    type: engine.type,
    vocabSize: size,
    specialTokens,
    endOfText: specialTokens.get(END_OF_TEXT),
    get vocabulary() {
      vocabulary ??= new Map(
        Array.from({ length: size }, (_, id): [string | undefined, number] => [engine.token(id), id]).filter(
          (entry): entry is [string, number] => entry[0] !== undefined,
        ),
      );
      return vocabulary;
    },
    encode,
    encodeWithOffsets(text, options = {}) {
      checkOptions('encode', options, ENCODE_OPTIONS);
      const special = readPolicy(options, text);
      const second = options.pair === undefined ? undefined : engine.align(options.pair, special);
      return fillAligned(templateOf(options), engine.align(text, special), second);
    },
    encodeBatch: (texts, options = {}) => texts.map((text) => encode(text, options)),
    count(text, options = {}) {
      const special = countPolicy(options);
      return countOne(text, special) + extra(options, special);
    },
    countUpTo(text, limit, options = {}) {
      const count = countUpTo(text, limit, options);
      return count <= limit ? count : undefined;
    },
    truncate(text, limit, options = {}) {
      if (countUpTo(text, limit, options) <= limit) return text;
      const special = countPolicy(options);
      return truncated(engine, text, limit - extra(options, special), special);
    },
    createCounter(options = {}) {
      const special = countPolicy(options);
      return createTokenCounter(engine, special, extra(options, special));
    },
    decode(ids, options = {}) {
      checkOptions('decode', options, ['skipSpecialTokens']);
      for (let index = 0; index < ids.length; index++) checkId(ids[index] as number);
      return engine.decode(ids, options.skipSpecialTokens === true);
    },
    createDecoder(options: DecodeOptions = {}): StreamingDecoder {
      checkOptions('decode', options, ['skipSpecialTokens']);
      const decoder = engine.createDecoder(options.skipSpecialTokens === true);
      return {
        push(id) {
          checkId(id);
          return decoder.push(id);
        },
        end: () => decoder.end(),
      };
    },
    tokenBytes(id) {
      checkId(id);
      return engine.tokenBytes(id);
    },
    toJSON: () => engine.toJSON(),
  };
}

const PLAIN: { readonly single: readonly TemplatePart[]; readonly pair: readonly TemplatePart[] } = {
  single: [{ text: 'first', type: 0 }],
  pair: [
    { text: 'first', type: 0 },
    { text: 'second', type: 1 },
  ],
};

const NOTHING = new Uint32Array(0);

function fill(parts: readonly TemplatePart[], first: Uint32Array, second: Uint32Array = NOTHING): Uint32Array {
  const pieces = parts.map((part) => ('id' in part ? Uint32Array.of(part.id) : part.text === 'first' ? first : second));
  const ids = new Uint32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    ids.set(piece, position);
    position += piece.length;
  }
  return ids;
}

function fillAligned(
  parts: readonly TemplatePart[],
  first: Alignment,
  second: Alignment = { ids: NOTHING, starts: NOTHING, ends: NOTHING },
): Encoding {
  const ids = fill(parts, first.ids, second.ids);
  const starts = new Uint32Array(ids.length);
  const ends = new Uint32Array(ids.length);
  const types = new Uint8Array(ids.length);
  const added = new Uint8Array(ids.length);
  let position = 0;
  for (const part of parts) {
    if ('id' in part) {
      types[position] = part.type;
      added[position++] = 1;
      continue;
    }
    const source = part.text === 'first' ? first : second;
    starts.set(source.starts, position);
    ends.set(source.ends, position);
    types.fill(part.type, position, position + source.ids.length);
    position += source.ids.length;
  }
  return { ids, starts, ends, types, added };
}

/** UTF-16 units a token to begin with, when a long text is cut. */
const UNITS_A_TOKEN = 8;

/** The longest beginning with at most `limit` ids that ends where a token ends. */
function truncated(engine: TokenizerEngine, text: string, limit: number, special: boolean): string {
  if (limit <= 0) return '';
  const { starts, ends } = alignBeginning(engine, text, limit, special);
  for (let last = limit - 1; last >= 0; last--) {
    const end = ends[last] as number;
    // A token that ends inside a character shares it with the next one.
    if (last + 1 < starts.length && (starts[last + 1] as number) < end) continue;
    const beginning = text.slice(0, end);
    // What followed may have held a merge back.
    if ((engine.count?.(beginning, special) ?? engine.encode(beginning, special).length) <= limit) return beginning;
  }
  return '';
}

/** The places of more than `limit` tokens, of a text that has so many, without reading all of it where the engine allows. */
// oxlint-disable-next-line max-params
function alignBeginning(engine: TokenizerEngine, text: string, limit: number, special: boolean): Alignment {
  for (let units = limit * UNITS_A_TOKEN + 64; units < text.length && engine.stableEnd !== undefined; units *= 4) {
    const beginning = text.slice(0, units);
    const alignment = engine.align(beginning.slice(0, engine.stableEnd(beginning, special)), special);
    if (alignment.ids.length > limit) return alignment;
  }
  return engine.align(text, special);
}

function createRefusal(tokens: ReadonlyMap<string, number>): (text: string) => void {
  return (text) => {
    for (const token of tokens.keys()) {
      const at = text.indexOf(token);
      if (at < 0) continue;
      throw new UsageError({
        code: 'WEFT_TOKENIZER_SPECIAL_TEXT',
        action: 'encode a text',
        rule: 'it spells a special token, and these are refused',
        value: `${token} at ${at}`,
        remedy: "Take it out, or encode with specialTokens 'text' to have it as ordinary text.",
      });
    }
  };
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 0) return;
  throw optionError(
    'count tokens',
    'the limit is a whole number, 0 or more',
    String(limit),
    'Give the most tokens that the text may have.',
  );
}

function optionError(action: string, rule: string, value: string, remedy: string): UsageError {
  return new UsageError({ code: 'WEFT_TOKENIZER_OPTION', action, rule, value, remedy });
}
