/**
 * Any `tokenizer.json` as an engine: added tokens, normalizer, pre-tokenizers, model, decoder.
 *
 * Ids alone are found without places, on plain strings, piece by piece through a cache; places are worked out only when they are
 * asked for, by the same steps on texts that know where their characters came from.
 */

import { textToBytes } from '../byte-alphabet.ts';
import type { Alignment, TokenizerEngine } from '../engine.ts';
import type { TokenizerJson } from '../json/tokenizer-json.ts';
import type { StreamingDecoder } from '../tokenizer.ts';
import { type AddedToken, createPartFinder } from './added-tokens.ts';
import { type AlignedText, alignedText, sliceAligned } from './aligned-text.ts';
import { bytesOf, codePointAt, isAscii, unitsOf, wellFormed } from './code-points.ts';
import { type Decoder, byteOfToken, decodeBytes } from './decoders.ts';
import { createIdList } from './id-list.ts';
import { type Model, type Token, remembering } from './model.ts';
import type { Change } from './normalizers.ts';
import { type PostProcessing, trimPlace } from './post-processors.ts';
import type { PreTokenizer } from './pre-tokenizers.ts';

/** All that a pipeline is. */
export interface Pipeline {
  readonly added: readonly AddedToken[];
  readonly normalizer: Change | undefined;
  readonly preTokenizers: readonly PreTokenizer[];
  readonly model: Model;
  /** Ids of ordinary, normalized text, where they are found faster than by pre-tokenizers and model. */
  readonly encodeText: ((text: string) => Uint32Array) | undefined;
  readonly decoder: Decoder | undefined;
  readonly postProcessing: PostProcessing;
  /** How many ids there are: all are below it. */
  readonly size: number;
  readonly json: TokenizerJson;
}

