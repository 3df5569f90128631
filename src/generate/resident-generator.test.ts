/** Models that take turns in memory, with fakes and a clock that is set by hand: who waits, who goes, and what is left behind. */

import { getEventListeners } from 'node:events';

import { describe, expect, it } from 'vitest';

import { createRandom } from '../core/index.ts';
import { createResidency } from './residency.ts';
import { fakeResidents, settle, treatment } from './residents.fixture.ts';
import type { FakeResidents } from './residents.fixture.ts';
import type { TextGenerator } from './text-generator.ts';
import type { TokenWriter } from './token-writer.ts';

const IDS = Uint32Array.of(1, 2);
const writer = {} as TokenWriter; // The fakes write nothing.

/** What became of work that was asked for; nothing yet is ''. */
interface Asked {
  end: string;
}

function ask(generator: TextGenerator, signal?: AbortSignal): Asked {
  return watch(generator.score(IDS, treatment(signal)));
}

/** Asks for a text, of which the first token alone is read, and whose reader then stays away. */
function askText(generator: TextGenerator, signal?: AbortSignal): Asked {
  return watch(generator.generate(IDS, writer, { ...treatment(signal), speculation: 'none' }).next());
}

function watch(work: Promise<unknown>): Asked {
  const asked: Asked = { end: '' };
  work.then(
    () => (asked.end = 'done'),
    (error: unknown) => (asked.end = error instanceof Error ? error.message : String(error)),
  );
  return asked;
}

/** Models of size 1, all loaded once, with an empty log. */
async function models(
  house: FakeResidents,
  names: string,
  sizes: Readonly<Record<string, number>> = {},
): Promise<Readonly<Record<string, TextGenerator>>> {
  const made: Record<string, TextGenerator> = {};
  for (const name of names) {
    const adding = house.add(name, sizes[name] ?? 1);
    await house.clock.advance(2000);
    made[name] = await adding;
  }
  await house.clock.advance(10_000);
  house.log.length = 0;
  return made;
}

