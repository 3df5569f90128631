/**
 * The normalizer of SentencePiece as Hugging Face's library applies it: grapheme by grapheme.
 *
 * `precompiled_charsmap` is a double-array trie from byte strings to places in a list of replacements. A grapheme of fewer than six
 * bytes is replaced as a whole by what the shortest of its beginnings in the trie stands for; else every character for itself.
 *
 * Source: huggingface/spm_precompiled 0.1.4, `lib.rs`; huggingface/tokenizers 0.23, `normalizers/precompiled.rs`.
 */

import type { JsonObject, JsonReader } from '../json/json-reader.ts';
import { transformAligned } from './aligned-text.ts';
import { byteLength } from './model.ts';
import type { Change } from './normalizers.ts';

const LONGEST_MAP = 1 << 24;
const WHOLE_GRAPHEME = 6;

/** Reads the normalizer. A file without a map changes nothing. */
export function readPrecompiled(reader: JsonReader, json: JsonObject, path: string): Change {
  const encoded = json['precompiled_charsmap'];
  if (encoded === null) return { text: (text) => text, aligned: (aligned) => aligned };
  if (typeof encoded !== 'string') return reader.fail(`${path}.precompiled_charsmap is a text`, encoded);
  reader.demand(encoded.length <= LONGEST_MAP, `${path}.precompiled_charsmap has ${LONGEST_MAP} characters or fewer`, encoded.length);
  const bytes = fromBase64(encoded);
  const size = bytes === undefined || bytes.length < 4 ? -1 : new DataView(bytes.buffer).getUint32(0, true);
  if (bytes === undefined || size < 4 || 4 + size > bytes.length) {
    return reader.fail(`${path}.precompiled_charsmap is a map in base64`, encoded.slice(0, 40));
  }
  const transform = createLookup(bytes, size >> 2);

  /** Replaces what is in the map; `keep` is called with a character that is not, `replace` with what goes and what comes. */
  const apply = (text: string, keep: (character: string) => void, replace: (old: string, replacement: string) => void): void => {
    for (const grapheme of graphemes(text)) {
      const whole = byteLength(grapheme) < WHOLE_GRAPHEME ? transform(grapheme) : undefined;
      if (whole !== undefined) {
        replace(grapheme, whole);
        continue;
      }
      for (const character of grapheme) {
        const replacement = transform(character);
        if (replacement === undefined) keep(character);
        else replace(character, replacement);
      }
    }
  };

  return {
    text(text) {
      let result = '';
      apply(
        text,
        (character) => (result += character),
        (_, replacement) => (result += replacement),
      );
      return result;
    },
    aligned(aligned) {
      const changes: { text: string; change: number }[] = [];
      let modified = false;
      apply(
        aligned.text,
        (character) => changes.push({ text: character, change: 0 }),
        (old, replacement) => {
          modified = true;
          const characters = [...replacement];
          const more = characters.length - [...old].length;
          for (const text of characters) changes.push({ text, change: 0 });
          if (more > 0) for (const last of changes.slice(-more)) last.change = 1;
          const last = changes.at(-1);
          if (more < 0 && last !== undefined) last.change += more;
        },
      );
      return modified ? transformAligned(aligned, changes) : aligned;
    },
  };
}

/** What the shortest beginning of a text that is in the trie stands for. */
function createLookup(bytes: Uint8Array, units: number): (text: string) => string | undefined {
  const view = new DataView(bytes.buffer);
  const trie = Uint32Array.from({ length: units }, (_, index) => view.getUint32(4 + 4 * index, true));
  const replacements = bytes.subarray(4 + 4 * units);
  const utf8 = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
  const look = (text: string): string | undefined => {
    let node = offset(trie[0] as number);
    for (const byte of utf8.encode(text)) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = trie[node];
      if (unit === undefined || (unit & 0x8000_00ff) !== byte) return undefined;
      node ^= offset(unit);
      if (((unit >>> 8) & 1) === 0) continue;
      const start = (trie[node] ?? 0) & 0x7fff_ffff;
      const end = replacements.indexOf(0, start);
      return decoder.decode(replacements.subarray(start, end < 0 ? undefined : end));
    }
    return undefined;
  };
  const known = new Map<string, string | undefined>();
  return (text) => {
    if (known.has(text)) return known.get(text);
    const found = look(text);
    if (known.size >= 1 << 16) known.clear();
    known.set(text, found);
    return found;
  };
}

/** Characters that may be in a grapheme with others. */
const JOINING =
  /[\p{M}\p{Cf}\p{Emoji_Modifier}\p{Regional_Indicator}\u0E33\u0EB3\u1100-\u11FF\uA960-\uA97F\uD7B0-\uD7FF\uFF9E\uFF9F\u0D4E\u{111C2}\u{111C3}\u{113D1}\u{1193F}\u{11941}\u{11A3A}\u{11A84}-\u{11A89}\u{11D46}\u{11F02}]|\r\n/u;

let segmenter: Intl.Segmenter | undefined;

function* graphemes(text: string): Iterable<string> {
  if (!JOINING.test(text)) {
    yield* text;
    return;
  }
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
