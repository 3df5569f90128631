/**
 * Prices that are built in.
 *
 * They were written down from what was known in the month that each carries, without a look at the page that is named, and they
 * change: `prices.json` overrides them. Left out is what depends on the request: cached input, batches, long contexts, free quotas.
 *
 * Tokenizers: OpenAI's models by tiktoken's `model.py`. Claude's and Gemini's are not public. The factors for Claude are those that
 * VentureBeat reported in May 2025 for Claude 3.5 Sonnet beside GPT-4o (English articles 16% more tokens, Python 30%); four characters
 * a token is what Google's documentation says of Gemini and English. Those of Llama and Mistral are public but not built in.
 *
 * The machines are assumptions: a price of renting as several providers had it in 2025, and throughput of the order that vLLM's
 * benchmarks show with many requests at once, rounded down. Measure your own.
 */

import type { HostedPrice, PriceTable, SelfHostedPrice, TokenEstimate } from './price-table.ts';

const CLAUDE: TokenEstimate = {
  like: 'o200k_base',
  factors: { default: 1.16, code: 1.3 },
  source: 'VentureBeat, May 2025, Claude 3.5 Sonnet beside GPT-4o: English 1.16, Python 1.30; other languages are taken for English',
};
const GEMINI: TokenEstimate = {
  charactersPerToken: 4,
  source: "Google's documentation: about 4 characters a token, in English",
};
const PUBLIC: TokenEstimate = {
  like: 'o200k_base',
  factors: { default: 1 },
  source: 'no factor is known here; its tokenizer is public: give NAME=path/to/tokenizer.json for the exact count',
};

const OPENAI = { provider: 'OpenAI', tokenizer: 'o200k_base', source: 'https://openai.com/api/pricing' } as const;
const ANTHROPIC = { provider: 'Anthropic', tokenizer: CLAUDE, source: 'https://www.anthropic.com/pricing' } as const;
const GOOGLE = { provider: 'Google', tokenizer: GEMINI, source: 'https://ai.google.dev/gemini-api/docs/pricing' } as const;
const MISTRAL = { provider: 'Mistral', tokenizer: PUBLIC, source: 'https://mistral.ai/pricing' } as const;
const GROQ = { provider: 'Groq', tokenizer: PUBLIC, source: 'https://groq.com/pricing' } as const;

const HOSTED: readonly HostedPrice[] = [
  { model: 'gpt-5', ...OPENAI, input: 1.25, output: 10, asOf: '2025-08' },
  { model: 'gpt-5-mini', ...OPENAI, input: 0.25, output: 2, asOf: '2025-08' },
  { model: 'gpt-4.1', ...OPENAI, input: 2, output: 8, asOf: '2025-06' },
  { model: 'gpt-4.1-mini', ...OPENAI, input: 0.4, output: 1.6, asOf: '2025-06' },
  { model: 'gpt-4o', ...OPENAI, input: 2.5, output: 10, asOf: '2025-06' },
  { model: 'gpt-4o-mini', ...OPENAI, input: 0.15, output: 0.6, asOf: '2025-06' },
  { model: 'o3', ...OPENAI, input: 2, output: 8, asOf: '2025-06' },
  { model: 'gpt-4-turbo', ...OPENAI, tokenizer: 'cl100k_base', input: 10, output: 30, asOf: '2025-06' },
  { model: 'claude-opus-4.1', ...ANTHROPIC, input: 15, output: 75, asOf: '2025-08' },
  { model: 'claude-sonnet-4', ...ANTHROPIC, input: 3, output: 15, asOf: '2025-08' },
  { model: 'claude-3.5-haiku', ...ANTHROPIC, input: 0.8, output: 4, asOf: '2025-08' },
  { model: 'gemini-2.5-pro', ...GOOGLE, input: 1.25, output: 10, asOf: '2025-07' },
  { model: 'gemini-2.5-flash', ...GOOGLE, input: 0.3, output: 2.5, asOf: '2025-07' },
  { model: 'mistral-medium-3', ...MISTRAL, input: 0.4, output: 2, asOf: '2025-05' },
  { model: 'llama-3.3-70b', ...GROQ, input: 0.59, output: 0.79, asOf: '2025-06' },
  { model: 'llama-3.1-8b', ...GROQ, input: 0.05, output: 0.08, asOf: '2025-06' },
];

const ASSUMED = { tokenizer: PUBLIC, utilisation: 0.5, asOf: '2025-06', source: 'An assumption, not an offer' } as const;

const SELF_HOSTED: readonly SelfHostedPrice[] = [
  {
    model: 'own-llama-3.1-8b',
    ...ASSUMED,
    hardware: '1 H100 80 GB',
    dollarsPerHour: 2.5,
    inputTokensPerSecond: 20_000,
    outputTokensPerSecond: 2500,
  },
  {
    model: 'own-llama-3.3-70b',
    ...ASSUMED,
    hardware: '4 H100 80 GB',
    dollarsPerHour: 10,
    inputTokensPerSecond: 8000,
    outputTokensPerSecond: 1500,
  },
];

/**
 * The prices that are built in, each with its month and its source. They change: see {@link readPriceTable} for one's own.
 *
 * @example
 * ```ts
 * import { PRICES } from 'weft/cost';
 *
 * console.log(PRICES.hosted.every(({ asOf, source }) => /^\d{4}-\d{2}$/.test(asOf) && source !== '')); // true
 * ```
 */
export const PRICES: PriceTable = { hosted: HOSTED, selfHosted: SELF_HOSTED };
