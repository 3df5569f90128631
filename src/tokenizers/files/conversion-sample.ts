/** Texts on which two tokenizers are compared: what splitting, normalization and special tokens are sensitive to. */

/** The texts; lone surrogates are left to the tests. */
export const SAMPLE: readonly string[] = [
  '',
  ' ',
  'Hello, world!',
  '  The quick  brown\tfox\n\njumps   over 13 lazy dogs.\r\n ',
  "It's we'll THEY'RE I'D can't ’s 'ſ",
  '0 12 345 6789 1,234.56 ½ ² Ⅷ ٣٤ １２',
  'naïve café e\u0301 Straße İstanbul ﬁn Ångström',
  'привет мир שלום مرحبا नमस्ते สวัสดี 你好世界 こんにちは 한국어 안녕',
  '👩‍👩‍👧 🇫🇷 😀 ✅ 👍🏽',
  'function f(x) { return x?.y ?? [1, 2]; } // ok\n\tif (a != b) {}\n',
  '<s> </s> [CLS] [UNK] <|endoftext|> <|im_start|> <unk> <0x0A> ▁',
  '\u00a0\u2003\u3000\ufeff\u200b\u0085\u2028 a\u0000b\u007f',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa----------------========',
  'toLocaleString __proto__ constructor http://example.com/a_b-c?d=e#f user@example.org',
];
