/** WordPiece's encoding: from the left, the longest token that fits (Devlin et al. 2018; google-research/bert `tokenization.py`). */

/** One place of a word. */
export interface Match {
  readonly rest: string;
  /** The longest first, sixteen at most, and at last what was found. */
  readonly tried: readonly string[];
  /** How many were tried. */
  readonly attempts: number;
  readonly found: string | null;
}

/** Characters of a word at most; a longer one is unknown (`max_input_chars_per_word` of BERT). */
export const LONGEST_WORD = 100;

const TRIED = 16;

/** The tokens of a word, place by place; it ends at a place where none fits, and the word is then unknown as a whole. */
export function matchLongest(word: string, has: (token: string) => boolean, prefix: string): Match[] {
  const characters = [...word];
  const matches: Match[] = [];
  for (let start = 0; start < characters.length;) {
    const tried: string[] = [];
    let found: string | null = null;
    let end = characters.length;
    for (; end > start; end--) {
      const token = (start > 0 ? prefix : '') + characters.slice(start, end).join('');
      if (has(token)) found = token;
      if (tried.length < TRIED || found !== null) tried.push(token);
      if (found !== null) break;
    }
    const attempts = characters.length - end + (found === null ? 0 : 1);
    matches.push({ rest: characters.slice(start).join(''), tried, attempts, found });
    if (found === null) return matches;
    start = end;
  }
  return matches;
}
