/** Bounds of reads from packed tokens. */

import { UsageError } from '../../core/index.ts';

/** Throws unless the tokens from `start` on, `length` of them, are all there. */
export function checkRange(start: number, length: number, tokens: number): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(length) && start >= 0 && length >= 0 && start + length <= tokens) return;
  throw new UsageError({
    code: 'WEFT_DATA_RANGE',
    action: 'read packed tokens',
    rule: `there are ${tokens}`,
    value: `${length} from ${start}`,
    remedy: 'Ask for tokens that are there.',
  });
}
