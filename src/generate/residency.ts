/**
 * Several models in less memory than they need together: each is loaded when somebody asks for it, and the one that was not asked for the
 * longest makes room.
 *
 * Decided: work under way is never broken. Who waits for room is served in order of arrival over all models, a large one before smaller
 * ones that came later. A model that is to make room for the first who waits takes no new work, which waits behind those who were there
 * before, finishes what it has, and is given up. So two models of which there is room for one take turns under whatever load, as long as
 * each piece of work ends by itself, for which members are told when they are in the way.
 *
 * Decided: turns are not of single requests. A model that was loaded serves all that waited for it by then, and takes new work for
 * a second, or for as long as loading it took if that is more, so that no more than half of the time goes into loading. Before that it
 * goes only when it was without work for 50 ms, as a client that asks again when it has its answer takes a moment to ask.
 *
 * Decided: what is counted is the weights, from before they are loaded until they are freed: keys and values are bounded by each model's
 * own option. A model that is larger than the whole is in memory alone. One whose closing fails is counted as gone.
 */

import { UsageError, checkOptions } from '../core/index.ts';

/** A budget that models share. */
export interface Residency {
  /** Bytes of weights that may be in memory at once; a single model may have more. */
  readonly bytes: number;
  /** Bytes of weights that are in memory. */
  readonly used: number;
  /** Lets a model take part, which is not in memory yet. */
  join(member: ResidencyMember): ResidencyPlace;
}

/** A model that is in memory at times. It is never loaded and freed at once. */
export interface ResidencyMember {
  /** Bytes of its weights. */
  readonly bytes: number;
  /** Others wait from now on until its work is done; may be called several times. */
  hurry?(): void;
  /** Brings it into memory. */
  load(): Promise<void>;
  /** Frees it. */
  unload(): Promise<void>;
  /** The error of those who ask for it after its end. */
  closed(): Error;
}

/** Where the users of a model come by. */
export interface ResidencyPlace {
  /** Who waits for the model. */
  readonly waiting: number;
  /** Others wait until the work of the model is done. */
  readonly isGoing: boolean;
  /**
   * Waits until the model is in memory, where it stays until {@link ResidencyPlace.leave} is called.
   *
   * @throws what loading it throws; the signal's reason as soon as it is aborted; the member's own error when it is closed
   */
  enter(signal?: AbortSignal): Promise<void>;
  /** The work is done; called once for each time that somebody entered. */
  leave(): void;
  /** Refuses those who wait and all who come, and frees the model whether it is at work or not. */
  close(): Promise<void>;
}

/** Options of {@link createResidency}. */
export interface ResidencyOptions {
  /** Milliseconds that a model takes new work at least once it is loaded, though others wait; more if loading took longer. Default 1000. */
  readonly stay?: number;
  /** Milliseconds without work after which it goes before that, when others wait. Default 50. */
  readonly rest?: number;
  /** Default the process's. */
  readonly clock?: ResidencyClock;
}

/** A clock that never goes back, in milliseconds. */
export interface ResidencyClock {
  now(): number;
  /** Calls `call` after so many milliseconds, unless the function that it answers is called before. */
  after(milliseconds: number, call: () => void): () => void;
}

/** A member, and how it stands. */
interface Member extends ResidencyMember {
  state: 'out' | 'loading' | 'in' | 'leaving';
  /** The end of its loading or leaving, which does not reject. */
  settled: Promise<void>;
  /** It makes room for others, and takes no new work. */
  isGoing: boolean;
  isClosed: boolean;
  users: number;
  /** Grows with each use of any member. */
  lastUse: number;
  /** The time until which it takes new work. */
  staysUntil: number;
  /** The time since which it is without work, when it is. */
  restsSince: number;
}

/** Who waits for a member. */
interface Waiter {
  readonly member: Member;
  /** Ends the waiting: in memory, or with an error. */
  end(failure?: { readonly error: unknown }): void;
}

const STAY = 1000;
const REST = 50;
/** More is not a delay to Node's timers. */
const LONGEST_DELAY = 2 ** 31 - 1;
const CLOCK: ResidencyClock = {
  now: () => performance.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, Math.min(milliseconds, LONGEST_DELAY));
    return () => clearTimeout(timer);
  },
};

