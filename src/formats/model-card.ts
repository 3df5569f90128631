/** `weft.json`, the model card in a model folder: what the model is, what it learnt from, and how good it is. */

import { join } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../core/index.ts';
import { checkSchema, readJsonFile } from './json-file.ts';

/** The text that a model was trained on. */
export interface DataCard {
  /** Files, folders or globs, as they were given. */
  readonly files: readonly string[];
  readonly documents: number;
  /** UTF-8 bytes and tokens of the training text. */
  readonly bytes: number;
  readonly tokens: number;
  /** UTF-8 bytes that were held out. */
  readonly heldOutBytes: number;
}

/** How a model was trained. */
export interface TrainingCard {
  readonly steps: number;
  readonly tokensSeen: number;
  readonly seconds: number;
  /** Mean loss at the end, in nats a token. */
  readonly trainLoss: number;
  readonly batchSize?: number | undefined;
  readonly contextLength?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
  readonly seed?: number | undefined;
}

/** How good a model is on held-out text. */
export interface HeldOutCard {
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
}

/** A model card. Fields that are not known here are kept as they are. */
export interface ModelCard {
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly parameters: number;
  readonly data?: DataCard | undefined;
  readonly training?: TrainingCard | undefined;
  readonly heldOut?: HeldOutCard | undefined;
  /** Bits per byte of the same held-out text by other means, e.g. `gzipBitsPerByte`. */
  readonly baselines?: Readonly<Record<string, number>> | undefined;
}

/** The card's file in a model folder. */
const CARD_FILE = 'weft.json';

// JSON has no NaN: a number that was none when the card was written is null, and stays unknown.
const number = z.preprocess((value) => (value === null ? NaN : value), z.number().or(z.nan()));
const count = z.number().int().nonnegative();
const CARD: z.ZodType<ModelCard> = z.looseObject({
  name: z.string(),
  createdAt: z.string(),
  parameters: count,
  data: z.looseObject({ files: z.array(z.string()), documents: count, bytes: count, tokens: count, heldOutBytes: count }).optional(),
  training: z
    .looseObject({
      steps: count,
      tokensSeen: count,
      seconds: number,
      trainLoss: number,
      batchSize: count.optional(),
      contextLength: count.optional(),
      learningRate: number.optional(),
      tokensPerSecond: number.optional(),
      seed: z.number().optional(),
    })
    .optional(),
  heldOut: z.looseObject({ loss: number, perplexity: number, bitsPerByte: number }).optional(),
  baselines: z.record(z.string(), number).optional(),
});

/**
 * Reads the card of a model folder; undefined when it has none, as folders from elsewhere do.
 *
 * @param folder - the model folder.
 * @throws FormatError `WEFT_FORMAT_JSON` or `WEFT_FORMAT_CARD` when it is damaged.
 */
export async function readModelCard(folder: string): Promise<ModelCard | undefined> {
  const path = join(folder, CARD_FILE);
  const remedy = `Mend or delete ${CARD_FILE}: the model works without it.`;
  const json = await readJsonFile(path, remedy);
  if (json === undefined) return undefined;
  return checkSchema(CARD, json, { path, code: 'WEFT_FORMAT_CARD', remedy });
}

/** Writes the card of a model folder, atomically. */
export async function writeModelCard(folder: string, card: ModelCard): Promise<void> {
  await writeFileAtomic(join(folder, CARD_FILE), `${JSON.stringify(card, null, 2)}\n`);
}
