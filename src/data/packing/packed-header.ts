/** `packed.json`: the header beside the token shards. It is written last, so that a folder with one is whole. */

import { FormatError } from '../../core/index.ts';
import type { TokenType } from './packed-tokens.ts';

/** Name of the header. */
export const HEADER_FILE = 'packed.json';

/** Names of shards; nothing else of a folder is ever deleted. */
export const SHARD_NAME: RegExp = /^tokens-[0-9a-f]{8}-\d{5}\.bin$/;

/** What the header says. */
export interface PackedHeader {
  readonly format: 'weft-tokens';
  readonly version: 1;
  readonly type: TokenType;
  readonly vocabSize: number;
  readonly tokens: number;
  readonly bytes: number;
  readonly documents: number;
  /** In order; every shard but the last has equally many tokens. */
  readonly shards: readonly { readonly file: string; readonly tokens: number }[];
}

const MOST_SHARDS = 100_000;

/** Checks a parsed header. */
export function checkHeader(json: unknown, path: string): PackedHeader {
  const header = (typeof json === 'object' && json !== null ? json : {}) as Partial<Record<keyof PackedHeader, unknown>>;
  const demand = (holds: boolean, rule: string, value: unknown): void => {
    if (!holds) throw packedError(path, rule, String(value));
  };
  demand(header.format === 'weft-tokens', 'it is a header of packed tokens', header.format);
  demand(header.version === 1, 'its version is 1', header.version);
  demand(header.type === 'uint16' || header.type === 'uint32', 'its type is uint16 or uint32', header.type);
  for (const name of ['vocabSize', 'tokens', 'bytes', 'documents'] as const)
    demand(isCount(header[name]), `${name} is a count`, header[name]);
  const { shards } = header;
  demand(Array.isArray(shards) && shards.length <= MOST_SHARDS, `it lists ${MOST_SHARDS} shards or fewer`, typeof shards);
  let sum = 0;
  const list = shards as readonly unknown[];
  const sizes = list.map((shard, index) => {
    const { file, tokens } = (typeof shard === 'object' && shard !== null ? shard : {}) as {
      readonly file?: unknown;
      readonly tokens?: unknown;
    };
    demand(typeof file === 'string' && SHARD_NAME.test(file), `shard ${index} is a file of the folder`, file);
    demand(isCount(tokens) && (tokens as number) > 0, `shard ${index} has tokens`, tokens);
    sum += tokens as number;
    return tokens as number;
  });
  const isEven = sizes.every((size, index) => size === sizes[0] || (index === sizes.length - 1 && size < (sizes[0] ?? 0)));
  demand(isEven, 'all shards but the last have equally many tokens', sizes.slice(0, 5).join(', '));
  demand(sum === header.tokens, 'the shards have as many tokens as it says', `${sum} and ${String(header.tokens)}`);
  return json as PackedHeader;
}

/** The error for a damaged folder of tokens. */
export function packedError(path: string, rule: string, value: string): FormatError {
  return new FormatError({
    code: 'WEFT_DATA_PACKED',
    action: `read the packed tokens ${path}`,
    rule,
    value,
    remedy: 'Pack the text again.',
  });
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
