/**
 * The pre-tokenizers of a `tokenizer.json`: each changes a text, cuts it, and changes the pieces.
 *
 * Source: huggingface/tokenizers 0.23, `pre_tokenizers/`.
 */

import type { JsonObject, JsonReader } from '../json/json-reader.ts';
import type { Finder } from './read-parts.ts';
import { GPT2_PATTERN } from '../splitting/gpt2.ts';
import { prependAligned, replaceAligned } from './aligned-text.ts';
import { isNumeral, isPunctuation, isWord } from './characters.ts';
import { codePointAt, isWhiteSpace, unitsOf } from './code-points.ts';
import { type Cutter, cutAt, cutBefore, cutRuns, findCharacters } from './cutting.ts';
import { BYTES, type Change } from './normalizers.ts';
import { literalFinder, readBehavior, readCharacter, readCount, readFlag, readPattern } from './read-parts.ts';

/** What is done to a text before it is cut; `first` is whether it stands where the original begins. */
export interface Opening {
  text(text: string, first: boolean): string;
  readonly aligned: Change['aligned'];
}

/** A pre-tokenizer: what is missing does nothing. */
export interface PreTokenizer {
  readonly before?: Opening;
  readonly cut?: Cutter;
  readonly after?: Change;
  /** Whether it asks for `first`. */
  readonly asksFirst?: boolean;
}

/** Reads the pre-tokenizers of a file, in their order. */
export async function readPreTokenizers(reader: JsonReader, json: JsonObject, path: string): Promise<readonly PreTokenizer[]> {
  if (json['type'] !== 'Sequence') return [await readPreTokenizer(reader, json, path)];
  const steps: PreTokenizer[] = [];
  for (const [index, step] of reader.array(json['pretokenizers'], `${path}.pretokenizers`).entries()) {
    const name = `${path}.pretokenizers[${index}]`;
    steps.push(...(await readPreTokenizers(reader, reader.object(step, name), name)));
  }
  return steps;
}

async function readPreTokenizer(reader: JsonReader, json: JsonObject, path: string): Promise<PreTokenizer> {
  switch (json['type']) {
    case 'BertPreTokenizer':
      return { cut: cutRuns((code) => (isWhiteSpace(code) ? 0 : isPunctuation(code) ? 1 : 2)) };
    case 'Whitespace':
      return { cut: cutRuns((code) => (isWord(code) ? 3 : isWhiteSpace(code) ? 0 : 2)) };
    case 'WhitespaceSplit':
      return { cut: cutRuns((code) => (isWhiteSpace(code) ? 0 : 2)) };
    case 'CharDelimiterSplit': {
      const delimiter = readCharacter(reader, json['delimiter'], `${path}.delimiter`);
      return { cut: cutAt(literalFinder(delimiter), 'Removed', false) };
    }
    case 'Digits': {
      const alone = readFlag(reader, json['individual_digits'], { name: `${path}.individual_digits` });
      return { cut: cutRuns((code) => (isNumeral(code) ? (alone ? 1 : 3) : 2)) };
    }
    case 'Punctuation': {
      const behavior = json['behavior'] === undefined ? 'Isolated' : readBehavior(reader, json['behavior'], `${path}.behavior`);
      return { cut: cutAt(findCharacters(isPunctuation), behavior, false) };
    }
    case 'Split': {
      const behavior = readBehavior(reader, json['behavior'], `${path}.behavior`);
      const invert = readFlag(reader, json['invert'], { name: `${path}.invert` });
      return { cut: cutAt(await readPattern(reader, json['pattern'], `${path}.pattern`), behavior, invert) };
    }
    case 'FixedLength': {
      const length = json['length'] === undefined ? 5 : readCount(reader, json['length'], `${path}.length`);
      reader.demand(length > 0, `${path}.length is 1 or more`, length);
      return { cut: cutFixed(length) };
    }
    case 'UnicodeScripts':
      return { cut: (await import('./unicode-scripts.ts')).cutScripts };
    case 'ByteLevel':
      return byteLevel(reader, json, path);
    case 'Metaspace':
      return metaspace(readMetaspace(reader, json, path));
    default:
      return reader.fail(`${path}.type is the name of a pre-tokenizer`, json['type']);
  }
}

async function byteLevel(reader: JsonReader, json: JsonObject, path: string): Promise<PreTokenizer> {
  const prefix = readFlag(reader, json['add_prefix_space'], { name: `${path}.add_prefix_space` });
  readFlag(reader, json['trim_offsets'], { name: `${path}.trim_offsets` });
  const before: Opening = {
    text: (text) => (text === '' || text.startsWith(' ') ? text : ` ${text}`),
    aligned: (aligned) => (aligned.text.startsWith(' ') ? aligned : prependAligned(aligned, ' ')),
  };
  const cut = readFlag(reader, json['use_regex'], { name: `${path}.use_regex`, missing: true })
    ? { cut: cutAt(await gpt2Finder(), 'Isolated', false) }
    : {};
  return { ...(prefix ? { before } : {}), ...cut, after: BYTES };
}

async function gpt2Finder(): Promise<Finder> {
  const { createPatternFinder } = await import('../splitting/pattern.ts');
  return createPatternFinder(GPT2_PATTERN, (rule): never => {
    throw new Error(rule);
  });
}

/** The settings of Metaspace. */
export interface Metaspace {
  readonly replacement: string;
  readonly scheme: 'always' | 'first' | 'never';
  readonly split: boolean;
}

/** Reads Metaspace, also as older files have it, with `add_prefix_space`. */
export function readMetaspace(reader: JsonReader, json: JsonObject, path: string): Metaspace {
  const replacement = readCharacter(reader, json['replacement'], `${path}.replacement`);
  let scheme = json['prepend_scheme'] === undefined ? 'always' : json['prepend_scheme'];
  const legacy = json['add_prefix_space'];
  reader.demand(
    legacy === undefined || legacy === null || typeof legacy === 'boolean',
    `${path}.add_prefix_space is true or false`,
    legacy,
  );
  if (legacy === false) {
    reader.demand(scheme === 'never', `${path}.add_prefix_space agrees with prepend_scheme`, scheme);
    scheme = 'never';
  }
  if (scheme !== 'always' && scheme !== 'first' && scheme !== 'never') {
    return reader.fail(`${path}.prepend_scheme is always, first or never`, scheme);
  }
  return { replacement, scheme, split: readFlag(reader, json['split'], { name: `${path}.split`, missing: true }) };
}

function metaspace({ replacement, scheme, split }: Metaspace): PreTokenizer {
  const spaces = literalFinder(' ');
  return {
    asksFirst: scheme === 'first',
    before: {
      text(text, first) {
        const changed = text.includes(' ') ? text.replaceAll(' ', replacement) : text;
        const prepends = scheme === 'always' || (scheme === 'first' && first);
        return prepends && changed !== '' && !changed.startsWith(replacement) ? replacement + changed : changed;
      },
      aligned(aligned) {
        const changed = replaceAligned(aligned, spaces(aligned.text), replacement);
        const prepends = scheme === 'always' || (scheme === 'first' && aligned.shift === 0);
        return prepends && !changed.text.startsWith(replacement) ? prependAligned(changed, replacement) : changed;
      },
    },
    ...(split ? { cut: cutBefore(replacement) } : {}),
  };
}

function cutFixed(length: number): Cutter {
  return (text, pieces) => {
    let start = 0;
    let count = 0;
    for (let at = 0; at < text.length;) {
      at += unitsOf(codePointAt(text, at));
      if (++count === length || at === text.length) {
        pieces.push(start, at);
        start = at;
        count = 0;
      }
    }
  };
}