describe('turns', () => {
  it('one that is to make room takes no new work, which waits behind whoever was first', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ba');
    const asked = [ask(a!), ask(a!)];
    const other = ask(b!);
    asked.push(ask(a!));
    await settle();
    expect(house.works.map(({ name }) => name)).toEqual(['a', 'a']);
    expect(house.residency.used).toBe(1);
    expect(a!.status!().waiting).toBe(1);
    expect(b!.status!()).toMatchObject({ running: 0, waiting: 1, slots: 4 });
    await house.works[0]!.open();
    expect(house.log).not.toContain('free a');
    await house.works[0]!.open();
    expect(house.log).toEqual(['begin a', 'begin a', 'end a', 'end a', 'free a', 'load b', 'begin b']);
    house.log.length = 0;
    await house.works[0]!.open();
    expect(other.end).toBe('done');
    expect(house.log).toEqual(['end b']); // It may be asked again in a moment.
    await house.clock.advance(50);
    expect(house.log).toEqual(['end b', 'free b', 'load a', 'begin a']);
    await house.works[0]!.open();
    expect(asked.map(({ end }) => end)).toEqual(['done', 'done', 'done']);
  });

  it('one that was loaded serves all who waited for it, and whoever comes within a second, though others wait', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ba');
    const first = ask(a!);
    const [one, other, two] = [ask(b!), ask(a!), ask(b!)];
    await settle();
    await house.works[0]!.open();
    expect(first.end).toBe('done');
    expect(house.works.map(({ name }) => name)).toEqual(['b', 'b']);
    await house.clock.advance(999);
    const within = ask(b!);
    await house.clock.advance(1);
    const behind = ask(b!);
    await settle();
    expect(house.works.map(({ name }) => name)).toEqual(['b', 'b', 'b']);
    for (let left = 3; left > 0; left--) await house.works[0]!.open();
    expect([one.end, two.end, within.end, behind.end]).toEqual(['done', 'done', 'done', '']);
    expect(house.works.map(({ name }) => name)).toEqual(['a']);
    await house.works[0]!.open();
    expect(other.end).toBe('done');
    await house.clock.advance(50);
    await house.works[0]!.open();
    expect(behind.end).toBe('done');
  });

  it('one that took long to load stays as long as that', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ba');
    house.gate('loads');
    const asked = [ask(b!), ask(a!)];
    await house.clock.advance(5000);
    await house.loads[0]!.open();
    await house.clock.advance(4999);
    asked.push(ask(b!));
    await settle();
    expect(house.works.map(({ name }) => name)).toEqual(['b', 'b']);
    await house.clock.advance(1);
    asked.push(ask(b!));
    await settle();
    expect(house.works).toHaveLength(2);
    await house.works[0]!.open();
    await house.works[0]!.open();
    await house.loads[0]!.open();
    expect(house.works.map(({ name }) => name)).toEqual(['a']);
  });

  it('times are options, and one that does not stay serves all who waited nevertheless', async () => {
    const house = fakeResidents(1, { stay: 0, rest: 0 });
    const { a, b } = await models(house, 'ab');
    const asked = [ask(a!), ask(b!), ask(a!), ask(b!)];
    await settle();
    for (let left = 4; left > 0; left--) await house.works[0]!.open();
    expect(asked.map(({ end }) => end)).toEqual(['done', 'done', 'done', 'done']);
    expect(house.log.filter((line) => line.startsWith('load'))).toEqual(['load a', 'load b']);
    for (const stay of [-1, NaN]) expect(() => createResidency(1, { stay })).toThrow('number of milliseconds');
  });

  it('the one that was not asked for the longest goes, such as rest before such as work', async () => {
    const house = fakeResidents(3);
    const { a, b, c, d } = await models(house, 'dabc');
    const first = ask(a!);
    await settle();
    await house.works[0]!.open();
    expect(first.end).toBe('done');
    const work = ask(b!);
    ask(d!);
    await settle();
    expect(house.log).toEqual(['begin a', 'end a', 'free c', 'begin b', 'load d', 'begin d']);
    const again = [ask(a!), ask(c!), ask(a!)];
    await settle();
    // All work: b was asked for the longest ago, and d has just been loaded.
    expect(house.works.map(({ name }) => name)).toEqual(['b', 'd', 'a', 'a']);
    expect(ask(b!).end).toBe('');
    await house.works[0]!.open();
    expect(work.end).toBe('done');
    expect(house.works.map(({ name }) => name)).toEqual(['d', 'a', 'a', 'c']);
    expect(again.map(({ end }) => end)).toEqual(['', '', '']);
  });

  it('no more go than must, while one is freed', async () => {
    const house = fakeResidents(2);
    const { a, b, c } = await models(house, 'cab');
    house.gate('frees');
    const asked = [ask(c!), ask(c!), ask(a!)];
    await settle();
    expect(house.frees.map(({ name }) => name)).toEqual(['a']);
    expect(house.residency.used).toBe(2);
    await house.frees[0]!.open();
    expect(house.frees.map(({ name }) => name)).toEqual(['b']);
    expect(house.works.map(({ name }) => name)).toEqual(['c', 'c']);
    await house.frees[0]!.open();
    asked.push(ask(b!));
    await house.clock.advance(999);
    for (let left = 3; left > 0; left--) await house.works[0]!.open();
    expect(asked.map(({ end }) => end)).toEqual(['done', 'done', 'done', '']);
    await house.clock.advance(50);
    await house.frees[0]!.open();
    await house.works[0]!.open();
    expect(asked[3]!.end).toBe('done');
  });

  it('another that comes to rest goes in place of one that works, which takes work again', async () => {
    const house = fakeResidents(2);
    const { a, b, c } = await models(house, 'cab');
    const [one, two, three] = [ask(a!), ask(b!), ask(c!)];
    const behind = ask(a!);
    await settle();
    expect(house.works.map(({ name }) => name)).toEqual(['a', 'b']);
    await house.works[1]!.open();
    expect(house.log).toContain('free b');
    expect(house.works.map(({ name }) => name)).toEqual(['a', 'a', 'c']);
    for (let left = 3; left > 0; left--) await house.works[0]!.open();
    expect([one.end, two.end, three.end, behind.end]).toEqual(['done', 'done', 'done', 'done']);
  });

  it('a large model does not wait for ever behind small ones, and has the memory alone when it is larger than all of it', async () => {
    const house = fakeResidents(3);
    const { a, b, c: large } = await models(house, 'abc', { c: 5 });
    expect([...house.present]).toEqual(['c']);
    expect(house.residency.used).toBe(5);
    const asked = [ask(a!), ask(b!)];
    await house.clock.advance(2000);
    asked.push(ask(large!), ask(a!), ask(b!));
    await settle();
    expect(house.works.map(({ name }) => name)).toEqual(['a', 'b']);
    await house.works[0]!.open();
    await house.works[0]!.open();
    expect(house.works.map(({ name }) => name)).toEqual(['c']);
    expect([...house.present]).toEqual(['c']);
    await house.works[0]!.open();
    await house.clock.advance(50);
    for (let left = 2; left > 0; left--) await house.works[0]!.open();
    expect(asked.map(({ end }) => end)).toEqual(['done', 'done', 'done', 'done', 'done']);
    expect(house.residency.used).toBe(2);
  });

  it('all kinds of work keep a model in memory, and wait', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ba');
    const end = new AbortController();
    const kinds: readonly ((model: TextGenerator) => Promise<unknown>)[] = [
      (model) => model.score(IDS, treatment(end.signal)),
      (model) => model.embed!(IDS, treatment(end.signal)),
      (model) => model.search!.run(IDS, {} as never, treatment(end.signal)), // The fakes search nothing.
      (model) => model.generate(IDS, writer, { ...treatment(end.signal), speculation: 'none' }).next(),
    ];
    const working = kinds.map((kind) => kind(a!));
    const waiting = kinds.map((kind) => kind(b!));
    await settle();
    expect(house.works).toHaveLength(4);
    expect(b!.status!().waiting).toBe(4);
    for (let left = 5; left > 0; left--) {
      expect(house.log).not.toContain('free a');
      await house.works[0]!.open();
    }
    expect(house.log).toContain('free a');
    await Promise.all(working);
    end.abort(new Error('enough'));
    for (const one of waiting) await expect(one).rejects.toThrow('enough');
    expect(b!.status!().waiting).toBe(0);
  });
});

