/** The normalizers of a `tokenizer.json`, one after the other, each in its plainest form. Source: huggingface/tokenizers 0.23, `normalizers/`. */

import { bytesToText } from '../byte-alphabet.ts';
import type { NormalizerJson } from '../json/tokenizer-json.ts';
import { NotExplained } from './not-explained.ts';
import { toRegExp } from './pattern-twin.ts';

/** One normalizer, and what it made of the text. */
export interface NormalizedText {
  readonly name: string;
  readonly text: string;
}

/** What each normalizer makes of a text, in order. */
export function normalizeSlowly(normalizer: NormalizerJson | null, text: string): NormalizedText[] {
  const steps: NormalizedText[] = [];
  const visit = (json: NormalizerJson): void => {
    if (json.type === 'Sequence') return json.normalizers.forEach(visit);
    steps.push({ name: nameOf(json), text: apply(json, steps.at(-1)?.text ?? text) });
  };
  if (normalizer !== null) visit(normalizer);
  return steps;
}

function nameOf(json: NormalizerJson): string {
  if (json.type === 'Prepend') return `Prepend ${json.prepend}`;
  if (json.type !== 'Replace') return json.type;
  const what = 'String' in json.pattern ? JSON.stringify(json.pattern.String) : `/${json.pattern.Regex}/`;
  return `Replace ${what} by ${JSON.stringify(json.content)}`;
}

function apply(json: NormalizerJson, text: string): string {
  switch (json.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return text.normalize(json.type);
    case 'Lowercase':
      return lowercase(text);
    case 'Strip': {
      const left = json.strip_left ? text.replace(/^\p{White_Space}+/u, '') : text;
      return json.strip_right ? left.replace(/\p{White_Space}+$/u, '') : left;
    }
    case 'StripAccents':
      return text.replaceAll(/\p{M}/gu, '');
    case 'Prepend':
      return text === '' ? '' : json.prepend + text;
    case 'Replace':
      return 'String' in json.pattern
        ? text.replaceAll(json.pattern.String, () => json.content)
        : text.replaceAll(toRegExp(json.pattern.Regex), () => json.content);
    case 'BertNormalizer':
      return normalizeBert(json, text);
    case 'Nmt':
      return text
        .replaceAll(/[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g, '')
        .replaceAll(/[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g, ' ');
    case 'ByteLevel':
      return bytesToText(new TextEncoder().encode(text));
    case 'Precompiled':
      return applyCharacterMap(json.precompiled_charsmap ?? '', text);
    case 'Sequence':
      return text;
  }
}

/** Character by character: no sigma knows that it is the last. */
function lowercase(text: string): string {
  return [...text].map((character) => character.toLowerCase()).join('');
}

function normalizeBert(json: NormalizerJson & { readonly type: 'BertNormalizer' }, given: string): string {
  let text = given;
  if (json.clean_text) {
    text = text.replaceAll(/[\0\ufffd]|(?![\t\n\r])\p{C}/gu, '').replaceAll(/\p{White_Space}/gu, ' ');
  }
  if (json.handle_chinese_chars) text = text.replaceAll(CHINESE, ' $& ');
  if (json.strip_accents ?? json.lowercase) text = text.normalize('NFD').replaceAll(/\p{Mn}/gu, '');
  return json.lowercase ? lowercase(text) : text;
}

/** The blocks of ideographs that BERT puts spaces around. */
const CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

/**
 * SentencePiece's map of characters: a double-array trie of what is replaced, and the replacements, each ended by a zero. A grapheme
 * below six bytes is looked up as a whole, else its characters; the shortest entry wins, as in `spm_precompiled`.
 */
function applyCharacterMap(base64: string, text: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  if (bytes.length < 4) throw new NotExplained('the normalizer Precompiled has no map');
  const view = new DataView(bytes.buffer);
  const trieSize = view.getUint32(0, true);
  if (trieSize % 4 !== 0 || 4 + trieSize > bytes.length) throw new NotExplained('the map of the normalizer Precompiled is damaged');
  const unit = (at: number): number => (4 * at < trieSize ? view.getUint32(4 + 4 * at, true) : 0);
  const offset = (value: number): number => (value >>> 10) << ((value & 0x200) >>> 6);
  const find = (part: string): string | undefined => {
    let at = offset(unit(0));
    for (const byte of new TextEncoder().encode(part)) {
      at ^= byte;
      const value = unit(at);
      if ((value & 0x8000_00ff) >>> 0 !== byte) return undefined;
      at ^= offset(value);
      if ((value & 0x100) === 0) continue;
      const start = 4 + trieSize + (unit(at) & 0x7fff_ffff);
      const end = bytes.indexOf(0, start);
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    }
    return undefined;
  };
  const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(graphemes.segment(text), ({ segment }) => {
    const whole = new TextEncoder().encode(segment).length < 6 ? find(segment) : undefined;
    return whole ?? [...segment].map((character) => find(character) ?? character).join('');
  }).join('');
}
