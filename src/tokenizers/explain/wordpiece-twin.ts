/** WordPiece's encoding: from the left, the longest token that fits (Devlin et al. 2018; google-research/bert `tokenization.py`). */

/** One place of a word. */
export interface Match {
  readonly rest: string;
  /** The longest first. */
  readonly tried: readonly string[];
  readonly found: string | null;
}

/** The tokens of a word, place by place; it ends at a place where none fits, and the word is then unknown as a whole. */
export function matchLongest(word: string, has: (token: string) => boolean, prefix: string): Match[] {
  const characters = [...word];
  const matches: Match[] = [];
  for (let start = 0; start < characters.length;) {
    const tried: string[] = [];
    let end = characters.length;
    for (; end > start; end--) {
      const token = (start > 0 ? prefix : '') + characters.slice(start, end).join('');
      tried.push(token);
      if (has(token)) break;
    }
    const found = end > start ? (tried.at(-1) ?? null) : null;
    matches.push({ rest: characters.slice(start).join(''), tried, found });
    if (found === null) return matches;
    start = end;
  }
  return matches;
}
