/**
 * GPT-2's alphabet: every byte as a printable character, so that vocabularies of byte strings can be stored as text.
 *
 * Source: openai/gpt-2 `src/encoder.py`, `bytes_to_unicode`.
 */

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

const CHARACTERS: readonly string[] = (() => {
  let spare = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : spare++));
})();

const BYTES: ReadonlyMap<string, number> = new Map(CHARACTERS.map((character, byte) => [character, byte]));

/** All bytes in the order of their characters: the ids 0 to 255 of GPT-2, and of every vocabulary that is trained here. */
export const ALPHABET: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte).sort((a, b) =>
  (CHARACTERS[a] ?? '') < (CHARACTERS[b] ?? '') ? -1 : 1,
);

/** Bytes as text in GPT-2's alphabet. */
export function bytesToText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += CHARACTERS[byte] ?? '';
  return text;
}

/** The bytes of a text in GPT-2's alphabet; undefined when a character is not of that alphabet. */
export function textToBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const byte = BYTES.get(text[index] ?? '');
    if (byte === undefined) return undefined;
    bytes[index] = byte;
  }
  return bytes;
}
