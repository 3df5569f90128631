/** Reads a `prices.json`, which is not trusted, and lays it over the prices that are built in. */

import { FormatError } from '../../core/index.ts';
import type { HostedPrice, PriceTable, SelfHostedPrice, TokenEstimate } from './price-table.ts';
import { PRICES } from './prices.ts';

const MOST_MODELS = 1000;
const LONGEST_TEXT = 1000;

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown, name: string) => void;

/**
 * The prices of a parsed `prices.json`, laid over others. An entry changes what it names of the entry with the same model; a model
 * that is new has all fields.
 *
 * @param json - `{ "hosted": [ … ], "selfHosted": [ … ] }`, both optional; the fields are those of `HostedPrice` and `SelfHostedPrice`
 * @param options - `origin`, what errors call the file; `base`, the prices below, default {@link PRICES}
 * @throws FormatError `WEFT_COST_PRICES` for what is no price
 *
 * @example
 * ```ts
 * import { readPriceTable } from 'weft/cost';
 *
 * const prices = readPriceTable({ hosted: [{ model: 'gpt-4o', input: 2, asOf: '2026-01', source: 'our contract' }] });
 * const found = prices.hosted.find(({ model }) => model === 'gpt-4o');
 * console.log(found?.input, found?.output, found?.source); // 2 10 our contract
 * ```
 */
export function readPriceTable(json: unknown, options: { readonly origin?: string; readonly base?: PriceTable } = {}): PriceTable {
  const { origin = 'prices.json', base = PRICES } = options;
  const check = createChecks(origin);
  const root = check.object(json, 'the file');
  check.known(root, ['$schema', 'hosted', 'selfHosted'], 'the file');
  const common = { model: check.text, tokenizer: check.tokenizer, asOf: check.month, source: check.text };
  const hosted = layOver(base.hosted, check.list(root['hosted'], 'hosted'), {
    check,
    name: 'hosted',
    fields: { ...common, provider: check.text, input: check.amount, output: check.amount },
  });
  const selfHosted = layOver(base.selfHosted, check.list(root['selfHosted'], 'selfHosted'), {
    check,
    name: 'selfHosted',
    fields: {
      ...common,
      hardware: check.text,
      dollarsPerHour: check.amount,
      inputTokensPerSecond: check.positive,
      outputTokensPerSecond: check.positive,
      utilisation: check.share,
    },
  });
  const both = hosted.find(({ model }) => selfHosted.some((other) => other.model === model));
  check.demand(both === undefined, 'hosted and selfHosted have different models', both?.model);
  return { hosted, selfHosted };
}

interface Layer {
  readonly check: Checks;
  readonly name: string;
  readonly fields: Readonly<Record<string, Check>>;
}

function layOver<T extends HostedPrice | SelfHostedPrice>(
  base: readonly T[],
  list: readonly unknown[],
  { check, name, fields }: Layer,
): T[] {
  const entries = new Map(base.map((entry) => [entry.model, entry]));
  const seen = new Set<string>();
  for (const [index, value] of list.entries()) {
    const place = `${name}[${index}]`;
    const entry = check.object(value, place);
    check.known(entry, Object.keys(fields), place);
    check.text(entry['model'], `${place}.model`);
    const model = entry['model'] as string;
    check.demand(!seen.has(model), `${name} has every model once`, model);
    seen.add(model);
    // A price that is changed is no longer the one that was read there and then.
    const changed = { asOf: 'unknown', source: 'prices.json' };
    const merged: Fields = { ...entries.get(model), ...(entries.has(model) ? changed : {}), ...entry };
    for (const [field, checkField] of Object.entries(fields)) {
      if (field === 'asOf' && merged[field] === 'unknown') continue;
      checkField(merged[field], `${place}.${field}`);
    }
    entries.set(model, merged as unknown as T);
  }
  return [...entries.values()];
}

interface Checks {
  object(value: unknown, name: string): Fields;
  list(value: unknown, name: string): readonly unknown[];
  known(entry: Fields, names: readonly string[], place: string): void;
  demand(holds: boolean, rule: string, value: unknown): void;
  readonly text: Check;
  readonly month: Check;
  readonly amount: Check;
  readonly positive: Check;
  readonly share: Check;
  readonly tokenizer: Check;
}

function createChecks(origin: string): Checks {
  const demand = (holds: boolean, rule: string, value: unknown): void => {
    if (holds) return;
    throw new FormatError({
      code: 'WEFT_COST_PRICES',
      action: `read the prices of ${origin}`,
      rule,
      value: value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 100),
      remedy: 'Correct it; docs/tokens-and-prices.md has the fields and an example.',
    });
  };
  const object = (value: unknown, name: string): Fields => {
    demand(typeof value === 'object' && value !== null && !Array.isArray(value), `${name} is an object`, value);
    return value as Fields;
  };
  const number = (value: unknown, fits: (value: number) => boolean): boolean =>
    typeof value === 'number' && Number.isFinite(value) && fits(value);
  const text: Check = (value, name) =>
    demand(typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT, `${name} is a text`, value);
  const positive: Check = (value, name) =>
    demand(
      number(value, (amount) => amount > 0),
      `${name} is a number above 0`,
      value,
    );
  return {
    demand,
    object,
    text,
    positive,
    list(value, name) {
      const list: unknown = value ?? [];
      demand(Array.isArray(list) && list.length <= MOST_MODELS, `${name} is a list of ${MOST_MODELS} entries or fewer`, value);
      return list as readonly unknown[];
    },
    known(entry, names, place) {
      const unknown = Object.keys(entry).find((key) => !names.includes(key));
      demand(unknown === undefined, `${place} has only the fields ${names.join(', ')}`, unknown);
    },
    month: (value, name) =>
      demand(typeof value === 'string' && /^\d{4}-(?:0[1-9]|1[0-2])$/.test(value), `${name} is a year and a month such as 2026-01`, value),
    amount: (value, name) =>
      demand(
        number(value, (amount) => amount >= 0),
        `${name} is a number of dollars from 0`,
        value,
      ),
    share: (value, name) =>
      demand(
        number(value, (share) => share > 0 && share <= 1),
        `${name} is a share above 0 and up to 1`,
        value,
      ),
    tokenizer(value, name) {
      if (typeof value === 'string') return text(value, name);
      const estimate = object(value, name);
      text(estimate['source'], `${name}.source`);
      if (estimate['charactersPerToken'] !== undefined) return positive(estimate['charactersPerToken'], `${name}.charactersPerToken`);
      text(estimate['like'], `${name}.like`);
      const factors = object(estimate['factors'], `${name}.factors`);
      for (const [language, factor] of Object.entries(factors)) positive(factor, `${name}.factors.${language}`);
      demand(Object.hasOwn(factors, 'default'), `${name}.factors has a default`, factors);
    },
  };
}

/** Whether an estimate counts by another encoding. */
export function isFactored(estimate: TokenEstimate): estimate is Extract<TokenEstimate, { readonly like: string }> {
  return 'like' in estimate;
}
