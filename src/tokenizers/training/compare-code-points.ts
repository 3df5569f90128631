/** The order of texts by their code points, which is that of their UTF-8; JavaScript's own is by UTF-16. */

/** Negative when `a` comes first. */
export function compareCodePoints(a: string, b: string): number {
  for (let at = 0; ; at++) {
    const [x, y] = [a.codePointAt(at) ?? -1, b.codePointAt(at) ?? -1];
    if (x !== y || x < 0) return x - y;
  }
}
