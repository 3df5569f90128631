/**
 * A text with pieces of every kind, for the compiler: its loops over text are long and few, and what it has not seen when it optimises
 * one makes it start again in the middle of the first long text. It takes notes from a function's second or third call on.
 */

/** Times that {@link EVERY_KIND} is gone through before real text is. */
export const WARM_UPS = 4;

/** White space, words, contractions in either case, digits, signs, other scripts, long runs. */
export const EVERY_KIND: string =
  `The cat's "naïve" café, IT'S 2024—12,345 wonderfully incomprehensibilities! we're WE'VE they'll I'm he'd don't 'quoted' CamelCaseWord HTTPServer \n\n\t  x = ({a: 'b'}); // ok…\r\n  \r\n \n` +
  `it'ſ ſ a/b\n/ x'y 'x '\n Élan ÀÉ àÀ ǅ ʰ 中文字符，漢字 привет Мир ก็ที่ 한국어 ٣٤ 👩‍👩‍👧 e\u0301 \u0301x\u00A0\u2003\u2003y \u0085 ${'=-'.repeat(20)} ${'zxqv'.repeat(5)} end  `;

/** Texts that end with the first piece, in white space, in a word. */
export const SHORT_TEXTS: readonly string[] = ['', 'a', ' ', 'a b', 'a\n', '中', "it'"];
