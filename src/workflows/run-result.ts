/** What a training workflow came to: the object that `--json` prints. */

/** Result of a run of training. */
export interface RunResult {
  /** Numbers in the model's weights. */
  readonly parameters: number;
  readonly vocabSize: number;
  readonly steps: number;
  readonly tokensSeen: number;
  /** Mean over the training. */
  readonly tokensPerSecond: number;
  /** Mean loss of the last steps, nats a token. */
  readonly trainLoss: number;
  readonly heldOut: { readonly loss: number; readonly perplexity: number; readonly bitsPerByte: number };
  /** Bits per byte of the same held-out text by methods to compare with; empty when they were not measured. */
  readonly baselines: Readonly<Record<string, number>>;
  /** The model folder. */
  readonly model: string;
  /** Wall time of the whole workflow. */
  readonly seconds: number;
}
