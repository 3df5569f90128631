/** A small model that is no model: it goes through a fixed text, with made-up but consistent probabilities. For tests of the server and the page. */

import { createRandom, hash32 } from '../core/index.ts';
import type { GeneratedToken, GenerationOptions, TextModel } from '../generate/index.ts';
import { type Tokenizer, createTokenizer } from '../tokenizers/index.ts';

const TEXT = `/**
 * Reads a file as a stream of lines — and never holds more than one of them.
 */
export function readLines(path: string, options?: ReadOptions): AsyncIterable<string>;

/** Options of readLines. Größe in Bytes, 文字 in UTF-8. */
export interface ReadOptions {
  readonly encoding?: BufferEncoding;
  readonly signal?: AbortSignal | undefined;
}
`;

const END = '<|endoftext|>';

/** Bytes and the words of the fixed text; the longest piece wins. */
export function fakeTokenizer(): Tokenizer {
  const words = [...new Set(TEXT.match(/ ?[A-Za-z]+|\n +|[^\x00-\x7f]|[^A-Za-z\s]/gu) ?? [])].filter((word) =>
    /^[\x00-\x7f]{2,}$/.test(word),
  );
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const pieces = [...bytes, ...words.map((word) => new TextEncoder().encode(word)), new TextEncoder().encode(END)];
  const wordIds = new Map(words.map((word, index) => [word, 256 + index]));
  const longest = Math.max(...words.map((word) => word.length));
  const endOfText = pieces.length - 1;
  const encodePlain = (text: string): number[] => {
    const ids: number[] = [];
    for (let at = 0; at < text.length;) {
      let length = Math.min(longest, text.length - at);
      while (length > 1 && !wordIds.has(text.slice(at, at + length))) length--;
      const word = wordIds.get(text.slice(at, at + length));
      if (word !== undefined) ids.push(word);
      else {
        const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
        length = character.length;
        ids.push(...new TextEncoder().encode(character));
      }
      at += length;
    }
    return ids;
  };
  return createTokenizer({
    type: 'bpe',
    size: pieces.length,
    specialTokens: new Map([[END, endOfText]]),
    token: (id) => new TextDecoder().decode(pieces[id]),
    encode(text, special) {
      if (!special) return Uint32Array.from(encodePlain(text));
      return Uint32Array.from(
        text.split(END).flatMap((part, index) => (index === 0 ? encodePlain(part) : [endOfText, ...encodePlain(part)])),
      );
    },
    align: () => ({ ids: new Uint32Array(), starts: new Uint32Array(), ends: new Uint32Array() }),
    decode: (ids) =>
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(Array.from(ids, (id) => pieces[id] ?? new Uint8Array()))),
    tokenBytes: (id) => pieces[id] ?? new Uint8Array(),
    createDecoder() {
      let decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      return {
        push: (id) => decoder.decode(pieces[id], { stream: true }),
        end() {
          const rest = decoder.decode();
          decoder = new TextDecoder('utf-8', { ignoreBOM: true });
          return rest;
        },
      };
    },
    toJSON() {
      throw new Error('The fake has no file.');
    },
  });
}

/** How the fake behaves. */
export interface FakeOptions {
  readonly name?: string;
  readonly contextLength?: number;
  readonly chatTemplate?: string;
  readonly card?: NonNullable<TextModel['card']>;
  readonly parameters?: number;
  /** Default one that is a fake, too, and has no file. */
  readonly tokenizer?: Tokenizer;
  /** Opens its reader of attention; default none. */
  readonly openAttention?: NonNullable<TextModel['openAttention']>;
  /** Generations that run at once; more wait. Default 1. */
  readonly slots?: number;
  /** Called before each token; what it waits for holds the generation up. */
  readonly beforeToken?: (index: number) => Promise<void> | void;
}

/** A deterministic {@link TextModel}; `log` tells what was done with it. */
export interface FakeModel extends TextModel {
  readonly log: { prompts: Uint32Array[]; options: GenerationOptions[]; finished: number; aborted: number; closed: number };
}

