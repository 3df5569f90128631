/** The decoders of a `tokenizer.json`: tokens become text. Source: huggingface/tokenizers 0.23, `decoders/`. */

import { textToBytes } from '../byte-alphabet.ts';
import type { JsonObject, JsonReader } from '../json/json-reader.ts';
import { replaced } from './normalizers.ts';
import { readMetaspace } from './pre-tokenizers.ts';
import { readCharacter, readCount, readFlag, readPattern, readText } from './read-parts.ts';

/** Changes a list of tokens; the text is what they are end to end. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

/** Reads a decoder. */
export async function readDecoder(reader: JsonReader, json: JsonObject, path: string): Promise<Decoder> {
  switch (json['type']) {
    case 'Sequence': {
      const steps: Decoder[] = [];
      for (const [index, step] of reader.array(json['decoders'], `${path}.decoders`).entries()) {
        const name = `${path}.decoders[${index}]`;
        steps.push(await readDecoder(reader, reader.object(step, name), name));
      }
      return (tokens) => steps.reduce((result, step) => step(result), tokens);
    }
    case 'BPEDecoder': {
      const suffix = readText(reader, json['suffix'], `${path}.suffix`);
      return (tokens) => tokens.map((token, index) => replaceText(token, suffix, index === tokens.length - 1 ? '' : ' '));
    }
    case 'ByteLevel':
      return decodeBytes;
    case 'WordPiece': {
      const prefix = readText(reader, json['prefix'], `${path}.prefix`);
      const cleans = readFlag(reader, json['cleanup'], { name: `${path}.cleanup` });
      return (tokens) =>
        tokens.map((token, index) => {
          const joined = index === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
          return cleans ? cleanUp(joined) : joined;
        });
    }
    case 'Metaspace': {
      const { replacement, scheme } = readMetaspace(reader, json, path);
      return (tokens) => tokens.map((token, index) => token.replaceAll(replacement, index === 0 && scheme !== 'never' ? '' : ' '));
    }
    case 'CTC': {
      const pad = readText(reader, json['pad_token'], `${path}.pad_token`);
      const delimiter = readText(reader, json['word_delimiter_token'], `${path}.word_delimiter_token`);
      const cleans = readFlag(reader, json['cleanup'], { name: `${path}.cleanup` });
      return (tokens) =>
        tokens
          .filter((token, index) => index === 0 || token !== tokens[index - 1])
          .map((token) => {
            const kept = replaceText(token, pad, '');
            return cleans ? replaceText(cleanUp(kept), delimiter, ' ') : kept;
          })
          .filter((token) => token !== '');
    }
    case 'Replace': {
      const find = await readPattern(reader, json['pattern'], `${path}.pattern`);
      const content = readText(reader, json['content'], `${path}.content`);
      return (tokens) => tokens.map((token) => replaced(token, find(token), content));
    }
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'Strip': {
      const content = readCharacter(reader, json['content'], `${path}.content`);
      const start = readCount(reader, json['start'], `${path}.start`);
      const stop = readCount(reader, json['stop'], `${path}.stop`);
      return (tokens) => tokens.map((token) => stripped(token, content, { start, stop }));
    }
    case 'ByteFallback':
      return fallBackToBytes;
    default:
      return reader.fail(`${path}.type is the name of a decoder`, json['type']);
  }
}

/** As Rust's `str::replace`: an empty text is found between all characters. */
function replaceText(text: string, old: string, replacement: string): string {
  return old === ''
    ? [...['', ...text, ''].join('\u0000')].map((c) => (c === '\u0000' ? replacement : c)).join('')
    : text.replaceAll(old, () => replacement);
}

/** Bytes of tokens in GPT-2's alphabet; other tokens stand for their own text. */
export const decodeBytes: Decoder = (tokens) => {
  const utf8 = new TextEncoder();
  const parts = tokens.map((token) => textToBytes(token) ?? utf8.encode(token));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return [new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)];
};

/** The byte of a token such as `<0x0A>`, or -1. Rust reads a sign before a digit too. */
export function byteOfToken(token: string): number {
  const match = /^<0x([\dA-Fa-f]{2}|\+[\dA-Fa-f])>$/.exec(token);
  return match === null ? -1 : Number.parseInt(match[1] as string, 16);
}

/** Bytes in a row are a text, or, where they are no UTF-8, U+FFFD for each. */
const fallBackToBytes: Decoder = (tokens) => {
  const result: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      result.push(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)));
    } catch {
      for (let count = 0; count < bytes.length; count++) result.push('\uFFFD');
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = byteOfToken(token);
    if (byte >= 0) {
      bytes.push(byte);
    } else {
      flush();
      result.push(token);
    }
  }
  flush();
  return result;
};

function stripped(token: string, content: string, { start, stop }: { readonly start: number; readonly stop: number }): string {
  let from = 0;
  for (let count = 0; count < start && token.startsWith(content, from) && from < token.length; count++) from += content.length;
  let to = token.length;
  for (let count = 0; count < stop && to >= content.length && token.endsWith(content, to); count++) to -= content.length;
  return token.slice(from, Math.max(from, to));
}

/** Takes back what splitting did to English. */
function cleanUp(text: string): string {
  if (!text.includes(' ')) return text;
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}
