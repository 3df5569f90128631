/** Cutting where the script changes. Source: huggingface/tokenizers 0.23, `pre_tokenizers/unicode_scripts/`. */

import { codePointAt, readRanges, unitsOf } from './code-points.ts';
import type { Cutter } from './cutting.ts';
import { SCRIPTS } from './scripts-table.ts';

let table: Uint8Array | undefined;

/** A change of script cuts; spaces and what belongs to any script stay with what is before them. What comes before the first script goes. */
export const cutScripts: Cutter = (text, pieces) => {
  const scripts = scriptTable();
  let start = -1;
  let last = 0;
  for (let at = 0; at < text.length;) {
    const code = codePointAt(text, at);
    const script = scripts[code] as number;
    if (script !== 0 && script !== last) {
      if (start >= 0) pieces.push(start, at);
      start = at;
      last = script;
    }
    at += unitsOf(code);
  }
  if (start >= 0) pieces.push(start, text.length);
};

/** Script by code point, numbered in no particular order; 0 is any. */
export function scriptTable(): Uint8Array {
  return (table ??= readTable());
}

function readTable(): Uint8Array {
  const scripts = new Uint8Array(0x11_0000);
  SCRIPTS.forEach((ranges, index) => {
    for (const [first, end] of readRanges(ranges)) scripts.fill(index + 1, first, end + 1);
  });
  return scripts;
}
