/** What a text costs: tokens, estimated where they must be, times prices; and from which volume on one's own machine is cheaper. */

import type { HostedPrice, SelfHostedPrice, TokenEstimate } from './price-table.ts';
import { isFactored } from './read-price-table.ts';

/** What is known of a text's part in one language. */
export interface LanguageMeasure {
  /** ISO 639-1, `code` for programs, `und` where it cannot be told. */
  readonly language: string;
  /** Tokens in the encoding that the estimate multiplies. */
  readonly tokens: number;
  readonly characters: number;
}

/**
 * Tokens of a text under an estimate, to the nearest whole.
 *
 * @param parts - the text by language; `tokens` in the encoding that the estimate names
 *
 * @example
 * ```ts
 * import { estimateTokens } from 'weft/cost';
 *
 * const parts = [{ language: 'en', tokens: 100, characters: 450 }, { language: 'code', tokens: 10, characters: 30 }];
 * console.log(estimateTokens({ like: 'o200k_base', factors: { default: 1.2, code: 1.3 }, source: 'measured' }, parts)); // 133
 * console.log(estimateTokens({ charactersPerToken: 4, source: 'a rule of thumb' }, parts)); // 120
 * ```
 */
export function estimateTokens(estimate: TokenEstimate, parts: readonly LanguageMeasure[]): number {
  const tokens = parts.map(({ language, tokens: count, characters }) =>
    isFactored(estimate) ? count * factorFor(estimate.factors, language) : characters / estimate.charactersPerToken,
  );
  return Math.round(tokens.reduce((sum, count) => sum + count, 0));
}

function factorFor(factors: Readonly<Record<string, number>>, language: string): number {
  return (Object.hasOwn(factors, language) ? factors[language] : factors['default']) ?? 1;
}

/** One request: tokens read and tokens written. */
export interface TokenRequest {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Dollars for one request. */
export interface RequestPrice {
  readonly input: number;
  readonly output: number;
  readonly total: number;
}

/**
 * What a request costs at a hosted model.
 *
 * @example
 * ```ts
 * import { hostedPrice, PRICES } from 'weft/cost';
 *
 * const model = { ...PRICES.hosted[0]!, input: 2, output: 8 };
 * console.log(hostedPrice(model, { inputTokens: 500_000, outputTokens: 250_000 })); // { input: 1, output: 2, total: 3 }
 * ```
 */
export function hostedPrice(
  { input, output }: Pick<HostedPrice, 'input' | 'output'>,
  { inputTokens, outputTokens }: TokenRequest,
): RequestPrice {
  const [read, written] = [(inputTokens * input) / 1e6, (outputTokens * output) / 1e6];
  return { input: read, output: written, total: read + written };
}

/** Hours of a month: 365.25 days / 12. */
export const HOURS_PER_MONTH = 730.5;

/** What a machine of one's own costs and can do in a month. */
export interface MachineMonth {
  readonly dollars: number;
  /** Requests that it can answer. */
  readonly requests: number;
  /** Dollars for a request where it answers as many as it can, by what takes its time. */
  readonly perRequest: RequestPrice;
}

/**
 * What a machine costs in a month, whether it works or not, and how many such requests it can answer. A request takes the time of
 * reading its input and of writing its output; throughput is that of many requests at once.
 *
 * @example
 * ```ts
 * import { machineMonth, PRICES } from 'weft/cost';
 *
 * const machine = { dollarsPerHour: 2, inputTokensPerSecond: 1000, outputTokensPerSecond: 100, utilisation: 0.5 };
 * const { dollars, requests } = machineMonth(machine, { inputTokens: 1000, outputTokens: 100 });
 * console.log(dollars, requests); // 1461 657450
 * ```
 */
export function machineMonth(
  machine: Pick<SelfHostedPrice, 'dollarsPerHour' | 'inputTokensPerSecond' | 'outputTokensPerSecond' | 'utilisation'>,
  { inputTokens, outputTokens }: TokenRequest,
): MachineMonth {
  const { dollarsPerHour, inputTokensPerSecond, outputTokensPerSecond, utilisation } = machine;
  const dollars = dollarsPerHour * HOURS_PER_MONTH;
  const [reading, writing] = [inputTokens / inputTokensPerSecond, outputTokens / outputTokensPerSecond];
  const perSecond = dollarsPerHour / 3600 / utilisation;
  const requests = (HOURS_PER_MONTH * 3600 * utilisation) / (reading + writing);
  return {
    dollars,
    requests,
    perRequest: { input: reading * perSecond, output: writing * perSecond, total: (reading + writing) * perSecond },
  };
}

/**
 * The requests a month from which a machine of one's own is cheaper than paying for each; undefined where it never is, because even
 * fully used it costs more a request. Machines come whole: just above what one can do, a second one may take the gain away again.
 *
 * @param perRequest - dollars for a request at the hosted model
 *
 * @example
 * ```ts
 * import { breakEven } from 'weft/cost';
 *
 * const month = { dollars: 1000, requests: 50_000, perRequest: { input: 0.01, output: 0.01, total: 0.02 } };
 * console.log(breakEven(0.05, month), breakEven(0.01, month)); // 20000 undefined
 * ```
 */
export function breakEven(perRequest: number, month: MachineMonth): number | undefined {
  const requests = month.dollars / perRequest;
  return Number.isFinite(requests) && requests <= month.requests ? Math.ceil(requests) : undefined;
}
