/** A progress bar of one line. */

import type { Style } from './style.ts';

/** A bar of `width` cells, `share` of them filled; `share` is held to 0 … 1. */
export function bar(share: number, width: number, style: Style): string {
  const held = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  const filled = Math.round(held * width);
  const rest = width - filled;
  // Without colours the two parts need different signs.
  return style.colorful ? style.accent('━'.repeat(filled)) + style.dim('━'.repeat(rest)) : '━'.repeat(filled) + '─'.repeat(rest);
}
