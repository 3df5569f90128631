/** Fields of `config.json` with the bounds that keep a hostile file from asking for a graph beyond any machine. */

import { z } from 'zod';

/** What to do about a `config.json` that is out of order. */
export const CONFIG_REMEDY = 'Copy or download config.json again.';

const count = (most: number): z.ZodNumber => z.number().int().min(1).max(most);

/** Layers of a model; the largest published have about a hundred. */
export const layerCount: z.ZodNumber = count(1024);
/** Widths and numbers of heads. */
export const width: z.ZodNumber = count(2 ** 20);
/** Tokens of context. */
export const contextSize: z.ZodNumber = count(2 ** 24);
/** Entries of a vocabulary. */
export const vocabularySize: z.ZodNumber = count(2 ** 24);
/** Epsilons and bases of angles. */
export const positive: z.ZodNumber = z.number().positive();
/** Rates of dropout. */
export const rate: z.ZodNumber = z.number().min(0).lt(1);