/**
 * A budget that models share.
 *
 * @param bytes of weights
 * @param options see {@link ResidencyOptions}
 * @throws UsageError `WEFT_GENERATE_OPTION` for times that are negative or no numbers
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
export function createResidency(bytes: number, options: ResidencyOptions = {}): Residency {
  checkOptions('share memory', options, ['stay', 'rest', 'clock']);
  const { stay = STAY, rest = REST, clock = CLOCK } = options;
  requireTime('stay', stay);
  requireTime('rest', rest);
  const members = new Set<Member>();
  /** In order of arrival. */
  const queue = new Set<Waiter>();
  let used = 0;
  let uses = 0;
  let callOff: () => void = () => undefined;

  /** The first who waits for a member that is to be loaded. */
  const first = (): Waiter | undefined => [...queue].find(({ member }) => member.state === 'out' || member.state === 'leaving');
  const fits = (needed: number, freed = 0): boolean => used === freed || used - freed + needed <= bytes;
  const use = (member: Member): void => {
    member.users++;
    member.lastUse = ++uses;
  };
  /** The time from which a member may go. */
  const due = ({ users, staysUntil, restsSince }: Member): number => (users > 0 ? staysUntil : Math.min(staysUntil, restsSince + rest));
  /** Those that make room for so many bytes: such as rest, else such as are going already, else such as may go soonest. */
  const chosen = (needed: number, now: number): readonly Member[] => {
    const rests = (member: Member): boolean => member.users === 0 && due(member) <= now;
    const candidates = [...members]
      .filter(({ state }) => state === 'in')
      .sort(
        (a, b) =>
          Number(rests(b)) - Number(rests(a)) ||
          Number(b.isGoing) - Number(a.isGoing) ||
          Math.max(due(a), now) - Math.max(due(b), now) ||
          a.lastUse - b.lastUse,
      );
    let freed = [...members].reduce((sum, { state, bytes: own }) => sum + (state === 'leaving' ? own : 0), 0);
    const enough = candidates.findIndex(({ bytes: own }) => fits(needed, freed) || ((freed += own), false));
    return enough < 0 ? candidates : candidates.slice(0, enough);
  };

  /** Does for those who wait what can be done now. */
  const arrange = (): void => {
    callOff();
    callOff = () => undefined;
    let head = first();
    for (; head?.member.state === 'out' && fits(head.member.bytes); head = first()) void load(head.member);
    const now = clock.now();
    const makingRoom = head === undefined ? [] : chosen(head.member.bytes, now);
    const hurried = makingRoom.filter((member) => !member.isGoing && member.users > 0 && due(member) <= now);
    for (const member of members) member.isGoing = makingRoom.includes(member) && due(member) <= now;
    let isEarlier = true;
    for (const waiter of queue) {
      if (waiter === head) isEarlier = false;
      if (waiter.member.state === 'in' && (isEarlier || !waiter.member.isGoing)) waiter.end();
    }
    for (const member of makingRoom) if (member.isGoing && member.users === 0) void unload(member).catch(() => undefined);
    for (const { hurry } of hurried) hurry?.();
    const next = Math.min(...makingRoom.filter(({ isGoing, state }) => !isGoing && state === 'in').map(due));
    if (next < Infinity) callOff = clock.after(next - now, arrange);
  };
  const load = async (member: Member): Promise<void> => {
    let settle: () => void = () => undefined;
    member.settled = new Promise((resolve) => (settle = resolve));
    member.state = 'loading';
    used += member.bytes;
    const began = clock.now();
    let failure: { readonly error: unknown } | undefined;
    try {
      await member.load();
      member.state = 'in';
      member.restsSince = clock.now();
      member.staysUntil = member.restsSince + Math.max(stay, member.restsSince - began);
      member.lastUse = ++uses;
    } catch (error) {
      member.state = 'out';
      used -= member.bytes;
      failure = { error };
    }
    for (const waiter of queue) if (waiter.member === member) waiter.end(failure);
    settle();
    arrange();
  };
  const unload = async (member: Member): Promise<void> => {
    let settle: () => void = () => undefined;
    member.settled = new Promise((resolve) => (settle = resolve));
    member.state = 'leaving';
    member.isGoing = false;
    try {
      await member.unload();
    } finally {
      member.state = 'out';
      used -= member.bytes;
      settle();
      arrange();
    }
  };
  const close = async (member: Member): Promise<void> => {
    member.isClosed = true;
    for (const waiter of queue) if (waiter.member === member) waiter.end({ error: member.closed() });
    arrange();
    while (isUnderWay(member)) await member.settled;
    if (member.state === 'in') await unload(member);
  };

  return {
    bytes,
    get used() {
      return used;
    },
    join(joining) {
      const member: Member = {
        bytes: joining.bytes,
        hurry: () => joining.hurry?.(),
        load: () => joining.load(),
        unload: () => joining.unload(),
        closed: () => joining.closed(),
        state: 'out',
        settled: Promise.resolve(),
        isGoing: false,
        isClosed: false,
        users: 0,
        lastUse: 0,
        staysUntil: 0,
        restsSince: 0,
      };
      members.add(member);
      let closing: Promise<void> | undefined;
      return {
        get waiting() {
          return [...queue].filter((waiter) => waiter.member === member).length;
        },
        get isGoing() {
          return member.isGoing;
        },
        async enter(signal) {
          if (member.isClosed) throw member.closed();
          signal?.throwIfAborted();
          if (member.state === 'in' && !member.isGoing) return use(member);
          return new Promise((resolve, reject) => {
            const waiter: Waiter = {
              member,
              end(failure) {
                queue.delete(waiter);
                signal?.removeEventListener('abort', abort);
                if (failure !== undefined) return reject(failure.error);
                use(member);
                resolve();
              },
            };
            const abort = (): void => {
              waiter.end({ error: signal?.reason });
              arrange();
            };
            signal?.addEventListener('abort', abort, { once: true });
            queue.add(waiter);
            arrange();
          });
        },
        leave() {
          member.users--;
          member.lastUse = ++uses;
          if (member.users > 0) return;
          member.restsSince = clock.now();
          if (queue.size > 0) arrange();
        },
        close() {
          closing ??= close(member).finally(() => members.delete(member));
          return closing;
        },
      };
    },
  };
}

/** Whether it is being loaded or freed. */
function isUnderWay({ state }: Member): boolean {
  return state === 'loading' || state === 'leaving';
}

function requireTime(name: string, value: number): void {
  if (value >= 0) return;
  throw new UsageError({
    code: 'WEFT_GENERATE_OPTION',
    action: 'share memory',
    rule: `${name} must be a number of milliseconds, 0 or more`,
    value: String(value),
    remedy: `Give ${name} such a number, or leave it out.`,
  });
}
