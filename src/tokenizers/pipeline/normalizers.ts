/**
 * The normalizers of a `tokenizer.json`: what happens to a text before it is split.
 *
 * Each works twice: on a text alone, which is fast, and on one with places. Source: huggingface/tokenizers 0.23, `normalizers/`.
 */

import { bytesToText } from '../byte-alphabet.ts';
import type { JsonObject, JsonReader } from '../json/json-reader.ts';
import { type AlignedText, mapAligned, prependAligned, replaceAligned, transformAligned, trimAligned } from './aligned-text.ts';
import { isAccent, isChinese, isControl, isMark, lowerCharacter, lowerText } from './characters.ts';
import { isAscii, isWhiteSpace } from './code-points.ts';
import { LONGEST_CONTENT, readPattern, readText } from './read-parts.ts';
import { type Form, formChanges, toForm } from './unicode-forms.ts';

/** One step of changing a text. */
export interface Change {
  text(text: string): string;
  aligned(aligned: AlignedText): AlignedText;
}

/** Reads a normalizer. */
export async function readNormalizer(reader: JsonReader, json: JsonObject, path: string): Promise<Change> {
  const flag = (name: string): boolean => {
    const value = json[name];
    if (typeof value !== 'boolean') return reader.fail(`${path}.${name} is true or false`, value);
    return value;
  };
  switch (json['type']) {
    case 'Sequence': {
      const steps: Change[] = [];
      for (const [index, step] of reader.array(json['normalizers'], `${path}.normalizers`).entries()) {
        steps.push(await readNormalizer(reader, reader.object(step, `${path}.normalizers[${index}]`), `${path}.normalizers[${index}]`));
      }
      return inTurn(steps);
    }
    case 'BertNormalizer':
      return bertNormalizer({
        clean: flag('clean_text'),
        chinese: flag('handle_chinese_chars'),
        accents: json['strip_accents'] === undefined || json['strip_accents'] === null ? flag('lowercase') : flag('strip_accents'),
        lower: flag('lowercase'),
      });
    case 'Strip':
      return strip(flag('strip_left'), flag('strip_right'));
    case 'StripAccents':
      return filter(isMark, NOT_LATIN);
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return unicodeForm(json['type']);
    case 'Lowercase':
      return LOWERCASE;
    case 'Nmt':
      return inTurn([
        filter(isNmtControl, /[\0-\x1f\x7f-\x9f]/gu),
        mapper((character) => (NMT_SPACES.test(character) ? ' ' : character), NMT_SPACES_ALL),
      ]);
    case 'Precompiled': {
      const { readPrecompiled } = await import('./precompiled.ts');
      return readPrecompiled(reader, json, path);
    }
    case 'Replace': {
      const find = await readPattern(reader, json['pattern'], `${path}.pattern`);
      const content = readText(reader, json['content'], `${path}.content`);
      const literal = (json['pattern'] as JsonObject)['String'];
      const escaped = content.replaceAll('$', '$$$$');
      return {
        text: (text) =>
          typeof literal === 'string' && literal !== '' ? text.replaceAll(literal, escaped) : replaced(text, find(text), content),
        aligned: (aligned) => replaceAligned(aligned, find(aligned.text), content),
      };
    }
    case 'Prepend': {
      const prefix = readText(reader, json['prepend'], `${path}.prepend`);
      reader.demand(prefix.length <= LONGEST_CONTENT, `${path}.prepend is short`, prefix.length);
      return { text: (text) => (text === '' ? text : prefix + text), aligned: (aligned) => prependAligned(aligned, prefix) };
    }
    case 'ByteLevel':
      return BYTES;
    default:
      return reader.fail(`${path}.type is the name of a normalizer`, json['type']);
  }
}

/** Steps one after another. */
export function inTurn(steps: readonly Change[]): Change {
  const [only] = steps;
  if (steps.length === 1 && only !== undefined) return only;
  return {
    text: (text) => steps.reduce((result, step) => step.text(result), text),
    aligned: (aligned) => steps.reduce((result, step) => step.aligned(result), aligned),
  };
}

const UTF8 = new TextEncoder();

/** Characters that are not one byte, nor the character of that byte. */
const NOT_ITSELF = /[^!-~]/gu;

