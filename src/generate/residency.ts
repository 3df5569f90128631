/**
 * Several models in less memory than they need together: each is loaded when somebody asks for it, and the one that was not asked for the
 * longest makes room.
 *
 * Decided: a model that is at work is never given up; who asks for another waits until there is room. What is counted is the weights:
 * keys and values are bounded by each model's own option.
 */

import type { EngineStatus } from './batching/batch-engine.ts';
import type { TextGenerator } from './text-generator.ts';

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

/** What {@link createResidentGenerator} is made of. */
export interface ResidentParts {
  readonly residency: Residency;
  /** Bytes of the model's weights. */
  readonly bytes: number;
  /** Makes the generator that runs. */
  readonly load: () => Promise<TextGenerator>;
  /** What it answers after `close()`. */
  readonly closed: () => Error;
}

/** A generator that is in memory while it is used, and until others need the room. It is loaded once at first, so that a folder that is broken is told at once. */
export async function createResidentGenerator({ residency, bytes, load, closed }: ResidentParts): Promise<TextGenerator> {
  let loading: Promise<TextGenerator> | undefined;
  let loaded: TextGenerator | undefined;
  let users = 0;
  let isClosed = false;
  const member: ResidencyMember = {
    async unload() {
      if (users > 0 || loaded === undefined) return false;
      const going = loaded;
      [loaded, loading] = [undefined, undefined];
      await going.close();
      residency.give(bytes);
      return true;
    },
  };
  const open = async (): Promise<TextGenerator> => {
    await residency.take(bytes);
    try {
      loaded = await load();
      residency.join(member);
      return loaded;
    } catch (error) {
      residency.give(bytes);
      loading = undefined;
      throw error;
    }
  };
  const enter = async (): Promise<TextGenerator> => {
    if (isClosed) throw closed();
    users++;
    residency.rest(member);
    try {
      return await (loading ??= open());
    } catch (error) {
      users--;
      throw error;
    }
  };
  const leave = (): void => {
    users--;
    residency.rest(member);
  };
  const during = async <T>(work: (generator: TextGenerator) => Promise<T>): Promise<T> => {
    const generator = await enter();
    try {
      return await work(generator);
    } finally {
      leave();
    }
  };
  const first = await enter();
  leave();
  const { contextLength, status } = first;
  const slots = status?.().slots;
  const asleep = (): EngineStatus => ({ ...IDLE, slots: slots ?? 1 });

  return {
    contextLength,
    async *generate(prompt, writer, treatment) {
      const generator = await enter();
      try {
        yield* generator.generate(prompt, writer, treatment);
      } finally {
        leave();
      }
    },
    score: (ids, treatment, look) => during((generator) => generator.score(ids, treatment, look)),
    ...(first.embed === undefined
      ? {}
      : {
          embed: (ids, treatment) => during(async (generator) => (generator.embed as NonNullable<TextGenerator['embed']>)(ids, treatment)),
        }),
    ...(status === undefined ? {} : { status: () => loaded?.status?.() ?? asleep() }),
    async close() {
      isClosed = true;
      await loading?.catch(() => undefined);
      await loaded?.close();
    },
  };
}

/** Of an engine that is not in memory. */
const IDLE = {
  running: 0,
  waiting: 0,
  blocksUsed: 0,
  blocks: 0,
  blockTokens: 0,
  prefixQueries: 0,
  prefixHits: 0,
  preemptions: 0,
  drafted: 0,
  accepted: 0,
};
