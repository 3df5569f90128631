/**
 * The post-processors of a `tokenizer.json`: tokens around a text, and spaces that do not belong to places.
 *
 * Source: huggingface/tokenizers 0.23, `processors/`.
 */

import type { Alignment, Template, TemplatePart } from '../engine.ts';
import type { JsonObject, JsonReader } from '../json/json-reader.ts';
import { isWhiteSpace } from './code-points.ts';
import { readCount, readFlag, readText } from './read-parts.ts';

/** What a file asks for. */
export interface PostProcessing {
  readonly template: Template | undefined;
  /** For each time that places are trimmed, whether the first space was added and stays. */
  readonly trims: readonly { readonly keepsFirst: boolean }[];
}

const MOST_PIECES = 1 << 12;

/** Texts and the tokens around them, each a list of parts. */
type Encodings = readonly (readonly TemplatePart[])[];

interface Step {
  readonly trim?: { readonly keepsFirst: boolean };
  readonly apply?: (encodings: Encodings) => Encodings;
}

/** Reads a post-processor; the ids that it adds are those of the file, and below `size`. */
export function readPostProcessor(reader: JsonReader, json: JsonObject, size: number): PostProcessing {
  const steps = readSteps(reader, json, 'post_processor');
  const fill = (encodings: Encodings): readonly TemplatePart[] =>
    steps.reduce((result, { apply }) => apply?.(result) ?? result, encodings).flat();
  const first: TemplatePart = { text: 'first', type: 0 };
  const template = { single: fill([[first]]), pair: fill([[first], [{ text: 'second', type: 1 }]]) };
  for (const part of [...template.single, ...template.pair]) {
    if ('id' in part) reader.demand(part.id < size, 'post_processor adds tokens of the vocabulary', part.id);
  }
  return {
    trims: steps.flatMap(({ trim }) => (trim === undefined ? [] : [trim])),
    template: steps.some(({ apply }) => apply !== undefined) ? template : undefined,
  };
}

function readSteps(reader: JsonReader, json: JsonObject, path: string): readonly Step[] {
  switch (json['type']) {
    case 'Sequence':
      return reader.array(json['processors'], `${path}.processors`).flatMap((step, index) => {
        const name = `${path}.processors[${index}]`;
        return readSteps(reader, reader.object(step, name), name);
      });
    case 'ByteLevel':
      return [readTrim(reader, json, path)];
    case 'BertProcessing': {
      const [sep, cls] = [readToken(reader, json['sep'], `${path}.sep`), readToken(reader, json['cls'], `${path}.cls`)];
      return [
        {
          apply: (encodings) =>
            encodings.map((parts, index) =>
              index === 0 ? [{ id: cls, type: 0 }, ...parts, { id: sep, type: 0 }] : [...parts, { id: sep, type: 1 }],
            ),
        },
      ];
    }
    case 'RobertaProcessing': {
      const [sep, cls] = [readToken(reader, json['sep'], `${path}.sep`), readToken(reader, json['cls'], `${path}.cls`)];
      return [
        {
          ...readTrim(reader, json, path),
          apply: (encodings) =>
            encodings.map((parts, index) => [
              { id: index === 0 ? cls : sep, type: 0 },
              ...parts.map((part) => ({ ...part, type: 0 })),
              { id: sep, type: 0 },
            ]),
        },
      ];
    }
    case 'TemplateProcessing':
      return [{ apply: readTemplate(reader, json, path) }];
    default:
      return reader.fail(`${path}.type is the name of a post-processor`, json['type']);
  }
}

function readTrim(reader: JsonReader, json: JsonObject, path: string): Step {
  const keepsFirst = readFlag(reader, json['add_prefix_space'], { name: `${path}.add_prefix_space` });
  return readFlag(reader, json['trim_offsets'], { name: `${path}.trim_offsets` }) ? { trim: { keepsFirst } } : {};
}

function readToken(reader: JsonReader, value: unknown, name: string): number {
  const pair = reader.array(value, name);
  reader.demand(pair.length === 2 && typeof pair[0] === 'string', `${name} is a token and its id`, value);
  return readId(reader, pair[1], name);
}

function readId(reader: JsonReader, value: unknown, name: string): number {
  const id = readCount(reader, value, name);
  reader.demand(id < 2 ** 32, `${name} is an id`, id);
  return id;
}