describe('a text', () => {
  const text = (model: TextGenerator, signal?: AbortSignal): ReturnType<TextGenerator['generate']> =>
    model.generate(IDS, writer, { ...treatment(signal), speculation: 'none' });

  it('whose reader is away is computed to its end and kept when others wait, and only then', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ba');
    const reader = text(a!);
    const begun = reader.next();
    await settle();
    await house.works[0]!.open();
    expect(await begun).toMatchObject({ value: { text: 'a1' } });
    await house.clock.advance(10_000);
    expect(house.works).toHaveLength(0);
    const other = ask(b!);
    await settle();
    await house.works[0]!.open();
    expect(house.works.map(({ name }) => name)).toEqual(['b']);
    await house.works[0]!.open();
    expect(other.end).toBe('done');
    const rest = [await reader.next(), await reader.next()];
    expect(rest).toMatchObject([{ value: { text: 'a2' } }, { done: true }]);
  });

  it('may wait for another model, or the same, before it goes on', async () => {
    const house = fakeResidents(1, { stay: 0, rest: 0 });
    const { a, b } = await models(house, 'ba');
    const read: string[] = [];
    const reading = (async () => {
      for await (const token of text(a!)) {
        const asked = [b!.score(IDS, treatment()), a!.score(IDS, treatment())];
        await Promise.all(asked);
        read.push(token.text);
      }
    })();
    for (await settle(); house.works.length > 0;) await house.works[0]!.open();
    await reading;
    expect(read).toEqual(['a1', 'a2']);
  });

  it('that is left, aborted or broken while it is kept gives the room', async () => {
    for (const how of ['left', 'aborted', 'broken'] as const) {
      const house = fakeResidents(1);
      const { a, b } = await models(house, 'ba');
      const end = new AbortController();
      const reader = text(a!, end.signal);
      const begun = reader.next();
      await settle();
      await house.works[0]!.open();
      await begun;
      const other = ask(b!);
      await settle();
      expect(house.works.map(({ name }) => name)).toEqual(['a']);
      if (how === 'aborted') end.abort(new Error('aborted'));
      const leaving = how === 'left' ? reader.return(undefined) : undefined;
      if (how === 'broken') await house.works[0]!.fail(new Error('broken'));
      if (how === 'left') await house.works[0]!.open();
      await settle();
      expect(house.works.map(({ name }) => name)).toEqual(['b']);
      await house.works[0]!.open();
      expect(other.end).toBe('done');
      if (how === 'left') await leaving;
      else await expect(reader.next()).rejects.toThrow(how);
      expect(await reader.next()).toEqual({ done: true, value: undefined });
      await Promise.all([a!.close(), b!.close()]);
      expect(house.residency.used).toBe(0);
    }
  });
});

