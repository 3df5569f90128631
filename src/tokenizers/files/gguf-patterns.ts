/**
 * How the tokenizers of GGUF files split text: the file gives a name, and the patterns are llama.cpp's, each applied to the pieces of
 * the one before. Where llama.cpp quotes the pattern of the model's own tokenizer.json beside its own, it is the model's.
 *
 * Source: ggml-org/llama.cpp 00ad355, `src/llama-vocab.cpp`, `llm_tokenizer_bpe` and `llama_vocab::impl::load`.
 */

import { SPLITTINGS } from '../splitting/splittings.ts';

/** How a named tokenizer splits text. */
export interface GgufSplitting {
  readonly patterns: readonly string[];
  /** Whether a piece that is a token is taken whole. */
  readonly ignoreMerges: boolean;
  /** Whether a text begins with a special token where the file does not say. */
  readonly addsBos: boolean;
}

const raw = String.raw;
const { gpt2, gpt4, o200k, qwen2 } = SPLITTINGS;
const DEEPSEEK_3 = [
  raw`\p{N}{1,3}`,
  '[\u4E00-\u9FA5\u3040-\u30FF]+',
  raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_${'`'}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
];
const BLOOM = raw` ?[^(\s|.,!?…。，、।۔،)]+`;
/** The letters that DeepSeek's first models take together: those with upper and lower case. Escaped, as normalization would change some. */
const CASED =
  'A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\u{10400}-\u{1044F}\u{104B0}-\u{104D3}\u{104D8}-\u{104FB}\u{10C80}-\u{10CB2}\u{10CC0}-\u{10CF2}\u{118A0}-\u{118DF}\u{1E900}-\u{1E943}';

/** Names and patterns; `!` behind the names: pieces that are tokens are taken whole; `^`: texts begin with a special token. */
const TABLE: readonly (readonly [names: string, patterns: readonly string[], flags?: string])[] = [
  [
    'gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de jina-v1-en jina-v2-code roberta-bpe gigachat a.x-4.0 mellum modern-bert mpt olmo jais trillion granite-docling exaone4',
    [gpt2.pattern],
  ],
  ['llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano', [gpt4.pattern], '!^'],
  ['dbrx smaug-bpe glm4 chatglm-bpe', [gpt4.pattern]],
  ['qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2', [qwen2.pattern]],
  [
    'qwen35',
    [raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`],
  ],
  ['gpt-4o llama4 kanana2 talkie minimax-m2', [o200k.pattern]],
  [
    'tekken',
    [
      raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ],
    '!^',
  ],
  ['starcoder refact command-r smollm codeshell exaone minerva-7b mellum2', [raw`\p{N}`, gpt2.pattern]],
  ['falcon', [raw`[\p{P}\$\+<=>\^~\|${'`'}]+`, gpt2.pattern, '[0-9][0-9][0-9]']],
  [
    'deepseek-llm',
    [
      raw`[\r\n]`,
      raw`\s?[${CASED}]+`,
      raw`\s?[!-/:-~${'\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002'}]+`,
      raw`\s+$`,
      '[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+',
      raw`\p{N}+`,
    ],
  ],
  ['deepseek-coder', [raw`[\r\n]`, raw`\s?\p{L}+`, raw`\s?\p{P}+`, '[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+', raw`\p{N}`]],
  ['deepseek-v3 hunyuan-dense joyai-llm hy_v4', DEEPSEEK_3],
  ['bloom poro-chat gpt3-finnish', [BLOOM]],
  ['viking', [BLOOM, raw`\p{N}`]],
  [
    'bailingmoe bailingmoe2 llada-moe',
    [raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`],
  ],
  ['seed-coder', [raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`]],
];

const BY_NAME: ReadonlyMap<string, GgufSplitting> = new Map(
  TABLE.flatMap(([names, patterns, flags = '']) =>
    names
      .split(' ')
      .map((name): [string, GgufSplitting] => [name, { patterns, ignoreMerges: flags.includes('!'), addsBos: flags.includes('^') }]),
  ),
);

/** Every name that is known. */
export const GGUF_SPLITTING_NAMES: readonly string[] = [...BY_NAME.keys()];

/** The splitting of a name that `tokenizer.ggml.pre` gives; undefined where it is not known. */
export function ggufSplitting(name: string): GgufSplitting | undefined {
  return BY_NAME.get(name);
}
