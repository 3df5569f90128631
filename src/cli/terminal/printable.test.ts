import fc from 'fast-check';
import { expect, test } from 'vitest';

import { printable } from './printable.ts';

test('escape sequences become visible', () => {
  expect(printable('a\u001b[2Jb\u0007\r\u007f\u009b')).toBe('a␛[2Jb␇␍␡\ufffd');
});

test('nothing that moves a terminal comes through, and nothing else changes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = printable(text);
      // By code, as an independent reading of ECMA-48: C0 but tab and newline, DEL, C1.
      const codes = [...shown].map((character) => character.codePointAt(0) ?? 0);
      expect(codes.filter((code) => (code < 0x20 && code !== 9 && code !== 10) || (code >= 0x7f && code <= 0x9f))).toEqual([]);
      expect(shown.length).toBe(text.length);
    }),
  );
});
