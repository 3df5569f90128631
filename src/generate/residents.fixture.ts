/** Models that share memory, with fakes in place of what computes and a clock that is set by hand. */

import { createResidency } from './residency.ts';
import type { Residency, ResidencyClock, ResidencyOptions } from './residency.ts';
import { createResidentGenerator } from './resident-generator.ts';
import type { TextGenerator, Treatment } from './text-generator.ts';

/** A clock that goes on when it is told to. */
export interface FakeClock extends ResidencyClock {
  /** Goes on, stopping where something is to be called. */
  advance(milliseconds: number): Promise<void>;
  /** Goes on to where the next thing is to be called; whether there was any. */
  skip(): Promise<boolean>;
}

/** All that can go on without the clock or a gate has gone on. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock at 0. */
export function fakeClock(): FakeClock {
  let now = 0;
  const timers = new Set<{ readonly time: number; readonly call: () => void }>();
  const skip = async (end = Infinity): Promise<boolean> => {
    const [next] = [...timers].filter(({ time }) => time <= end).sort((a, b) => a.time - b.time);
    if (next === undefined) return false;
    timers.delete(next);
    now = Math.max(now, next.time);
    next.call();
    await settle();
    return true;
  };
  return {
    now: () => now,
    after(milliseconds, call) {
      const timer = { time: now + milliseconds, call };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(milliseconds) {
      await settle();
      const end = now + milliseconds;
      while (await skip(end));
      now = end;
    },
    skip: () => skip(),
  };
}

/** Something that goes on when the test says so. */
export interface Gate {
  /** The model it is of. */
  readonly name: string;
  open(): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** See {@link fakeResidents}. */
export interface FakeResidents {
  readonly clock: FakeClock;
  readonly residency: Residency;
  /** What happened, such as `load a`, `begin a`, `end a` and `free a`. */
  readonly log: string[];
  /** Work under way, and loads and frees in progress, oldest first. */
  readonly works: readonly Gate[];
  readonly loads: readonly Gate[];
  readonly frees: readonly Gate[];
  /** The models that are in memory, or are being loaded or freed. */
  readonly present: ReadonlySet<string>;
  /** Makes a model, which is loaded once. */
  add(name: string, bytes: number): Promise<TextGenerator>;
  /** From now on these wait at gates, too. */
  gate(what: 'loads' | 'frees'): void;
}

/** A treatment like any other. */
export const treatment = (signal?: AbortSignal): Treatment => ({
  client: '',
  request: '',
  priority: 0,
  namespace: '',
  signal,
  started: () => undefined,
});

/** A budget, and models to be added whose work waits at gates, a text of two tokens at two. A model that is freed at work without being closed throws. */
export function fakeResidents(bytes: number, options: Omit<ResidencyOptions, 'clock'> = {}): FakeResidents {
  const clock = fakeClock();
  const residency = createResidency(bytes, { ...options, clock });
  const log: string[] = [];
  const works: Gate[] = [];
  const loads: Gate[] = [];
  const present = new Set<string>();
  const frees: Gate[] = [];
  const gated = new Set<'loads' | 'frees'>();

  /** What waits, among `gates`, until the test opens it, or the signal is aborted. */
  const wait = (gates: Gate[], name: string, signal?: AbortSignal): { readonly gate: Gate; readonly passed: Promise<void> } => {
    let pass: () => void = () => undefined;
    let refuse: (error: unknown) => void = () => undefined;
    const passed = new Promise<void>((resolve, reject) => {
      [pass, refuse] = [resolve, reject];
    });
    const leave = (then: () => void): Promise<void> => {
      const at = gates.indexOf(gate);
      if (at >= 0) gates.splice(at, 1);
      then();
      return settle();
    };
    const gate: Gate = { name, open: () => leave(pass), fail: (error) => leave(() => refuse(error)) };
    gates.push(gate);
    signal?.addEventListener('abort', () => void leave(() => refuse(signal.reason)), { once: true });
    return { gate, passed };
  };
  const generator = (name: string): TextGenerator => {
    const mine = new Set<Gate>();
    const work = async (signal: AbortSignal | undefined): Promise<void> => {
      log.push(`begin ${name}`);
      const { gate, passed } = wait(works, name, signal);
      mine.add(gate);
      await passed.finally(() => mine.delete(gate));
      log.push(`end ${name}`);
    };
    return {
      contextLength: 8,
      async *generate(_prompt, _writer, { signal }) {
        for (const id of [1, 2]) {
          await work(signal);
          yield { id, text: `${name}${id}`, logProbability: 0, alternatives: [] };
        }
      },
      async score(_ids, { signal }) {
        await work(signal);
        return new Float32Array(1);
      },
      async embed(_ids, { signal }) {
        await work(signal);
        return new Float32Array(2);
      },
      search: {
        most: 4,
        longest: () => 8,
        async run(_prompt, _search, { signal }) {
          await work(signal);
          return [];
        },
      },
      status: () => ({ ...NOTHING, running: mine.size }),
      async close() {
        for (const gate of mine) void gate.fail(new Error(`${name} was closed at work`));
        if (gated.has('frees')) await wait(frees, name).passed;
        log.push(`free ${name}`);
        present.delete(name);
      },
    };
  };
  return {
    clock,
    residency,
    log,
    works,
    loads,
    frees,
    present,
    add: (name, own) =>
      createResidentGenerator({
        residency,
        bytes: own,
        async load() {
          log.push(`load ${name}`);
          present.add(name);
          try {
            if (gated.has('loads')) await wait(loads, name).passed;
          } catch (error) {
            present.delete(name);
            throw error;
          }
          return generator(name);
        },
        closed: () => new Error(`${name} is closed`),
      }),
    gate(what) {
      gated.add(what);
    },
  };
}

const NOTHING = {
  running: 0,
  waiting: 0,
  slots: 4,
  blocksUsed: 0,
  blocks: 8,
  blockTokens: 32,
  prefixQueries: 0,
  prefixHits: 0,
  preemptions: 0,
  drafted: 0,
  accepted: 0,
};