describe('one that is aborted', () => {
  it('lets those go on that came after it, in their order', async () => {
    const house = fakeResidents(1);
    const { a, b, c } = await models(house, 'cba');
    const end = new AbortController();
    const asked = [ask(a!), ask(b!, end.signal), ask(a!), ask(c!), ask(a!)];
    await settle();
    expect(house.works).toHaveLength(1);
    end.abort(new Error('late'));
    await settle();
    expect(house.works.map(({ name }) => name)).toEqual(['a', 'a']); // The last came after the one for c.
    await house.works[0]!.open();
    await house.works[0]!.open();
    expect(house.works.map(({ name }) => name)).toEqual(['c']);
    expect(asked.map(({ end }) => end)).toEqual(['done', 'late', 'done', '', '']);
  });

  it('after it was let in is not heard any more', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ab');
    const end = new AbortController();
    const asked = ask(a!, end.signal);
    await settle();
    expect(getEventListeners(end.signal, 'abort')).toHaveLength(1); // That of the work itself.
    await house.works[0]!.open();
    expect([asked.end, ask(b!).end]).toEqual(['done', '']);
  });

  it('while it waits leaves at once, and nothing is loaded for it', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ba');
    const first = ask(a!);
    const end = new AbortController();
    const [other, behind] = [ask(b!, end.signal), ask(a!)];
    await settle();
    expect(house.works).toHaveLength(1);
    const reason = new Error('the client left');
    end.abort(reason);
    await settle();
    expect(other.end).toBe('the client left');
    expect(b!.status!().waiting).toBe(0);
    expect(house.works).toHaveLength(2); // Nobody else waits: the model takes work again.
    await house.works[0]!.open();
    await house.works[0]!.open();
    await house.clock.advance(10_000);
    expect([first.end, behind.end]).toEqual(['done', 'done']);
    expect(house.log).toEqual(['begin a', 'begin a', 'end a', 'end a']);
    await expect(b!.score(IDS, treatment(end.signal))).rejects.toBe(reason);
    expect(house.log).not.toContain('load b');
  });

  it('while the model stays leaves before its time', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ba');
    const end = new AbortController();
    const asked = [ask(b!), ask(a!, end.signal)];
    await house.clock.advance(500);
    end.abort(new Error('late'));
    await settle();
    expect(asked[1]!.end).toBe('late');
    await house.clock.advance(10_000);
    await house.works[0]!.open();
    expect(house.log).toEqual(['free a', 'load b', 'begin b', 'end b']);
  });

  it('while the model is loaded leaves at once; the model comes to rest, and makes room again', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ba');
    house.gate('loads');
    const end = new AbortController();
    const asked = [ask(b!, end.signal), ask(a!)];
    await settle();
    end.abort(new Error('late'));
    await settle();
    expect(asked[0]!.end).toBe('late');
    await house.loads[0]!.open();
    expect(house.residency.used).toBe(1);
    await house.clock.advance(50);
    await house.loads[0]!.open();
    await house.works[0]!.open();
    expect(asked[1]!.end).toBe('done');
    expect(house.log).toEqual(['free a', 'load b', 'free b', 'load a', 'begin a', 'end a']);
  });

  it('in the moment when it is let in does no work', async () => {
    const house = fakeResidents(1);
    const { a } = await models(house, 'a');
    const end = new AbortController();
    const asked = ask(a!, end.signal);
    end.abort(new Error('late'));
    await settle();
    expect([asked.end, house.log]).toEqual(['late', []]);
  });
});

