/** What a calibration is, and how it makes an estimate better. */

import { FormatError } from '../../core/index.ts';
import type { TokenEstimate } from '../../cost/index.ts';

/** The encoding that estimates multiply. */
export const BASE = 'o200k_base';

/** What was measured of one language. */
export interface CalibratedLanguage {
  /** ISO 639-1, `code` for programs, `und` where it could not be told. */
  readonly language: string;
  readonly words: number;
  readonly characters: number;
  /** Tokens by encoding or model. */
  readonly tokens: Readonly<Record<string, number>>;
}

/** Tokens per word on somebody's own text; a file that `weft tokens --calibration` reads. */
export interface Calibration {
  readonly kind: 'weft-calibration';
  readonly madeAt: string;
  readonly files: readonly string[];
  readonly base: string;
  /** The one with most words first. */
  readonly languages: readonly CalibratedLanguage[];
}

/** A factor from fewer tokens says little. */
const LEAST_TOKENS = 1000;

/** The estimate for `model` that a calibration gives; undefined where it has not measured that model. */
export function calibratedEstimate({ languages, base, madeAt, files }: Calibration, model: string): TokenEstimate | undefined {
  const measured = languages.flatMap(({ language, tokens }) => {
    const [own, other] = [valueOf(tokens, model), valueOf(tokens, base)];
    return own === undefined || other === undefined || other === 0 ? [] : [{ language, own, other }];
  });
  if (measured.length === 0 || model === base) return undefined;
  const total = measured.reduce((sum, { own }) => sum + own, 0) / measured.reduce((sum, { other }) => sum + other, 0);
  const known = measured
    .filter(({ other }) => other >= LEAST_TOKENS)
    .map(({ language, own, other }): [string, number] => [language, own / other]);
  return {
    like: base,
    factors: Object.fromEntries([...known, ['default', total]]),
    source: `measured with --calibrate on ${files.join(', ')}, ${madeAt.slice(0, 10)}`,
  };
}

function valueOf(tokens: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(tokens, name) ? tokens[name] : undefined;
}

/** Checks a parsed calibration. @throws FormatError `WEFT_COST_CALIBRATION` */
export function readCalibration(json: unknown, path: string): Calibration {
  const file = json as Partial<Calibration> | null;
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const fits =
    typeof file === 'object' &&
    file?.kind === 'weft-calibration' &&
    typeof file.base === 'string' &&
    typeof file.madeAt === 'string' &&
    Array.isArray(file.files) &&
    Array.isArray(file.languages) &&
    file.languages.length <= 1000 &&
    (file.languages as readonly (Partial<CalibratedLanguage> | null)[]).every(
      (part) =>
        typeof part?.language === 'string' &&
        isCount(part.words) &&
        typeof part.tokens === 'object' &&
        part.tokens !== null &&
        Object.values(part.tokens).every(isCount),
    );
  if (fits) return file as Calibration;
  throw new FormatError({
    code: 'WEFT_COST_CALIBRATION',
    action: `read the calibration ${path}`,
    rule: 'it is no file that weft tokens --calibrate --out wrote',
    value: JSON.stringify(json).slice(0, 80),
    remedy: 'Make it again.',
  });
}
