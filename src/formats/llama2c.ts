/**
 * llama2.c's model and tokenizer files. Source: karpathy/llama2.c, `run.c` and `export.py` (version 0): a header of seven int32, then
 * float32 weights, layer after layer within each kind. Queries and keys pair neighbours where ours pair halves. The tokenizer is a
 * SentencePiece BPE model: its longest piece, then score, length and bytes of each, with spaces for `▁`.
 */

import { readFile, stat } from 'node:fs/promises';

import { FormatError, WeftError, elementCount, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { llama } from '../models/index.ts';
import type { LlamaModel } from '../models/index.ts';
import { sentencePieceFromModel } from '../tokenizers/index.ts';
import type { SentencePiece, Tokenizer } from '../tokenizers/index.ts';

/** Largest file that is read, in bytes: the format was made for models of some hundred million parameters. */
const MAX_BYTES = 2 ** 33;
const HEADER_BYTES = 28;

/**
 * Loads a model of llama2.c.
 *
 * @param path - a `.bin` file of version 0.
 * @returns definition and weights by our names.
 * @throws FormatError `WEFT_FORMAT_LLAMA2C` when the file is missing, or not as long as its header says.
 *
 * @example
 * ```ts
 * import { loadLlama2c } from 'weft/formats';
 *
 * const error = await loadLlama2c('nowhere.bin').catch((error: unknown) => error);
 * console.log((error as { code: string }).code); // WEFT_FORMAT_LLAMA2C
 * ```
 */
export async function loadLlama2c(
  path: string,
): Promise<{ readonly model: LlamaModel; readonly weights: Map<string, HostTensor<'float32'>> }> {
  const bytes = await readAll(path);
  if (bytes.length < HEADER_BYTES) throw wrong(path, 'a header of seven numbers comes first', `${bytes.length} bytes`);
  const header = Array.from({ length: 7 }, (_, index) => bytes.readInt32LE(4 * index));
  const [width, hidden, layers, heads, kvHeads, vocabulary, contextLength] = header as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const vocabSize = Math.abs(vocabulary);
  const sizes = { layers, heads, kvHeads, width, hidden, contextLength, vocabSize };
  // Before a definition is built of them: no more numbers than the file has.
  for (const [name, size] of Object.entries(sizes))
    if (size < 1 || size > bytes.length / 4)
      throw wrong(path, `its ${name} must be at least 1, and less than the file holds`, String(size));
  let model: LlamaModel;
  try {
    model = llama({ ...sizes, tiedHead: vocabulary > 0 });
  } catch (error) {
    throw error instanceof WeftError ? wrong(path, 'its sizes do not fit each other', error.message) : error;
  }
  const { headWidth } = model.config;
  const kinds: readonly (readonly [name: string, shape: readonly number[]])[] = [
    ['attentionNorm', [width]],
    ['attention.query', [width, width]],
    ['attention.key', [kvHeads * headWidth, width]],
    ['attention.value', [kvHeads * headWidth, width]],
    ['attention.output', [width, width]],
    ['feedForwardNorm', [width]],
    ['feedForward.gate', [hidden, width]],
    ['feedForward.down', [width, hidden]],
    ['feedForward.up', [hidden, width]],
  ];
  const order: readonly (readonly [name: string | undefined, shape: readonly number[]])[] = [
    ['tokens.weight', [vocabSize, width]],
    ...kinds.flatMap(([name, shape]) => Array.from({ length: layers }, (_, layer) => [`blocks.${layer}.${name}.weight`, shape] as const)),
    ['norm.weight', [width]],
    [undefined, [2, contextLength, headWidth / 2]], // Angles, which are computed here.
    ...(vocabulary < 0 ? [['head.weight', [vocabSize, width]] as const] : []),
  ];
  const expected = HEADER_BYTES + 4 * order.reduce((sum, [, shape]) => sum + elementCount(shape), 0);
  if (expected !== bytes.length) throw wrong(path, `its header announces ${expected} bytes`, `${bytes.length}`);
  const weights = new Map<string, HostTensor<'float32'>>();
  let position = HEADER_BYTES;
  for (const [name, shape] of order) {
    const end = position + 4 * elementCount(shape);
    if (name !== undefined) {
      const tensor = hostTensor(
        'float32',
        shape,
        new Float32Array(bytes.buffer.slice(bytes.byteOffset + position, bytes.byteOffset + end)),
      );
      weights.set(name, /(?:query|key)\.weight$/.test(name) ? pairHalves(tensor, headWidth) : tensor);
    }
    position = end;
  }
  return { model, weights: new Map(model.parameters.map(({ name }) => [name, weights.get(name) as HostTensor<'float32'>])) };
}

/**
 * Loads a tokenizer of llama2.c: token 1 begins a text and 2 ends it.
 *
 * @param path - a `.bin` file such as `tokenizer.bin` or `tok512.bin`.
 * @throws FormatError `WEFT_FORMAT_LLAMA2C` when the file is missing or damaged, `WEFT_TOKENIZER_FORMAT` when its pieces are no model.
 */
export async function loadLlama2cTokenizer(path: string): Promise<Tokenizer> {
  const bytes = await readAll(path);
  const pieces: SentencePiece[] = [];
  for (let position = 4; position < bytes.length;) {
    const length = position + 8 <= bytes.length ? bytes.readInt32LE(position + 4) : -1;
    if (length < 0 || position + 8 + length > bytes.length)
      throw wrong(path, 'each piece has a score, a length and as many bytes', `piece ${pieces.length}`);
    const text = bytes.toString('utf8', position + 8, position + 8 + length);
    pieces.push(pieceOf(text, pieces.length, bytes.readFloatLE(position)));
    position += 8 + length;
  }
  if (pieces.length < 3) throw wrong(path, 'it has at least the pieces of the unknown, the beginning and the end', `${pieces.length}`);
  const trainer = { modelType: 'bpe', byteFallback: true, vocabSize: pieces.length, unkId: 0, bosId: 1, eosId: 2 } as const;
  return sentencePieceFromModel({ pieces, trainer, normalizer: { name: 'identity', removeExtraWhitespaces: false } }, path);
}

function pieceOf(text: string, id: number, score: number): SentencePiece {
  if (id === 0) return { piece: text, type: 'unknown' };
  if (id < 3) return { piece: text.trim(), type: 'control' };
  return /^<0x[0-9A-F]{2}>$/.test(text) ? { piece: text, type: 'byte' } : { piece: text.replaceAll(' ', '▁'), score };
}

/** Rows of each head from 0, 1, 2, 3 … to 0, 2, …, 1, 3, …. */
function pairHalves({ shape, data }: HostTensor<'float32'>, headWidth: number): HostTensor<'float32'> {
  const [rows = 0, width = 0] = shape;
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const [head, place] = [Math.floor(row / headWidth), row % headWidth];
    const from = head * headWidth + (place < headWidth / 2 ? 2 * place : 2 * (place - headWidth / 2) + 1);
    turned.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return hostTensor('float32', shape, turned);
}

async function readAll(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw wrong(path, `it may have at most ${MAX_BYTES} bytes`, `${size} bytes`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw wrong(path, 'the file cannot be opened', (error as NodeJS.ErrnoException).code ?? (error as Error).message);
  }
}

function wrong(path: string, rule: string, value: string): FormatError {
  return new FormatError({
    code: 'WEFT_FORMAT_LLAMA2C',
    action: `read ${path}`,
    rule,
    value: value.slice(0, 200),
    remedy: 'Give a .bin file of llama2.c, version 0, as its export.py writes it, or copy it again.',
  });
}
