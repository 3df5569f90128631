/** Every piece is a token. Source: huggingface/tokenizers 0.23, `models/wordlevel/mod.rs`. */

import { type Model, byteLength, unknownPiece, withoutReserved } from './model.ts';

/** The model; text never becomes one of the `reserved` tokens. */
export function createWordLevelModel(vocabulary: ReadonlyMap<string, number>, unknown: string, reserved: ReadonlySet<string>): Model {
  const words = withoutReserved(vocabulary, reserved);
  const unknownId = vocabulary.get(unknown);
  const idOf = (piece: string): number => {
    const id = words.get(piece) ?? unknownId;
    if (id === undefined) throw unknownPiece(piece);
    return id;
  };
  return {
    type: 'words',
    vocabulary,
    size: vocabulary.size,
    encode: (piece) => [idOf(piece)],
    align: (piece) => [{ id: idOf(piece), start: 0, end: byteLength(piece), text: words.has(piece) ? piece : unknown }],
  };
}