describe('close', () => {
  it('refuses those who wait and ends those at work; others get the room', async () => {
    const house = fakeResidents(1);
    const { a, b, c } = await models(house, 'cba');
    const asked = [ask(a!), ask(b!), ask(b!), ask(c!), ask(a!)];
    await settle();
    await Promise.all([b!.close(), b!.close()]);
    await settle();
    expect(asked.map(({ end }) => end)).toEqual(['', 'b is closed', 'b is closed', '', '']);
    await a!.close();
    await settle();
    expect(asked.map(({ end }) => end)).toEqual(['a was closed at work', 'b is closed', 'b is closed', '', 'a is closed']);
    expect(house.works.map(({ name }) => name)).toEqual(['c']);
    await house.works[0]!.open();
    expect(asked[3]!.end).toBe('done');
    await c!.close();
    expect([house.residency.used, house.present.size]).toEqual([0, 0]);
    await expect(c!.score(IDS, treatment())).rejects.toThrow('c is closed');
    expect(await house.clock.skip()).toBe(false);
  });

  it('of one that is being loaded waits until it can be freed', async () => {
    const house = fakeResidents(1);
    const { a, b } = await models(house, 'ba');
    house.gate('loads');
    const asked = [ask(b!), ask(a!)];
    await settle();
    let isClosed = false;
    const closing = b!.close().then(() => (isClosed = true));
    await settle();
    expect([asked[0]!.end, isClosed, house.residency.used]).toEqual(['b is closed', false, 1]);
    await house.loads[0]!.open();
    await closing;
    expect(house.log).toEqual(['free a', 'load b', 'free b', 'load a']);
    const failing = a!.close();
    await house.loads[0]!.fail(new Error('the folder is gone'));
    await failing;
    expect(asked[1]!.end).toBe('a is closed');
    expect([house.residency.used, house.present.size]).toEqual([0, 0]);
  });

  it('of one whose closing fails says so, and frees the room', async () => {
    const house = fakeResidents(1, { rest: 0, stay: 0 });
    const bad = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const place = house.residency.join({
          bytes: 1,
          load: () => Promise.resolve(),
          unload: () => Promise.reject(new Error(`${name} is stuck`)),
          closed: () => new Error(`${name} is closed`),
        });
        await place.enter();
        place.leave();
        return place;
      }),
    );
    expect(house.residency.used).toBe(1);
    await bad[0]!.close();
    await expect(bad[1]!.close()).rejects.toThrow('b is stuck');
    expect(house.residency.used).toBe(0);
  });
});

it('a load that fails is told to those who wait for that model, frees the room, and is tried again', async () => {
  const house = fakeResidents(1);
  const { a, b } = await models(house, 'ba');
  house.gate('loads');
  const [one, other, two] = [ask(b!), ask(a!), ask(b!)];
  await settle();
  await house.loads[0]!.fail(new Error('the folder is gone'));
  expect([one.end, two.end, other.end]).toEqual(['the folder is gone', 'the folder is gone', '']);
  expect([...house.present]).toEqual(['a']);
  await house.loads[0]!.open();
  await house.works[0]!.open();
  expect(other.end).toBe('done');
  const again = ask(b!);
  await house.clock.advance(50);
  await house.loads[0]!.open();
  await house.works[0]!.open();
  expect(again.end).toBe('done');
  // One that fails at first is none.
  const never = expect(house.add('c', 1)).rejects.toThrow('no such folder');
  await house.clock.advance(50);
  await house.loads[0]!.fail(new Error('no such folder'));
  await never;
  expect([house.residency.used, house.present.size]).toEqual([0, 0]);
});

