/**
 * Several models in less memory than they need together: each is loaded when somebody asks for it, and the one that was not asked for the
 * longest makes room.
 *
 * Decided: a model that is at work is never given up; who asks for another waits until there is room. What is counted is the weights:
 * keys and values are bounded by each model's own option.
 */

/** A budget that models share. */
export interface Residency {
  /** Bytes of weights that may be in memory at once; a single model may have more. */
  readonly bytes: number;
  /** Bytes of weights that are in memory. */
  readonly used: number;
  /** Waits until there is room for a model of so many bytes, and takes it. */
  take(bytes: number): Promise<void>;
  /** Takes part in giving room: `unload` is called when the model is to go, and answers false while it is at work. */
  join(member: ResidencyMember): void;
  /** A model came to rest, or was used: others may go on, and it goes last. */
  rest(member: ResidencyMember): void;
  /** A model is gone. */
  give(bytes: number): void;
}

/** A model in memory that may be given up. */
export interface ResidencyMember {
  /** Frees the model, unless it is at work; whether it did. */
  unload(): Promise<boolean>;
}

/**
 * A budget that models share.
 *
 * @param bytes of weights
 *
 * @example
 * ```ts
 * import { createResidency, createTextModel } from 'weft/generate';
 * import { llama } from 'weft/models';
 * import { initialize } from 'weft/nn';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
 * const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 16, vocabSize: tokenizer.vocabSize });
 * const reload = async () => initialize(model.parameters, { seed: 1 });
 * const residency = createResidency(100_000); // room for one of them
 * const make = async (name: string) => createTextModel({ model, weights: await reload(), tokenizer, name, reload }, { residency });
 * const [a, b] = [await make('a'), await make('b')];
 * for await (const token of a.generate('to be', { maxTokens: 1 })) console.log(token.finishReason); // length
 * await Promise.all([a.close(), b.close()]);
 * ```
 */
export function createResidency(bytes: number): Residency {
  /** Least recently used first. */
  const members = new Set<ResidencyMember>();
  let used = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let wake: () => void = () => undefined;
  const fits = (needed: number): boolean => used === 0 || used + needed <= bytes;
  /** Gives the first up that is not at work. */
  const evict = async (): Promise<boolean> => {
    for (const member of members) {
      if (!(await member.unload())) continue;
      members.delete(member);
      return true;
    }
    return false;
  };
  const makeRoom = async (needed: number): Promise<void> => {
    while (!fits(needed)) {
      if (await evict()) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    used += needed;
  };
  return {
    bytes,
    get used() {
      return used;
    },
    take(needed) {
      // In order: a large model does not wait for ever behind small ones.
      const mine = turn.then(() => makeRoom(needed));
      turn = mine.catch(() => undefined);
      return mine;
    },
    join(member) {
      members.add(member);
    },
    rest(member) {
      if (members.delete(member)) members.add(member);
      wake();
    },
    give(freed) {
      used -= freed;
      wake();
    },
  };
}