/** Makes one. Same prompt and seed, same tokens; temperature 0 walks the text straight on. */
export function fakeModel(options: FakeOptions = {}): FakeModel {
  const {
    name = 'fake',
    contextLength = 256,
    chatTemplate,
    card,
    parameters = 1_234_567,
    slots = 1,
    beforeToken,
    openAttention,
    tokenizer = fakeTokenizer(),
  } = options;
  const path = tokenizer.encode(TEXT);
  const log: FakeModel['log'] = { prompts: [], options: [], finished: 0, aborted: 0, closed: 0 };

  /** The distribution behind a position of the text: the text's own token first, then some others. */
  const distribution = (position: number): { id: number; logProbability: number }[] => {
    const own = path[position % path.length] ?? 0;
    const random = createRandom(hash32(`${position % path.length}`));
    const ids = new Set([own]);
    while (ids.size < 24) ids.add(path[random.integer(path.length)] ?? 0);
    const sharpness = 0.5 + 4 * random.uniform();
    const weights = [...ids].map((_, rank) => Math.exp(-sharpness * Math.sqrt(rank)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return [...ids].map((id, rank) => ({ id, logProbability: Math.log((weights[rank] ?? 0) / total) }));
  };

  let running = 0;
  const waiting: (() => void)[] = [];
  /** Waits for a slot; false when the generation is aborted before. */
  const enter = async (signal: AbortSignal | undefined): Promise<boolean> => {
    if (running < slots) return (running++, true);
    return new Promise((resolve) => {
      const go = (): void => (running++, resolve(true));
      waiting.push(go);
      signal?.addEventListener('abort', () => {
        if (!waiting.includes(go)) return;
        waiting.splice(waiting.indexOf(go), 1);
        resolve(false);
      });
    });
  };

  return {
    name,
    contextLength,
    status: () => ({
      running,
      waiting: waiting.length,
      slots,
      blocksUsed: running,
      blocks: slots,
      blockTokens: contextLength,
      prefixQueries: 0,
      prefixHits: 0,
      preemptions: 0,
      drafted: 0,
      accepted: 0,
    }),
    tokenizer,
    chatTemplate,
    card,
    parameters,
    log,
    ...(openAttention === undefined ? {} : { openAttention }),
    encode: (text) => (text === '' ? Uint32Array.of(tokenizer.endOfText ?? 0) : tokenizer.encode(text)),
    async *generate(prompt, sampling = {}): AsyncGenerator<GeneratedToken> {
      const ids = typeof prompt === 'string' ? tokenizer.encode(prompt) : prompt;
      const { temperature = 1, seed = 0, maxTokens = 16, alternatives = 0, stop = [], signal } = sampling;
      if (!(await enter(signal))) throw signal?.reason;
      sampling.onStart?.();
      log.prompts.push(ids);
      log.options.push(sampling);
      const random = createRandom(seed, 'fake');
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      let position = ids.length === 0 ? 0 : hash32(ids.join(' ')) % path.length;
      if (temperature === 0) position = 0;
      let text = '';
      try {
        for (let index = 0; index < maxTokens; index++) {
          await beforeToken?.(index);
          if (signal?.aborted === true) {
            log.aborted++;
            throw signal.reason;
          }
          const candidates = distribution(position++);
          let chosen = 0;
          if (temperature > 0) {
            let left = random.uniform();
            while (chosen < candidates.length - 1 && (left -= Math.exp(candidates[chosen]?.logProbability ?? 0)) > 0) chosen++;
          }
          const { id, logProbability } = candidates[chosen] ?? { id: 0, logProbability: 0 };
          const last = index === maxTokens - 1;
          let piece = decoder.decode(tokenizer.tokenBytes(id), { stream: !last });
          text += piece;
          const stopAt = Math.min(...stop.map((word) => text.indexOf(word)).filter((place) => place >= 0));
          if (Number.isFinite(stopAt)) piece = piece.slice(0, Math.max(0, piece.length - (text.length - stopAt)));
          yield {
            id,
            text: piece,
            logProbability,
            alternatives: candidates.slice(0, alternatives).map((other) => ({ ...other, text: tokenizer.decode([other.id]) })),
            ...(Number.isFinite(stopAt) ? { finishReason: 'stop' as const } : last ? { finishReason: 'length' as const } : {}),
          };
          if (Number.isFinite(stopAt)) return;
        }
      } finally {
        log.finished++;
        running--;
        waiting.shift()?.();
      }
    },
    score: async (ids) =>
      Float32Array.from(ids, (id, index) => (index === 0 ? NaN : -1 - (hash32(`${ids[index - 1]} ${id}`) % 1000) / 250)),
    close: async () => {
      log.closed++;
    },
  };
}