describe('under load', () => {
  it.for([1, 2, 3, 4])('that never ends every model gets its turn, and most of the time is work, with seed %i', async (seed) => {
    const random = createRandom(seed, 'load');
    const house = fakeResidents(2);
    const names = 'abc';
    const made = await models(house, names);
    house.gate('loads');
    const end = house.clock.now() + 100_000;
    let loading = 0;
    const longest: Record<string, number> = { a: 0, b: 0, c: 0 };
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    /** Asks again as soon as it is answered. */
    const client = async (name: string): Promise<void> => {
      while (house.clock.now() < end) {
        const asked = house.clock.now();
        await made[name]!.score(IDS, treatment());
        longest[name] = Math.max(longest[name]!, house.clock.now() - asked);
        counts[name]!++;
      }
    };
    const clients = [...names].flatMap((name) => [client(name), client(name), client(name)]);
    const timed = new WeakSet<object>();
    await settle();
    do {
      expect(house.residency.used).toBeLessThanOrEqual(2);
      for (const gate of [...house.works, ...house.loads]) {
        if (timed.has(gate)) continue;
        timed.add(gate);
        const takes = 20 + random.integer(300);
        if (house.loads.includes(gate)) loading += takes;
        house.clock.after(takes, () => void gate.open());
      }
      await settle();
    } while (await house.clock.skip());
    await Promise.all(clients);
    // A turn of another is a second, with what it has begun and its loading.
    for (const name of names) {
      expect(longest[name]).toBeLessThan(2 * (1000 + 320 + 320));
      expect(counts[name]).toBeGreaterThan(500);
    }
    expect(loading).toBeLessThan(0.2 * 100_000 * 2);
  });

  it.for(Array.from({ length: 40 }, (_, seed) => seed))('of every kind nobody is left behind, with seed %i', async (seed) => {
    const random = createRandom(seed, 'stress');
    const bytes = 2 + random.integer(4);
    const house = fakeResidents(bytes, random.integer(2) === 0 ? {} : { stay: random.integer(100), rest: random.integer(20) });
    const names = 'abcd'.slice(0, 2 + random.integer(3));
    const sizes = Object.fromEntries([...names].map((name) => [name, 1 + random.integer(bytes + 1)]));
    const made = await models(house, names, sizes);
    house.gate('loads');
    if (random.integer(2) === 0) house.gate('frees');
    const asked: Asked[] = [];
    const ends: AbortController[] = [];
    const check = (): void => {
      const sum = [...house.present].reduce((total, name) => total + sizes[name]!, 0);
      expect(house.residency.used).toBeGreaterThanOrEqual(sum);
      expect(house.residency.used <= bytes || house.present.size <= 1).toBe(true);
    };
    const any = <T>(list: readonly T[]): T | undefined => list[random.integer(Math.max(1, list.length))];
    for (let step = 0; step < 300; step++) {
      const name = any([...names])!;
      const kind = random.integer(12);
      if (kind < 4) {
        const end = new AbortController();
        ends.push(end);
        asked.push((kind === 0 ? askText : ask)(made[name]!, end.signal));
      } else if (kind < 7) await any(house.works)?.open();
      else if (kind < 9) await any([...house.loads, ...house.frees])?.open();
      else if (kind === 9) await (random.integer(4) === 0 ? any(house.loads)?.fail(new Error('unreadable')) : house.clock.skip());
      else if (kind === 10) any(ends)?.abort(new Error('left'));
      else await house.clock.advance(random.integer(600));
      if (random.integer(3) > 0) await settle();
      check();
    }
    const gone = random.integer(2) === 0 ? any([...names]) : undefined;
    if (gone !== undefined) {
      const closing = made[gone]!.close();
      await settle();
      for (const list of [house.loads, house.frees]) for (const gate of list.filter(({ name }) => name === gone)) await gate.open();
      await closing;
    }
    // All ends when what is begun ends.
    for (let step = 0; asked.some(({ end }) => end === ''); step++) {
      expect(step).toBeLessThan(2000);
      await settle();
      const gate = house.works[0] ?? house.loads[0] ?? house.frees[0];
      await (gate === undefined ? house.clock.skip() : gate.open());
      check();
    }
    const possible = ['done', 'left', 'unreadable', ...(gone === undefined ? [] : [`${gone} is closed`, `${gone} was closed at work`])];
    for (const { end } of asked) expect(possible).toContain(end);
    while (house.works.length > 0) await house.works[0]!.open(); // Of texts that are computed to their ends.
    for (const model of Object.values(made)) expect(model.status!()).toMatchObject({ running: 0, waiting: 0 });
    const closing = Promise.all(Object.values(made).map((model) => model.close()));
    await settle();
    while (house.loads.length + house.frees.length > 0) await (house.loads[0] ?? house.frees[0])!.open();
    await closing;
    expect([house.residency.used, house.present.size, await house.clock.skip()]).toEqual([0, 0, false]);
  });
});