/** The engine of a pipeline. */
export function createPipelineEngine(pipeline: Pipeline): TokenizerEngine {
  const { added, normalizer, preTokenizers, model, encodeText, decoder, postProcessing, size } = pipeline;
  const texts: (string | undefined)[] = Array.from({ length: size });
  for (const [text, id] of model.vocabulary) texts[id] = text;
  // What a token is called when it is decoded; added tokens come first.
  for (const { id, spelling } of added) texts[id] = spelling;
  const specialTexts = new Set(added.filter(({ special }) => special).map(({ content }) => content));
  const specialTokens = new Map(added.filter(({ special }) => special).map(({ content, id }): [string, number] => [content, id]));
  const contents = new Map(added.map(({ id, content }) => [id, content]));
  const finders = [false, true].map((special) => {
    const findable = added.filter((token) => special || !token.special);
    return {
      raw: createPartFinder(findable.filter(({ normalized }) => !normalized)),
      normalized: createPartFinder(findable.filter(({ normalized }) => normalized)),
    };
  });
  const findersOf = (special: boolean): (typeof finders)[number] => finders[special ? 1 : 0] as (typeof finders)[number];

  // The last change of a piece belongs to what is remembered of it.
  const last = preTokenizers.at(-1)?.after;
  const encodeLast = last === undefined ? model.encode : remembering((piece) => model.encode(last.text(piece)));
  const asksFirst = preTokenizers.some((step) => step.asksFirst === true);
  const scratch = preTokenizers.map((): number[] => []);
  const output = createIdList();
  const cuts: number[] = [];

  const encodePiece = (piece: string): void => {
    if (model.cut === undefined || piece.length < 32 || last !== undefined) {
      output.append(encodeLast(piece));
      return;
    }
    cuts.length = 0;
    model.cut(piece, cuts);
    for (let index = 0; index < cuts.length; index += 2) output.append(model.encode(piece.slice(cuts[index], cuts[index + 1])));
  };
  const encodeFrom = (level: number, text: string, first: boolean): void => {
    const step = preTokenizers[level];
    if (step === undefined) {
      if (text !== '') encodePiece(text);
      return;
    }
    const whole = step.before === undefined ? text : step.before.text(text, first);
    const isLast = level === preTokenizers.length - 1;
    if (step.cut === undefined) {
      if (whole === '') return;
      if (isLast) encodePiece(whole);
      else encodeFrom(level + 1, step.after === undefined ? whole : step.after.text(whole), first);
      return;
    }
    const pieces = scratch[level] as number[];
    pieces.length = 0;
    step.cut(whole, pieces);
    for (let index = 0; index < pieces.length; index += 2) {
      const start = pieces[index] as number;
      const piece = whole.slice(start, pieces[index + 1]);
      if (isLast) encodePiece(piece);
      else encodeFrom(level + 1, step.after === undefined ? piece : step.after.text(piece), first && start === 0);
    }
  };
  const encodeOrdinary = (text: string, first: boolean): void => {
    if (encodeText !== undefined) output.append(encodeText(text));
    else encodeFrom(0, text, first);
  };

  const encode = (given: string, special: boolean): Uint32Array => {
    // Where the original begins can be told of a text that was not changed, and else of places alone.
    if (asksFirst && normalizer !== undefined) return align(given, special).ids;
    const text = wellFormed(given);
    const { raw, normalized } = findersOf(special);
    const encodePart = (part: string, first: boolean): void => {
      const changed = normalizer === undefined ? part : normalizer.text(part);
      if (normalized === undefined) {
        encodeOrdinary(changed, first);
        return;
      }
      for (const [start, end, id] of normalized(changed)) {
        if (id >= 0) output.push(id);
        else encodeOrdinary(changed.slice(start, end), first && start === 0);
      }
    };
    if (text === '') return new Uint32Array(0);
    try {
      if (raw === undefined) {
        encodePart(text, true);
      } else {
        for (const [start, end, id] of raw(text)) {
          if (id >= 0) output.push(id);
          else encodePart(text.slice(start, end), start === 0);
        }
      }
    } catch (error) {
      output.take();
      throw error;
    }
    return output.take();
  };

  const alignFrom = (level: number, aligned: AlignedText, pieces: AlignedText[]): void => {
    const step = preTokenizers[level];
    if (step === undefined) {
      if (aligned.text !== '') pieces.push(aligned);
      return;
    }
    const whole = step.before === undefined ? aligned : step.before.aligned(aligned);
    const change = (piece: AlignedText): AlignedText => (step.after === undefined ? piece : step.after.aligned(piece));
    if (step.cut === undefined) {
      if (whole.text !== '') alignFrom(level + 1, change(whole), pieces);
      return;
    }
    const cut: number[] = [];
    step.cut(whole.text, cut);
    for (let index = 0; index < cut.length; index += 2) {
      alignFrom(level + 1, change(sliceAligned(whole, cut[index] as number, cut[index + 1] as number)), pieces);
    }
  };
  const align = (given: string, special: boolean): Alignment => {
    const text = wellFormed(given);
    const places = createPlaces(text);
    const { raw, normalized } = findersOf(special);
    const alignPart = (part: AlignedText): void => {
      const changed = normalizer === undefined ? part : normalizer.aligned(part);
      for (const [start, end, id] of normalized?.(changed.text) ?? [[0, changed.text.length, -1]]) {
        const slice = sliceAligned(changed, start, end);
        if (id >= 0) {
          places.addWhole(slice, id);
        } else {
          const pieces: AlignedText[] = [];
          alignFrom(0, slice, pieces);
          for (const piece of pieces) places.add(piece, model.align(piece.text));
        }
      }
    };
    const whole = alignedText(text);
    for (const [start, end, id] of raw?.(text) ?? [[0, text.length, -1]]) {
      const slice = sliceAligned(whole, start, end);
      if (id >= 0) places.addWhole(slice, id);
      else if (slice.text !== '') alignPart(slice);
    }
    return places.finish(postProcessing.trims);
  };

  const decode = (ids: ArrayLike<number>, skipSpecial: boolean): string => {
    const tokens: string[] = [];
    for (let index = 0; index < ids.length; index++) {
      const text = texts[ids[index] as number];
      if (text !== undefined && !(skipSpecial && specialTexts.has(text))) tokens.push(text);
    }
    return decoder === undefined ? tokens.join(' ') : decoder(tokens).join('');
  };

  return {
    type: model.type,
    size,
    specialTokens,
    token: (id) => contents.get(id) ?? texts[id],
    tokenBytes: (id) => tokenBytes(texts[id] ?? '', contents.get(id), decoder),
    encode,
    align,
    count(text, special) {
      try {
        return encode(text, special).length;
      } catch {
        // A text that has no ids counts as its characters.
        return [...text].length;
      }
    },
    decode,
    createDecoder: (skipSpecial) => createStreamingDecoder((ids) => decode(ids, skipSpecial)),
    template: postProcessing.template,
    toJSON: () => pipeline.json,
  };
}

interface Places {
  /** An added token, which stands for all of a text. */
  addWhole(aligned: AlignedText, id: number): void;
  add(aligned: AlignedText, tokens: readonly Token[]): void;
  finish(trims: PostProcessing['trims']): Alignment;
}

