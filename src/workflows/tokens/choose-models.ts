/** The models whose tokens are counted: of the prices, of the built-in encodings, or by a tokenizer of one's own. */

import { UsageError, nearestTo } from '../../core/index.ts';
import type { HostedPrice, PriceTable, SelfHostedPrice, TokenEstimate } from '../../cost/index.ts';
import { loadEncoding, loadTokenizer } from '../../tokenizers/index.ts';
import type { EncodingName, Tokenizer } from '../../tokenizers/index.ts';
import { ENCODING_NAMES, encodingName } from '../encoding-name.ts';

/** A model, its price where it has one, and how its tokens are counted. */
export interface ChosenModel {
  readonly model: string;
  readonly hosted: HostedPrice | undefined;
  readonly selfHosted: SelfHostedPrice | undefined;
  readonly counts: TokenEstimate | Tokenizer;
}

/** Encodings by name, each loaded once. */
export interface EncodingShelf {
  get(name: string): Promise<Tokenizer>;
}

/** A shelf that is empty. */
export function createEncodingShelf(): EncodingShelf {
  const loaded = new Map<string, Promise<Tokenizer>>();
  return {
    get(name) {
      const found = loaded.get(name) ?? loadEncoding(name as EncodingName);
      loaded.set(name, found);
      return found;
    },
  };
}

/**
 * The models that are asked for, or all that have a price.
 *
 * @param asked - `name`, or `name=path/to/tokenizer.json`
 * @throws UsageError `WEFT_COST_MODEL` for a name that is unknown
 */
export async function chooseModels(
  asked: readonly string[] | undefined,
  { hosted, selfHosted }: PriceTable,
  shelf: EncodingShelf,
): Promise<readonly ChosenModel[]> {
  const priced = [...hosted, ...selfHosted].map(({ model }) => model);
  const chosen: ChosenModel[] = [];
  for (const item of asked ?? priced) {
    const [model = '', path] = splitOnce(item, '=');
    const prices = {
      model,
      hosted: hosted.find((price) => price.model === model),
      selfHosted: selfHosted.find((price) => price.model === model),
    };
    const price = prices.hosted ?? prices.selfHosted;
    const encoding = encodingName(model);
    if (chosen.some((other) => other.model === model)) throw modelError('it is named twice', item, 'Name every model once.');
    if (model === '' || path === '')
      throw modelError('it is a name, or a name and a path: NAME=path/to/tokenizer.json', item, 'Give both.');
    if (path !== undefined) chosen.push({ ...prices, counts: await loadTokenizer(path) });
    else if (price !== undefined) {
      chosen.push({ ...prices, counts: typeof price.tokenizer === 'string' ? await shelf.get(price.tokenizer) : price.tokenizer });
    } else if (encoding !== undefined) chosen.push({ ...prices, model: encoding, counts: await shelf.get(encoding) });
    else throw unknownModel(model, [...priced, ...ENCODING_NAMES, ...ENCODING_NAMES.map((name) => name.replace('_base', ''))]);
  }
  return chosen;
}

/** Whether tokens are counted by a tokenizer, and not estimated. */
export function isTokenizer(counts: ChosenModel['counts']): counts is Tokenizer {
  return 'encode' in counts;
}

function splitOnce(text: string, sign: string): readonly string[] {
  const at = text.indexOf(sign);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function unknownModel(model: string, known: readonly string[]): UsageError {
  const nearest = nearestTo(model, known);
  const own = 'for a tokenizer of your own give NAME=path/to/tokenizer.json.';
  return modelError(
    'it is neither in the prices nor an encoding',
    model,
    nearest === undefined
      ? `There are ${[...new Set(known)].filter((name) => !name.includes('_')).join(', ')}; ${own}`
      : `Did you mean ${nearest}? Otherwise ${own}`,
  );
}

function modelError(rule: string, value: string, remedy: string): UsageError {
  return new UsageError({ code: 'WEFT_COST_MODEL', action: 'count tokens for a model', rule, value, remedy });
}
