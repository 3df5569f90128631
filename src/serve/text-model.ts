/** What the server needs of a language model: the interface of `weft/generate`, so that any model that keeps it can be served. */

/** The parts of a tokenizer that serving uses. */
export interface Tokenizer {
  readonly type: 'bpe' | 'characters';
  readonly vocabSize: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly endOfText: number | undefined;
  encode(text: string, options?: { readonly specialTokens?: 'text' | 'allow' }): Uint32Array;
  decode(ids: ArrayLike<number>): string;
  tokenBytes(id: number): Uint8Array;
}

export interface SamplingOptions {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly alternatives?: number;
  readonly signal?: AbortSignal;
}

export interface GeneratedToken {
  readonly id: number;
  readonly text: string;
  readonly logProbability: number;
  readonly alternatives: readonly { readonly id: number; readonly text: string; readonly logProbability: number }[];
  readonly finishReason?: 'stop' | 'length';
}

export interface TextModel {
  readonly name: string;
  readonly contextLength: number;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: string | undefined;
  readonly card: object | undefined;
  readonly parameters: number;
  generate(prompt: string | Uint32Array, options?: SamplingOptions): AsyncGenerator<GeneratedToken>;
  score(ids: Uint32Array): Promise<Float32Array>;
  close(): Promise<void>;
}
