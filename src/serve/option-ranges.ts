/** The ranges of a server's options: told before anything begins, not when a timer overflows. */

import { UsageError } from '../core/index.ts';
import { LOG_LEVELS } from './request-log.ts';

/** The longest that any time may be, in seconds: a day, and well within a timer. */
const LONGEST = 86_400;

interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole?: true;
}

/** The ranges by option; the command line and the file of settings have the same. */
export const OPTION_RANGES: Readonly<Record<string, Range>> = {
  queue: { min: 0, max: 1_000_000, whole: true },
  bodyLimit: { min: 1, max: 1 << 30, whole: true },
  graceSeconds: { min: 0, max: LONGEST },
  requestSeconds: { min: 0.001, max: LONGEST },
  receiveSeconds: { min: 0.001, max: LONGEST },
  maxConnections: { min: 1, max: 1_000_000, whole: true },
  slots: { min: 1, max: 1024, whole: true },
  cacheTokens: { min: 2, max: 2 ** 40, whole: true },
  modelMemory: { min: 1, max: 2 ** 50 },
  workers: { min: 1, max: 256, whole: true },
};

/** @throws UsageError `WEFT_SERVE_OPTION` for an option that is out of its range */
export function checkServing(options: object): void {
  const given = options as Readonly<Record<string, unknown>>;
  for (const [name, { min, max, whole }] of Object.entries(OPTION_RANGES)) {
    const value = given[name];
    if (value === undefined) continue;
    const fits = typeof value === 'number' && value >= min && value <= max && (whole !== true || Number.isInteger(value));
    if (!fits) throw wrong(name, value, `${whole === true ? 'a whole number' : 'a number'} from ${min} to ${max}`);
  }
  const { logLevel, otelEndpoint, bits = 32, speculation = 'none' } = given;
  if (![32, 8, 4].some((one) => one === bits)) throw wrong('bits', bits, '32, 8 or 4');
  if (!['none', 'lookup', 'draft'].some((one) => one === speculation)) throw wrong('speculation', speculation, 'none, lookup or draft');
  if (otelEndpoint !== undefined && !(typeof otelEndpoint === 'string' && /^https?:\/\//.test(otelEndpoint) && URL.canParse(otelEndpoint)))
    throw wrong('otelEndpoint', otelEndpoint, 'an address of http or https');
  if (logLevel !== undefined && !LOG_LEVELS.some((level) => level === logLevel))
    throw wrong('logLevel', logLevel, `one of ${LOG_LEVELS.join(', ')}`);
}

function wrong(name: string, value: unknown, wanted: string): UsageError {
  return new UsageError({
    code: 'WEFT_SERVE_OPTION',
    action: 'serve',
    rule: `${name} is ${wanted}`,
    value: String(value),
    remedy: `Give ${name} ${wanted}, or leave it out.`,
  });
}
