/** A generator that shares its memory with others: it is loaded when it is used, and may be given up when it rests. */

import type { EngineStatus } from './batching/batch-engine.ts';
import type { Residency, ResidencyMember } from './residency.ts';
import type { TextGenerator, TextSearch } from './text-generator.ts';

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
    ...(first.search === undefined
      ? {}
      : {
          search: {
            most: first.search.most,
            longest: first.search.longest,
            run: (prompt, search, treatment) =>
              during(async (generator) => (generator.search as TextSearch).run(prompt, search, treatment)),
          },
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
