/**
 * Lists that may be long, in a text's or a token's place.
 *
 * Decided: they are checked up to the first item that does not fit. Zod tells of every one: of a million that takes seconds, in which
 * nobody else is served.
 */

import { z } from 'zod';

/** Prompts: a text, its tokens, several texts, or the tokens of several. */
export type Prompts = string | readonly number[] | readonly string[] | readonly (readonly number[])[];

interface Wrong {
  readonly path: readonly number[];
  readonly words: string;
}

/** Token ids; the least and most that there may be. */
export function tokenIds({ least = 0, most }: { readonly least?: number; readonly most: number }): z.ZodType<readonly number[]> {
  return z
    .array(z.unknown())
    .min(least)
    .max(most)
    .transform((list, context) => {
      refuseWrong(wrongIds(list), context);
      return list as readonly number[];
    });
}

/** See {@link Prompts}. */
export const prompts: z.ZodType<Prompts> = z.union([
  z.string(),
  z
    .array(z.unknown())
    .min(1)
    .transform((list, context) => {
      refuseWrong(wrongPrompts(list), context);
      return list as Exclude<Prompts, string>;
    }),
]);

function refuseWrong(wrong: Wrong | undefined, context: z.RefinementCtx): void {
  if (wrong !== undefined) context.addIssue({ code: 'custom', path: [...wrong.path], message: `expected ${wrong.words}` });
}

/** Items are of the kind of the first. */
function wrongPrompts(list: readonly unknown[]): Wrong | undefined {
  const [first] = list;
  if (typeof first === 'string') return wrongItem(list, (item) => typeof item === 'string', 'a text');
  if (typeof first === 'number') return wrongIds(list);
  if (!Array.isArray(first)) return { path: [0], words: 'a text, a token id or a list of token ids' };
  for (const [index, ids] of list.entries()) {
    if (!Array.isArray(ids)) return { path: [index], words: 'a list of token ids' };
    if (ids.length === 0) return { path: [index], words: 'at least 1 item' };
    const wrong = wrongIds(ids);
    if (wrong !== undefined) return { ...wrong, path: [index, ...wrong.path] };
  }
  return undefined;
}

function wrongIds(list: readonly unknown[]): Wrong | undefined {
  return wrongItem(list, (item) => Number.isSafeInteger(item) && (item as number) >= 0, 'a token id, a whole number from 0');
}

function wrongItem(list: readonly unknown[], fits: (item: unknown) => boolean, words: string): Wrong | undefined {
  const at = list.findIndex((item) => !fits(item));
  return at < 0 ? undefined : { path: [at], words };
}
