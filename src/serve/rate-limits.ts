/**
 * How much each key may ask for: requests and tokens a minute, as buckets that fill up again evenly.
 *
 * Decided: own code, as the budgets differ by key and change while the server runs, and tokens are charged behind the
 * answer. A request is let in while there are tokens left, and may take more than are left; the key then waits until the
 * bucket is above zero again. So a key gets its rate on average, and a full bucket as a burst.
 */

/** A key's name and what it may ask for. */
export interface RateLimit {
  readonly name: string;
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
}

/** What is left of a key's limits, and whether the request is let in. */
export interface RateAnswer {
  /** Which limit stands against the request; undefined when it is let in. */
  readonly refused?: 'requests' | 'tokens';
  /** Seconds until the next would be let in. */
  readonly retryAfter: number;
  /** Requests left; undefined without a limit. */
  readonly requests?: number;
  /** Tokens left. */
  readonly tokens?: number;
}

/** See {@link createRateLimits}. With several processes the buckets are in one of them, so it answers later. */
export interface RateLimits {
  /** One request wants to be let in. */
  take(limit: RateLimit): RateAnswer | Promise<RateAnswer>;
  /** A request took so many tokens. */
  charge(limit: RateLimit, tokens: number): void;
}

/** So many in a minute; `level` is what is left at `at` seconds. */
interface Bucket {
  level: number;
  at: number;
  size: number;
}

/** What sums of fractions may be off by. */
const SLACK = 1e-6;

/** Buckets for every key by name; `now` is in seconds and never goes back. */
export function createRateLimits(now: () => number): RateLimits {
  const buckets = new Map<string, Bucket>();
  /** The bucket filled up to this moment; a limit that was changed keeps what is used up. */
  const bucket = (kind: string, name: string, size: number | undefined): Bucket | undefined => {
    if (size === undefined) return undefined;
    const key = `${kind} ${name}`;
    const found = buckets.get(key) ?? { level: size, at: now(), size };
    buckets.set(key, found);
    const at = now();
    found.level = Math.min(size, found.level + (size - found.size) + ((at - found.at) * size) / 60);
    found.at = at;
    found.size = size;
    return found;
  };
  const waitFor = (found: Bucket, level: number): number => Math.max(1, Math.ceil(((level - found.level) * 60) / found.size - SLACK));
  return {
    take({ name, requestsPerMinute, tokensPerMinute }) {
      const requests = bucket('requests', name, requestsPerMinute);
      const tokens = bucket('tokens', name, tokensPerMinute);
      const left = (): Omit<RateAnswer, 'refused' | 'retryAfter'> => ({
        ...(requests === undefined ? {} : { requests: Math.max(0, Math.floor(requests.level + SLACK)) }),
        ...(tokens === undefined ? {} : { tokens: Math.max(0, Math.floor(tokens.level + SLACK)) }),
      });
      if (requests !== undefined && requests.level < 1 - SLACK) return { refused: 'requests', retryAfter: waitFor(requests, 1), ...left() };
      if (tokens !== undefined && tokens.level < 1 - SLACK) return { refused: 'tokens', retryAfter: waitFor(tokens, 1), ...left() };
      if (requests !== undefined) requests.level--;
      return { retryAfter: 0, ...left() };
    },
    charge({ name, tokensPerMinute }, amount) {
      const tokens = bucket('tokens', name, tokensPerMinute);
      if (tokens !== undefined) tokens.level -= Math.max(0, amount);
    },
  };
}
