/**
 * Who is served next: the highest priority, then the client that had least so far, then who came first.
 *
 * Decided: start-time fair queueing (Goyal et al. 1996) by tokens. A client that was away does not save up: it begins at the share of
 * the least served of those that are there.
 */

/** What waits. */
export interface Queued {
  /** Whose it is. */
  readonly client: string;
  /** Larger goes first. */
  readonly priority: number;
}

/** See {@link createFairQueue}. */
export interface FairQueue<T extends Queued> {
  readonly size: number;
  push(item: T): void;
  /** Puts back what was served in part: it goes before all others of its client and priority. */
  putBack(item: T): void;
  remove(item: T): boolean;
  /** The items in the order in which they would be served now. */
  inOrder(): readonly T[];
  /** Counts tokens that were computed for a client. */
  charge(client: string, tokens: number): void;
  /** Forgets a client that has nothing waiting and, as the caller knows, nothing running. */
  forget(client: string): void;
}

/** An empty queue. */
export function createFairQueue<T extends Queued>(): FairQueue<T> {
  let items: T[] = [];
  const served = new Map<string, number>();
  const shareOf = (client: string): number => served.get(client) ?? 0;
  const enter = (client: string): void => {
    if (!served.has(client)) served.set(client, served.size === 0 ? 0 : Math.min(...served.values()));
  };
  return {
    get size() {
      return items.length;
    },
    push(item) {
      enter(item.client);
      items.push(item);
    },
    putBack(item) {
      enter(item.client);
      items.unshift(item);
    },
    remove(item) {
      const before = items.length;
      items = items.filter((other) => other !== item);
      return items.length < before;
    },
    // Sorting keeps the order of arrival between equals.
    inOrder: () => items.toSorted((a, b) => b.priority - a.priority || shareOf(a.client) - shareOf(b.client)),
    charge(client, tokens) {
      served.set(client, shareOf(client) + tokens);
    },
    forget(client) {
      if (!items.some((item) => item.client === client)) served.delete(client);
    },
  };
}
