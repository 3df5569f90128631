/** The windows in which a text that may be longer than the context is scored. */

/** The windows in which a text is read: each scores its tokens from `scored` on, given those from `begin` on. */
export function scoringWindows(
  length: number,
  contextLength: number,
): readonly { readonly begin: number; readonly scored: number; readonly end: number }[] {
  const windows = [];
  const stride = Math.max(1, Math.floor(contextLength / 2));
  for (let begin = 0, scored = 1; scored < length; begin += stride) {
    const end = Math.min(length, begin + contextLength);
    windows.push({ begin, scored, end });
    scored = end;
  }
  return windows;
}
