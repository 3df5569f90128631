/**
 * What generates and scores for a text model: a batch engine where the model has a cache of keys and values, else runs in turns.
 *
 * Decided: a generation runs ahead of its reader by a few tokens, so that a loop that looks at each token does not hold the batch up,
 * and no further, so that one that leaves early has not paid for what it never saw.
 */

import { totalmem } from 'node:os';

import type { LanguageModel, SequenceModel, WindowModel } from '../models/index.ts';
import type { AdapterDefinition } from '../nn/index.ts';
import { createBatchEngine } from './batching/batch-engine.ts';
import type { BatchTicket, EngineStatus } from './batching/batch-engine.ts';
import { createBatchRunner } from './batching/batch-runner.ts';
import type { BatchRunner, Weights } from './batching/batch-runner.ts';
import { createDraftModel } from './batching/draft-model.ts';
import { createLookupDrafter } from './batching/lookup-drafter.ts';
import { BLOCK_TOKENS } from './batching/prefix-cache.ts';
import type { FinishedBeam } from './beams/beams.ts';
import { runBeams } from './beams/run-beams.ts';
import type { BeamRun } from './beams/run-beams.ts';
import type { TextBeam } from './beams/text-beams.ts';
import type { Speculation } from './generation-options.ts';
import { closedError } from './requirements.ts';
import { requireNumbers } from './sampling/probabilities.ts';
import { scoringWindows } from './scoring-windows.ts';
import type { GeneratedToken } from './text-model.ts';
import type { TokenWriter } from './token-writer.ts';
import { createWindowDecoder } from './window-decoder.ts';

/** Whose a generation is and how it is treated beside others. */
export interface Treatment {
  readonly client: string;
  readonly request: string;
  readonly priority: number;
  readonly namespace: string;
  readonly signal: AbortSignal | undefined;
  /** The number of the adapter; none without. */
  readonly adapter?: number | undefined;
  /** The work begins. */
  readonly started: () => void;
}

/** Is shown the log-probabilities of what stands in the place of a token. */
export type Look = (row: Float32Array, index: number) => void;

/** See {@link createBatchGenerator}. */
export interface TextGenerator {
  /** Most tokens of a sequence. */
  readonly contextLength: number;
  generate(
    prompt: Uint32Array,
    writer: TokenWriter,
    treatment: Treatment & { readonly speculation: Speculation },
  ): AsyncGenerator<GeneratedToken>;
  /** `ln p(ids[i] | ids[< i])`; the first is NaN. */
  score(ids: Uint32Array, treatment: Treatment, look?: Look): Promise<Float32Array>;
  /** The mean of the last layer's outputs of a text's tokens (C), where the model has a cache. */
  readonly embed?: (ids: Uint32Array, treatment: Treatment) => Promise<Float32Array>;
  /** Searches by beams, where the model has a cache. */
  readonly search?: TextSearch;
  readonly status?: () => EngineStatus;
  close(): Promise<void>;
}

/** Searches by beams. */
export interface TextSearch {
  /** Most hypotheses at once. */
  readonly most: number;
  /** Most tokens that prompt and text may have together, for so many hypotheses to be in memory at once. */
  longest(beams: number): number;
  run(
    prompt: Uint32Array,
    search: Pick<BeamRun<TextBeam>, 'beams' | 'likeliest'> & { readonly size: number },
    treatment: Treatment,
  ): Promise<readonly FinishedBeam<TextBeam>[]>;
}

/** How a model's sequences share a machine. */
export interface BatchOptions {
  /** Sequences that are computed at once. */
  readonly slots: number;
  /** Tokens whose keys and values are in memory at once, of all sequences and of what is kept of prompts. */
  readonly cacheTokens?: number | undefined;
  readonly threads?: number | undefined;
  /** What may be added to the model; their parameters are among the weights. */
  readonly adapters?: readonly AdapterDefinition[] | undefined;
  /** A small model of the same vocabulary that guesses. */
  readonly draft?: { readonly model: LanguageModel; readonly weights: Weights } | undefined;
}

/** Tokens that a generation may be ahead of its reader. */
const AHEAD = 16;