function readTemplate(reader: JsonReader, json: JsonObject, path: string): (encodings: Encodings) => Encodings {
  const tokens = new Map<string, readonly number[]>();
  for (const [name, value] of Object.entries(reader.object(json['special_tokens'], `${path}.special_tokens`))) {
    const ids = reader.array(reader.object(value, `${path}.special_tokens`)['ids'], `${path}.special_tokens ids`);
    reader.demand(ids.length <= MOST_PIECES, `${path}.special_tokens ids are ${MOST_PIECES} or fewer`, ids.length);
    tokens.set(
      name,
      ids.map((id) => readId(reader, id, `${path}.special_tokens id`)),
    );
  }
  const read = (which: 'single' | 'pair'): ((encodings: Encodings) => Encodings) => {
    const list = reader.array(json[which], `${path}.${which}`);
    reader.demand(list.length <= MOST_PIECES, `${path}.${which} has ${MOST_PIECES} pieces or fewer`, list.length);
    const pieces = list.map((value, index) => readPiece(reader, value, { tokens, name: `${path}.${which}[${index}]`, which }));
    return (encodings) => pieces.map((piece) => piece(encodings));
  };
  const [single, pair] = [read('single'), read('pair')];
  return (encodings) => (encodings.length > 1 ? pair : single)(encodings);
}

interface PieceContext {
  readonly tokens: ReadonlyMap<string, readonly number[]>;
  readonly name: string;
  readonly which: 'single' | 'pair';
}

function readPiece(
  reader: JsonReader,
  value: unknown,
  { tokens, name, which }: PieceContext,
): (encodings: Encodings) => readonly TemplatePart[] {
  const piece = reader.object(value, name);
  const special = piece['SpecialToken'];
  const json = reader.object(special ?? piece['Sequence'], name);
  const type = readCount(reader, json['type_id'], `${name}.type_id`);
  reader.demand(type < 256, `${name}.type_id is below 256`, type);
  if (special !== undefined) {
    const ids = tokens.get(readText(reader, json['id'], `${name}.id`));
    if (ids === undefined) return reader.fail(`${name} is one of special_tokens`, json['id']);
    const parts = ids.map((id) => ({ id, type }));
    return () => parts;
  }
  reader.demand(json['id'] === 'A' || (json['id'] === 'B' && which === 'pair'), `${name}.id is a text that there is`, json['id']);
  const index = json['id'] === 'A' ? 0 : 1;
  return (encodings) => (encodings[index] ?? []).map((part) => ({ ...part, type }));
}

/** The text that was encoded, and how tokens are spelt. */
export interface TokenTexts {
  readonly text: string;
  readonly nameOf: (id: number) => string;
}

/** Trims the places of tokens. */
export function trimPlaces(alignment: Alignment, trims: PostProcessing['trims'], { text, nameOf }: TokenTexts): Alignment {
  const { ids, starts, ends } = alignment;
  for (const { keepsFirst } of trims) {
    ids.forEach((id, index) => {
      const place = { start: starts[index] as number, end: ends[index] as number };
      trimPlace(nameOf(id), place, { text, isFirst: (start) => keepsFirst && (index === 0 || start === 0) });
      starts[index] = place.start;
      ends[index] = place.end;
    });
  }
  return alignment;
}

/** Moves a place past the spaces of its token, in code points of the text. Source: `pre_tokenizers/byte_level.rs`, `process_offsets`. */
export function trimPlace(
  token: string,
  place: { start: number; end: number },
  { text, isFirst }: { readonly text: string; readonly isFirst: (start: number) => boolean },
): void {
  const isSpace = (character: string): boolean => character === 'Ġ' || isWhiteSpace(character.codePointAt(0) as number);
  const characters = [...token];
  let leading = characters.findIndex((character) => !isSpace(character));
  if (leading < 0) leading = characters.length;
  let trailing = characters.toReversed().findIndex((character) => !isSpace(character));
  if (trailing < 0) trailing = characters.length;
  if (leading === 1 && isFirst(place.start)) leading = 0;
  for (; leading > 0 && place.start < place.end; leading--) place.start += (text.codePointAt(place.start) ?? 0) > 0xffff ? 2 : 1;
  place.start = Math.min(place.start, place.end);
  // A place that has fewer characters before its end than the token has spaces stays.
  if (trailing === 0 || !hasCharacters(text, place.end, trailing)) return;
  for (let left = trailing; left > 0 && place.end > place.start; left--) {
    const unit = text.charCodeAt(place.end - 1);
    place.end -= unit >= 0xdc00 && unit <= 0xdfff ? 2 : 1;
  }
}

/** Whether so many code points stand before a place. */
function hasCharacters(text: string, end: number, least: number): boolean {
  let at = 0;
  for (let count = 0; count < least; count++) {
    if (at >= end) return false;
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return true;
}
