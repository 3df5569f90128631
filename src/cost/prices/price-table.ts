/** What tokens cost, as plain data: hosted models by the million tokens, self-hosted ones by the hour. Dollars of the United States. */

/** How tokens are counted where the tokenizer is not at hand. */
export type TokenEstimate =
  | {
      /** The encoding whose count is multiplied. */
      readonly like: string;
      /** Factors by language (ISO 639-1, `code` for programs); `default` is for all others. */
      readonly factors: Readonly<Record<string, number>>;
      /** Who measured the factors, of what, when. */
      readonly source: string;
    }
  | { readonly charactersPerToken: number; readonly source: string };

interface Common {
  /** The name by which `weft tokens --models` knows it. */
  readonly model: string;
  /** A built-in encoding, such as `o200k_base`, or how tokens are estimated. */
  readonly tokenizer: string | TokenEstimate;
  /** Year and month in which the price was true: `2025-08`. */
  readonly asOf: string;
  /** Where it was read. */
  readonly source: string;
}

/** A model that is paid by the token. */
export interface HostedPrice extends Common {
  readonly provider: string;
  /** Dollars for a million tokens read. */
  readonly input: number;
  /** Dollars for a million tokens written. */
  readonly output: number;
}

/** A model on a machine of one's own, or a rented one. All numbers are assumptions about that machine. */
export interface SelfHostedPrice extends Common {
  readonly hardware: string;
  readonly dollarsPerHour: number;
  /** Tokens that the machine reads in a second, over all requests that run at once. */
  readonly inputTokensPerSecond: number;
  /** Tokens that it writes in a second, over all requests that run at once. */
  readonly outputTokensPerSecond: number;
  /** Share of the hours in which it can be kept that busy, above 0 to 1. */
  readonly utilisation: number;
}

/** All prices. */
export interface PriceTable {
  readonly hosted: readonly HostedPrice[];
  readonly selfHosted: readonly SelfHostedPrice[];
}