/** A generator on a batch engine. The weights are copied. */
export async function createBatchGenerator(model: LanguageModel, weights: Weights, options: BatchOptions): Promise<TextGenerator> {
  const { slots, threads } = options;
  const runner: BatchRunner = await createBatchRunner(model, weights, {
    slots,
    longest: model.contextLength,
    threads,
    adapters: options.adapters,
  });
  const cacheTokens = options.cacheTokens ?? Math.min(slots * model.contextLength, totalmem() / 4 / runner.arena.bytesPerToken);
  // A text and its next token: one block more than the text itself may need.
  const blocks = Math.max(2, Math.ceil(cacheTokens / BLOCK_TOKENS) + 1);
  const contextLength = Math.min(model.contextLength, Math.max(2, Math.ceil(cacheTokens)));
  const draft = options.draft === undefined ? undefined : await createDraftModel(options.draft.model, options.draft.weights, { slots });
  const engine = createBatchEngine(runner, { slots, blocks });
  let closing: Promise<void> | undefined;

  return {
    contextLength,
    async *generate(prompt, writer, { signal, speculation, ...treatment }) {
      const ready: GeneratedToken[] = [];
      let over: { readonly error?: unknown } | undefined;
      let wake: () => void = () => undefined;
      const ticket: BatchTicket = engine.submit({
        ...treatment,
        prompt,
        drafter:
          speculation === 'lookup'
            ? createLookupDrafter()
            : speculation === 'draft'
              ? draft?.createDrafter((scores, place) => writer.guess(scores, place - prompt.length))
              : undefined,
        next(scores) {
          const token = writer.write(scores);
          ready.push(token);
          wake();
          return token.finishReason === undefined ? token.id : undefined;
        },
        wants: () => ready.length < AHEAD,
        ended(error) {
          over ??= error === undefined ? {} : { error };
          wake();
        },
      });
      const abort = (): void => ticket.cancel(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      try {
        for (;;) {
          signal?.throwIfAborted();
          const token = ready.shift();
          if (token !== undefined) {
            if (ready.length === AHEAD - 1) ticket.wake();
            yield token;
            if (token.finishReason !== undefined) return;
          } else if (over !== undefined) {
            if ('error' in over) throw over.error;
            return;
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        signal?.removeEventListener('abort', abort);
        ticket.cancel(undefined);
      }
    },
    async score(ids, { signal, started, ...treatment }, look) {
      let begun = false;
      /** A long text is several tasks. */
      const startedOnce = (): void => {
        if (!begun) started();
        begun = true;
      };
      const logProbabilities = new Float32Array(ids.length).fill(NaN);
      for (const { begin, scored, end } of scoringWindows(ids.length, contextLength)) {
        signal?.throwIfAborted();
        // The last token's scores are of what follows it: it need not be read.
        await run(ids.subarray(begin, end - 1), signal, (prompt) => ({
          ...treatment,
          started: startedOnce,
          prompt,
          scoreFrom: scored - 1 - begin,
          visit(row, index) {
            requireNumbers(row);
            const target = begin + index + 1;
            logProbabilities[target] = row[ids[target] as number] as number;
            look?.(row, target);
          },
        }));
      }
      return logProbabilities;
    },
    async embed(ids, { signal, ...treatment }) {
      const sums: number[] = [];
      await run(ids, signal, (prompt) => ({
        ...treatment,
        prompt,
        hidden(rows, width) {
          for (let index = 0; index < rows.length; index++) {
            const column = index % width;
            sums[column] = (sums[column] ?? 0) + (rows[index] as number);
          }
        },
      }));
      return Float32Array.from(sums, (sum) => sum / ids.length);
    },
    search: {
      most: slots,
      longest: (beams) => Math.min(contextLength, Math.floor(blocks / beams) * BLOCK_TOKENS - 1),
      run: (prompt, search, treatment) => runBeams(engine, { ...search, ...treatment, prompt }),
    },
    status: engine.status,
    close() {
      closing ??= engine.close(closedError(model)).then(() => draft?.close());
      return closing;
    },
  };

  /** Submits a task that ends with its prompt, and waits for its end. */
  async function run(
    prompt: Uint32Array,
    signal: AbortSignal | undefined,
    task: (prompt: Uint32Array) => Omit<Parameters<typeof engine.submit>[0], 'wants' | 'ended'>,
  ): Promise<void> {
    let abort: () => void = () => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const ticket = engine.submit({
          ...task(prompt),
          wants: () => true,
          ended: (error) => (error === undefined ? resolve() : reject(error)),
        });
        abort = () => ticket.cancel(signal?.reason);
        signal?.addEventListener('abort', abort, { once: true });
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}

/** A generator for models without a cache. The weights are copied. */
export async function createWindowGenerator(
  model: SequenceModel | WindowModel,
  weights: Weights,
  options: Pick<BatchOptions, 'threads'>,
): Promise<TextGenerator> {
  const decoder = await createWindowDecoder(model, weights, options);
  return {
    // Without a cache a text may go on: what is too far back is forgotten.
    contextLength: Infinity,
    async *generate(prompt, writer, { signal, started }) {
      const sequence = decoder.startSequence();
      started();
      for (let scores = await sequence.read(prompt, signal); ;) {
        signal?.throwIfAborted();
        const token = writer.write(scores);
        yield token;
        if (token.finishReason !== undefined) return;
        signal?.throwIfAborted();
        scores = await sequence.step(token.id);
      }
    },
    async score(ids, { signal }, look) {
      const logProbabilities = new Float32Array(ids.length).fill(NaN);
      if (ids.length < 2) return logProbabilities;
      await decoder.startSequence().readEach(ids.subarray(0, -1), {
        from: 0,
        visit(row, index) {
          requireNumbers(row);
          logProbabilities[index + 1] = row[ids[index + 1] as number] as number;
          look?.(row, index + 1);
        },
        signal,
      });
      return logProbabilities;
    },
    close: decoder.close,
  };
}
