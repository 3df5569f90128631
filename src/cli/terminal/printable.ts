/**
 * Text for a terminal. A model may write any bytes, escape sequences among them, which would move the cursor, change
 * the title or worse; here they become visible signs (Unicode's control pictures, U+2400).
 */

/** `text` with every control character but newline and tab made visible. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}
