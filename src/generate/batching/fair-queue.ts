/**
 * Who is served next: the highest priority, then the client that had least so far, then the one of its requests that had least, then who
 * came first.
 *
 * Decided: start-time fair queueing (Goyal et al. 1996) by tokens, of clients and within each of its requests, so that one request for
 * many texts does not hold up the short one behind it. Whoever was away does not save up: it begins at the share of the least served of
 * those that are there.
 */

/** What waits. */
export interface Queued {
  /** Whose it is. */
  readonly client: string;
  /** Which of the client's requests it is of. */
  readonly request: string;
  /** Larger goes first. */
  readonly priority: number;
}

/** See {@link createFairQueue}. */
export interface FairQueue<T extends Queued> {
  readonly size: number;
  push(item: T): void;
  /** Puts back what was served in part: it goes before all others of its request and priority. */
  putBack(item: T): void;
  remove(item: T): boolean;
  /** The items in the order in which they would be served now. */
  inOrder(): readonly T[];
  /** Counts tokens that were computed for an item's client and request. */
  charge(item: T, tokens: number): void;
  /** Forgets what an item's client and request had, where neither what waits nor `others` is of them. */
  forget(item: T, others: readonly T[]): void;
}

/** An empty queue. */
export function createFairQueue<T extends Queued>(): FairQueue<T> {
  let items: T[] = [];
  /** Tokens of each client, and of each of its requests. */
  const clients = new Map<string, { tokens: number; readonly requests: Map<string, number> }>();
  const enter = ({ client, request }: T): void => {
    let known = clients.get(client);
    if (known === undefined) {
      known = { tokens: least(Array.from(clients.values(), ({ tokens }) => tokens)), requests: new Map() };
      clients.set(client, known);
    }
    if (!known.requests.has(request)) known.requests.set(request, least([...known.requests.values()]));
  };
  const clientShare = ({ client }: T): number => clients.get(client)?.tokens ?? 0;
  const requestShare = ({ client, request }: T): number => clients.get(client)?.requests.get(request) ?? 0;
  return {
    get size() {
      return items.length;
    },
    push(item) {
      enter(item);
      items.push(item);
    },
    putBack(item) {
      enter(item);
      items.unshift(item);
    },
    remove(item) {
      const before = items.length;
      items = items.filter((other) => other !== item);
      return items.length < before;
    },
    // Sorting keeps the order of arrival between equals.
    inOrder: () =>
      items.toSorted((a, b) => b.priority - a.priority || clientShare(a) - clientShare(b) || requestShare(a) - requestShare(b)),
    charge(item, tokens) {
      const known = clients.get(item.client);
      if (known === undefined) return;
      known.tokens += tokens;
      known.requests.set(item.request, requestShare(item) + tokens);
    },
    forget({ client, request }, others) {
      const left = [...items, ...others].filter((other) => other.client === client);
      if (left.length === 0) clients.delete(client);
      else if (!left.some((other) => other.request === request)) clients.get(client)?.requests.delete(request);
    },
  };
}

function least(shares: readonly number[]): number {
  return shares.length === 0 ? 0 : Math.min(...shares);
}
