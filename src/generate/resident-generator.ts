/**
 * A generator that shares its memory with others: it is loaded when it is used, and may be given up when it rests.
 *
 * Decided: a call is at work from when it is let in until it ends, and it waits at one place, where its signal is heard: what it would
 * have loaded is not loaded for it any more. A model that is being loaded when nobody wants it any longer comes to rest. Those who wait
 * to be let in count among the waiting of the engine. Closing ends the work under way, as without sharing.
 *
 * Decided: when others wait for the room, texts are computed to their ends and kept for their readers. So no reader who is slow, stops, or
 * asks for another model before going on holds the room.
 */

import type { EngineStatus } from './batching/batch-engine.ts';
import { createReadAhead } from './read-ahead.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { Residency } from './residency.ts';
import type { TextGenerator, TextSearch } from './text-generator.ts';
import type { GeneratedToken } from './text-model.ts';

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
  /** Those under way. */
  const texts = new Set<ReadAhead<GeneratedToken>>();
  let loaded: TextGenerator | undefined;
  const place = residency.join({
    bytes,
    async load() {
      loaded = await load();
    },
    async unload() {
      const going = loaded;
      loaded = undefined;
      await going?.close();
    },
    hurry() {
      for (const text of texts) text.hurry();
    },
    closed,
  });
  const enter = async (signal?: AbortSignal): Promise<TextGenerator> => {
    await place.enter(signal);
    // A moment has passed since it was let in.
    if (loaded !== undefined && signal?.aborted !== true) return loaded;
    place.leave();
    throw signal?.aborted === true ? signal.reason : closed();
  };
  const during = async <T>(signal: AbortSignal | undefined, work: (generator: TextGenerator) => Promise<T>): Promise<T> => {
    const generator = await enter(signal);
    try {
      return await work(generator);
    } finally {
      place.leave();
    }
  };
  const first = await enter().catch(async (error: unknown) => {
    await place.close();
    throw error;
  });
  place.leave();
  const { contextLength, status } = first;
  const slots = status?.().slots;
  const asleep = (): EngineStatus => ({ ...IDLE, slots: slots ?? 1 });

  return {
    contextLength,
    async *generate(prompt, writer, treatment) {
      const generator = await enter(treatment.signal);
      const text = createReadAhead(generator.generate(prompt, writer, treatment), {
        signal: treatment.signal,
        ended() {
          texts.delete(text);
          place.leave();
        },
      });
      texts.add(text);
      if (place.isGoing) text.hurry();
      yield* text.read();
    },
    score: (ids, treatment, look) => during(treatment.signal, (generator) => generator.score(ids, treatment, look)),
    ...(first.embed === undefined
      ? {}
      : {
          embed: (ids, treatment) =>
            during(treatment.signal, async (generator) => (generator.embed as NonNullable<TextGenerator['embed']>)(ids, treatment)),
        }),
    ...(first.search === undefined
      ? {}
      : {
          search: {
            most: first.search.most,
            longest: first.search.longest,
            run: (prompt, search, treatment) =>
              during(treatment.signal, async (generator) => (generator.search as TextSearch).run(prompt, search, treatment)),
          },
        }),
    ...(status === undefined
      ? {}
      : {
          status() {
            const own = loaded?.status?.() ?? asleep();
            return { ...own, waiting: own.waiting + place.waiting };
          },
        }),
    close: place.close,
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
