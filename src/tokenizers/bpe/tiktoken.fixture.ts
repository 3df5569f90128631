/** OpenAI's encodings as `tokenizer.json`, from the ranks inside npm's `tiktoken` 1.0.22, and tiktoken itself as the oracle. */

import { createRequire } from 'node:module';

import { Tiktoken } from 'tiktoken/lite';

import { bytesToText } from '../byte-alphabet.ts';

const require = createRequire(import.meta.url);

/** An encoding's ranks (lines of an offset and base64 tokens), splitting pattern and special tokens. */
interface Encoding {
  readonly bpe_ranks: string;
  readonly special_tokens: Readonly<Record<string, number>>;
  readonly pat_str: string;
}

/** Encodings that the fixture knows. */
export type EncodingName = 'gpt2' | 'p50k_base' | 'cl100k_base' | 'o200k_base';

function readEncoding(name: EncodingName): Encoding {
  return require(`tiktoken/encoders/${name}.json`) as Encoding;
}

/** tiktoken's own encoder, in WebAssembly. */
export function createTiktoken(name: EncodingName): Tiktoken {
  const { bpe_ranks: ranks, special_tokens: special, pat_str: pattern } = readEncoding(name);
  return new Tiktoken(ranks, { ...special }, pattern);
}

/** The encoding as a `tokenizer.json`: merges are found by asking how each token's bytes merge under lower ranks alone. */
export function encodingToJson(name: EncodingName): unknown {
  const { bpe_ranks: lines, special_tokens: special, pat_str: pattern } = readEncoding(name);
  const ranks = new Map<string, number>();
  for (const line of lines.split('\n')) {
    const [, offset, ...tokens] = line.split(' ');
    tokens.forEach((token, index) => ranks.set(Buffer.from(token, 'base64').toString('latin1'), Number(offset) + index));
  }
  const text = (token: string): string => bytesToText(Buffer.from(token, 'latin1'));
  const merges = [...ranks].filter(([token]) => token.length > 1).map(([token, rank]) => mergeBelow(token, rank, ranks).map(text));
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  return {
    version: '1.0',
    added_tokens: Object.entries(special).map(([content, id]) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer:
      name === 'gpt2' || name === 'p50k_base'
        ? { ...byteLevel, use_regex: true }
        : { type: 'Sequence', pretokenizers: [split, { ...byteLevel, use_regex: false }] },
    post_processor: null,
    decoder: { ...byteLevel, use_regex: true },
    model: {
      type: 'BPE',
      unk_token: null,
      // With the special tokens: Hugging Face's library counts ids of others on from the size of the vocabulary, and there are holes.
      vocab: Object.fromEntries([...[...ranks].map(([token, rank]): [string, number] => [text(token), rank]), ...Object.entries(special)]),
      merges,
    },
  };
}

/** The two parts of a token, each one character a byte. */
function mergeBelow(token: string, limit: number, ranks: ReadonlyMap<string, number>): readonly string[] {
  let parts = [...token];
  while (parts.length > 2) {
    let best = -1;
    let lowest = limit;
    for (let index = 0; index + 1 < parts.length; index++) {
      const rank = ranks.get(`${parts[index]}${parts[index + 1]}`) ?? limit;
      if (rank < lowest) {
        lowest = rank;
        best = index;
      }
    }
    if (best < 0) break;
    parts = [...parts.slice(0, best), `${parts[best]}${parts[best + 1]}`, ...parts.slice(best + 2)];
  }
  return parts;
}
