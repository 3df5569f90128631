/**
 * API keys: what a key is, what the file of keys says of each, and how one is recognised.
 *
 * Decided: the file holds no key, but the SHA-256 of each. A key is 256 random bits, so that no dictionary and no slow hash
 * is needed; digests are compared in constant time.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { z } from 'zod';

/** What a key may be used for: `read` is models, tokens and the page; `admin` is everything. */
export const SCOPES = ['generate', 'embeddings', 'read', 'metrics', 'admin'] as const;

/** One of {@link SCOPES}. */
export type Scope = (typeof SCOPES)[number];

/** What a key may, as it is given when one is made. */
export interface KeyRights {
  /** Default `generate`, `embeddings` and `read`. */
  readonly scopes?: readonly Scope[] | undefined;
  /** Most requests for work in a minute; default any number. */
  readonly requestsPerMinute?: number | undefined;
  /** Most tokens in a minute, of prompts and answers; default any number. */
  readonly tokensPerMinute?: number | undefined;
  /** Whoever has more goes first; default 0. */
  readonly priority?: number | undefined;
  /** When it ends, as ISO 8601 with a time zone; default never. */
  readonly expires?: string | undefined;
  /** Names of the models that it is for; default all. */
  readonly models?: readonly string[] | undefined;
}

/** A key as the file has it. */
export interface KeyRecord extends KeyRights {
  readonly name: string;
  /** SHA-256 of the key, in hexadecimal. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
  /** When it was made, as ISO 8601. */
  readonly created?: string | undefined;
}

/** Most keys that a file may have. */
const MOST_KEYS = 10_000;
const PREFIX = 'weft_';

const perMinute = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** What a file of keys looks like. */
export const keysSchema: z.ZodType<{ readonly keys: readonly KeyRecord[] }> = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[\w.@ -]{1,100}$/, 'expected letters, digits, spaces and . _ - @, 100 at most'),
        sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
        scopes: z.array(z.enum(SCOPES)),
        requestsPerMinute: perMinute.optional(),
        tokensPerMinute: perMinute.optional(),
        priority: z.number().int().min(-1000).max(1000).optional(),
        expires: z.iso.datetime({ offset: true }).optional(),
        models: z.array(z.string().max(500)).optional(),
        created: z.string().optional(),
      }),
    )
    .max(MOST_KEYS)
    .refine((keys) => new Set(keys.map(({ name }) => name)).size === keys.length, 'expected every name once'),
});

/** A new key: to be shown once and kept nowhere. */
export function newKey(): string {
  return `${PREFIX}${randomBytes(32).toString('base64url')}`;
}

/** What the file holds of a key. */
export function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The record of a key, found in a time that does not depend on which it is. */
export function findKey(records: readonly KeyRecord[], key: string): KeyRecord | undefined {
  const digest = createHash('sha256').update(key).digest();
  let found: KeyRecord | undefined;
  for (const record of records) if (timingSafeEqual(Buffer.from(record.sha256, 'hex'), digest)) found = record;
  return found;
}
