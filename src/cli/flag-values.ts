/** Readers of flag values: text in, a checked value out, or a usage error that names flag, rule and value. */

import { UsageError } from '../core/index.ts';

/** What a number must be. */
export interface NumberRule {
  /** The smallest value that is allowed. */
  readonly min?: number;
  /** The largest value that is allowed. */
  readonly max?: number;
  /** The value must be above this one. */
  readonly above?: number;
  /** The value must be below this one. */
  readonly below?: number;
}

/** A reader of whole numbers. */
export function wholeNumber(flag: string, rule: NumberRule = {}): (text: string) => number {
  return reader(flag, 'a whole number', rule, (text) => {
    const value = /^[+-]?\d+(?:_\d+)*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN;
    return Number.isSafeInteger(value) ? value : Number.NaN;
  });
}

/** A reader of numbers. */
export function decimalNumber(flag: string, rule: NumberRule = {}): (text: string) => number {
  return reader(flag, 'a number', rule, (text) => (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN));
}

/** A reader of one of a few words. */
export function oneOf<T extends string>(flag: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw wrongValue(flag, text, `one of ${choices.join(', ')}`);
    return found;
  };
}

/** A reader of a flag that may be given several times. */
export function repeated(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

function reader(flag: string, kind: string, rule: NumberRule, parse: (text: string) => number): (text: string) => number {
  const wanted = `${kind}${ruleText(rule)}`;
  return (text) => {
    const value = parse(text.trim());
    const fits =
      Number.isFinite(value) &&
      value >= (rule.min ?? -Infinity) &&
      value <= (rule.max ?? Infinity) &&
      value > (rule.above ?? -Infinity) &&
      value < (rule.below ?? Infinity);
    if (!fits) throw wrongValue(flag, text, wanted);
    return value;
  };
}

function ruleText({ min, max, above, below }: NumberRule): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (above !== undefined && below !== undefined) return ` between ${above} and ${below}`;
  const low = above !== undefined ? `above ${above}` : min !== undefined ? `of at least ${min}` : undefined;
  const high = below !== undefined ? `below ${below}` : max !== undefined ? `of at most ${max}` : undefined;
  const words = [low, high].filter((word) => word !== undefined).join(' and ');
  return words === '' ? '' : ` ${words}`;
}

function wrongValue(flag: string, text: string, wanted: string): UsageError {
  return new UsageError({
    code: 'WEFT_FLAG_VALUE',
    action: `use ${flag}`,
    rule: `it takes ${wanted}`,
    value: text === '' ? 'nothing' : text,
    remedy: `Give ${flag} ${wanted}.`,
  });
}
