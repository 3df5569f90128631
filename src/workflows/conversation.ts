/** A conversation with a model: by its chat template where it has one, else as one text that both continue. */

import { checkOptions } from '../core/index.ts';
import type { GeneratedToken, SamplingOptions, TextModel } from '../generate/index.ts';
import { type ChatMessage, chatTokens } from '../tokenizers/index.ts';

/** A conversation that goes on. */
export interface Conversation {
  /** True when the model was trained to converse; else it continues the text so far. */
  readonly chats: boolean;
  /** How many exchanges the model no longer sees, as its context is too short for them. */
  readonly forgotten: number;
  /**
   * Says something; the answer comes token by token. An answer that is broken off stays in the conversation as far as it came;
   * one that could not begin leaves the conversation as it was.
   */
  say(text: string, options?: SamplingOptions): AsyncGenerator<GeneratedToken>;
  /** Forgets what was said. */
  reset(): void;
}

/**
 * Begins a conversation with `model`.
 *
 * @param model - a model that is open.
 * @param options - `system`: what the model is told first; default nothing.
 * @returns the conversation; the model stays the caller's to close. So that an answer has room, up to a quarter of the context, the
 *   oldest exchanges of a long chat are forgotten first, and a model without a template sees the end of the text alone. What is
 *   said at once must fit the context, else `say` throws as `generate` does.
 */
export function converse(model: TextModel, options: { readonly system?: string } = {}): Conversation {
  checkOptions('converse', options, ['system']);
  const { system } = options;
  const chats = model.chatTemplate !== undefined;
  const opening: readonly ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
  const preface = system === undefined ? '' : `${system}\n`;
  let exchanges: readonly (readonly ChatMessage[])[] = [];
  let text = preface;
  let forgotten = 0;
  /** The tokens that end with `question`, forgetting what leaves too little room for an answer. */
  const promptOf = async (question: ChatMessage, room: number): Promise<Uint32Array> => {
    if (!chats) return lastTokens(model, text + question.content);
    for (;;) {
      const ids = await chatTokens(model, [...opening, ...exchanges.flat(), question]);
      if (ids.length <= model.contextLength - room || exchanges.length === 0) return ids;
      exchanges = exchanges.slice(1);
      forgotten++;
    }
  };
  return {
    chats,
    get forgotten() {
      return forgotten;
    },
    async *say(said, sampling = {}) {
      const question: ChatMessage = { role: 'user', content: said };
      const ids = await promptOf(question, Math.min(sampling.maxTokens ?? Infinity, Math.floor(model.contextLength / 4)));
      let answer: string | undefined;
      try {
        for await (const token of model.generate(ids, { ...sampling, standalone: chats })) {
          answer = (answer ?? '') + token.text;
          yield token;
        }
      } finally {
        if (answer !== undefined) {
          if (chats) exchanges = [...exchanges, [question, { role: 'assistant', content: answer }]];
          else text += said + answer;
        }
      }
    },
    reset() {
      exchanges = [];
      text = preface;
      forgotten = 0;
    },
  };
}

function lastTokens(model: TextModel, text: string): Uint32Array {
  const ids = model.encode(text);
  return ids.subarray(Math.max(0, ids.length - Math.floor(model.contextLength / 2)));
}