/** As `bytesToText`, in one go. */
function longBytesToText(bytes: Uint8Array): string {
  const units = Uint16Array.from({ length: 256 }, (_, byte) => bytesToText(Uint8Array.of(byte)).charCodeAt(0));
  const text = new DataView(new ArrayBuffer(bytes.length * 2));
  bytes.forEach((byte, index) => text.setUint16(index * 2, units[byte] as number, true));
  return new TextDecoder('utf-16le').decode(text);
}

/** Every byte as a character of GPT-2's alphabet. */
export const BYTES: Change = {
  text: (text) => (text.length < 64 ? bytesToText(UTF8.encode(text)) : longBytesToText(UTF8.encode(text))),
  aligned: (aligned) => mapAligned(aligned, NOT_ITSELF, (character) => bytesToText(UTF8.encode(character))),
};

const LOWERCASE: Change = { text: lowerText, aligned: (aligned) => mapAligned(aligned, /[^\0-@[-\x7f]/gu, lowerCharacter) };

/** `text` with the matches replaced. */
export function replaced(text: string, matches: readonly number[], content: string): string {
  if (matches.length === 0) return text;
  let result = '';
  let position = 0;
  for (let index = 0; index < matches.length; index += 2) {
    result += text.slice(position, matches[index]) + content;
    position = matches[index + 1] as number;
  }
  return result + text.slice(position);
}

function unicodeForm(form: Form): Change {
  return {
    text: (text) => (isAscii(text) ? text : toForm(text, form)),
    aligned: (aligned) => (isAscii(aligned.text) ? aligned : transformAligned(aligned, formChanges(aligned.text, form))),
  };
}

/** Removes the characters of a set, all of which match a pattern. */
function filter(remove: (codePoint: number) => boolean, maybe: RegExp): Change {
  return mapper((character) => (remove(character.codePointAt(0) as number) ? '' : character), maybe);
}

/** Replaces characters; those that a pattern (with the flags `gu`) does not match stay as they are. */
function mapper(map: (character: string) => string, maybe: RegExp): Change {
  return { text: (text) => text.replace(maybe, map), aligned: (aligned) => mapAligned(aligned, maybe, map) };
}

function strip(left: boolean, right: boolean): Change {
  const bounds = (text: string): readonly [number, number] => {
    let start = 0;
    let end = text.length;
    if (left) while (start < end && isWhiteSpace(text.charCodeAt(start))) start++;
    if (right) while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end--;
    return [start, end];
  };
  return { text: (text) => text.slice(...bounds(text)), aligned: (aligned) => trimAligned(aligned, ...bounds(aligned.text)) };
}

const NMT_SPACES = /[\t\n\f\r\u1680\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]/u;
const NMT_SPACES_ALL = new RegExp(NMT_SPACES.source, 'gu');
const NOT_LATIN = /[^\0-\xff]/gu;

function isNmtControl(code: number): boolean {
  return (code >= 1 && code <= 8) || code === 0xb || (code >= 0xe && code <= 0x1f) || code === 0x7f || code === 0x8f || code === 0x9f;
}

interface BertFlags {
  readonly clean: boolean;
  readonly chinese: boolean;
  readonly accents: boolean;
  readonly lower: boolean;
}

function bertNormalizer({ clean, chinese, accents, lower }: BertFlags): Change {
  const cleaned = (character: string): string => {
    const code = character.codePointAt(0) as number;
    return isControl(code) ? '' : isWhiteSpace(code) ? ' ' : character;
  };
  const spaced = (character: string): string => (isChinese(character.codePointAt(0) as number) ? ` ${character} ` : character);
  const steps: Change[] = [];
  // Letters, marks, numbers, signs and spaces of ASCII are what most texts are made of.
  if (clean) steps.push(mapper(cleaned, /[^ -~]/gu));
  if (chinese) steps.push(mapper(spaced, /[\u3400-\u9FFF\uF900-\uFAFF\u{20000}-\u{2FA1F}]/gu));
  if (accents) steps.push(unicodeForm('NFD'), filter(isAccent, NOT_LATIN));
  if (lower) steps.push(LOWERCASE);
  const all = inTurn(steps);
  return {
    aligned: (aligned) => all.aligned(aligned),
    text: (text) => (PRINTABLE.test(text) ? (lower ? text.toLowerCase() : text) : all.text(text)),
  };
}

const PRINTABLE = /^[ -~]*$/;