/** Collects tokens and finds their places in the original. Source: `tokenizer/pre_tokenizer.rs`, `into_encoding`. */
function createPlaces(original: string): Places {
  const found: { readonly id: number; start: number; end: number; readonly text: string }[] = [];
  return {
    addWhole(aligned, id) {
      const { text, starts, ends } = aligned;
      if (text === '') return;
      found.push({ id, start: starts[0] as number, end: ends[text.length - 1] as number, text });
    },
    add(aligned, tokens) {
      const { text, starts, ends, shift } = aligned;
      const units = isAscii(text) ? undefined : unitsOfBytes(text);
      for (const token of tokens) {
        const bytes = units?.length ?? text.length;
        let [start, end] = [token.start, token.end];
        if (start < end && end <= bytes) {
          const [first, last] = [units?.[start] ?? start, units?.[end - 1] ?? end - 1];
          [start, end] = [starts[first] as number, ends[last] as number];
        } else {
          // Bytes that a model made up have places as if they were bytes of the original.
          const range = start === end ? [start, end] : [token.start, token.end];
          const base = start === end ? shiftInBytes(original, shift) : 0;
          [start, end] = placeOfBytes(original, base + (range[0] as number), base + (range[1] as number));
        }
        found.push({ id: token.id, start, end, text: token.text });
      }
    },
    finish(trims) {
      for (const { keepsFirst } of trims) {
        found.forEach((place, index) => {
          trimPlace(place.text, place, { text: original, isFirst: (start) => keepsFirst && (index === 0 || start === 0) });
        });
      }
      return {
        ids: Uint32Array.from(found, ({ id }) => id),
        starts: Uint32Array.from(found, ({ start }) => start),
        ends: Uint32Array.from(found, ({ end }) => end),
      };
    },
  };
}

/** The UTF-16 unit at which the character of each UTF-8 byte begins. */
function unitsOfBytes(text: string): Int32Array {
  const units: number[] = [];
  for (let at = 0; at < text.length;) {
    const code = codePointAt(text, at);
    for (let byte = bytesOf(code); byte > 0; byte--) units.push(at);
    at += unitsOf(code);
  }
  return Int32Array.from(units);
}

function shiftInBytes(text: string, shift: number): number {
  return new TextEncoder().encode(text.slice(0, shift)).length;
}

/** Bytes of the original as units. Source: `BytesToCharOffsetConverter`. */
function placeOfBytes(original: string, start: number, end: number): [number, number] {
  const units = unitsOfBytes(original);
  const first = units[start];
  if (first === undefined) return [Math.min(start, original.length), Math.min(end, original.length)];
  const last = units[end];
  if (last !== undefined) return [first, last];
  const step = (at: number): number => (at < original.length ? at + unitsOf(codePointAt(original, at)) : at);
  // Theirs takes two characters where even the last byte is behind the end.
  const before = units[end - 1];
  return [first, before === undefined ? step(step(first)) : step(before)];
}

function tokenBytes(text: string, content: string | undefined, decoder: Decoder | undefined): Uint8Array {
  const utf8 = new TextEncoder();
  if (content !== undefined || decoder === undefined) return utf8.encode(content ?? text);
  if (decoder === decodeBytes) return textToBytes(text) ?? utf8.encode(text);
  const byte = byteOfToken(text);
  // A token means by itself what it means behind another one.
  if (byte >= 0 && decoder(['<0x41>']).join('') === 'A') return Uint8Array.of(byte);
  const [before, both] = [decoder(['A']).join(''), decoder(['A', text]).join('')];
  return utf8.encode(both.startsWith(before) ? both.slice(before.length) : decoder([text]).join(''));
}

/** Tokens that wait for more at most. */
const MOST_WAITING = 256;

/**
 * Decodes the ids since the last complete text together with those before it, and gives what is new.
 *
 * Source: huggingface/tokenizers 0.23, `DecodeStream`.
 */
function createStreamingDecoder(decode: (ids: readonly number[]) => string): StreamingDecoder {
  let ids: number[] = [];
  let known = 0; // Ids whose text was given.
  let prefix = '';
  const flush = (text: string): string => {
    const more = text.slice(prefix.length);
    ids = ids.slice(known);
    known = ids.length;
    prefix = decode(ids);
    return more;
  };
  return {
    push(id) {
      ids.push(id);
      const text = decode(ids);
      if (ids.length - known < MOST_WAITING && (text.length <= prefix.length || text.endsWith('\uFFFD'))) return '';
      return flush(text);
    },
    end() {
      const more = decode(ids).slice(prefix.length);
      ids = [];
      known = 0;
      prefix = '';
      return more;
    },
  };
}
