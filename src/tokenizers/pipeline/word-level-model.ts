/** Every piece is a token. Source: huggingface/tokenizers 0.23, `models/wordlevel/mod.rs`. */

import { type Model, byteLength, unknownPiece } from './model.ts';

/** The model. */
export function createWordLevelModel(vocabulary: ReadonlyMap<string, number>, unknown: string): Model {
  const unknownId = vocabulary.get(unknown);
  const idOf = (piece: string): number => {
    const id = vocabulary.get(piece) ?? unknownId;
    if (id === undefined) throw unknownPiece(piece);
    return id;
  };
  return {
    type: 'words',
    vocabulary,
    size: vocabulary.size,
    encode: (piece) => [idOf(piece)],
    align: (piece) => [{ id: idOf(piece), start: 0, end: byteLength(piece), text: vocabulary.has(piece) ? piece : unknown }],
  };
}
