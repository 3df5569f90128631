/** A conversation with a model: by its chat template where it has one, else as one text that both continue. */

import { checkOptions } from '../core/index.ts';
import { chatTokens } from '../generate/index.ts';
import type { ChatMessage, GeneratedToken, SamplingOptions, TextModel } from '../generate/index.ts';

/** A conversation that goes on. */
export interface Conversation {
  /** True when the model was trained to converse; else it continues the text so far. */
  readonly chats: boolean;
  /** Says something; the answer comes token by token. An answer that is broken off stays in the conversation as far as it came. */
  say(text: string, options?: SamplingOptions): AsyncGenerator<GeneratedToken>;
  /** Forgets what was said. */
  reset(): void;
}

/**
 * Begins a conversation with `model`.
 *
 * @param model - a model that is open.
 * @param options - `system`: what the model is told first; default nothing.
 * @returns the conversation; the model stays the caller's to close.
 * @throws when the conversation no longer fits into the context of a model with a template, as `generate` does. A model
 *   without one sees the end of the text that fits into half its context.
 */
export function converse(model: TextModel, options: { readonly system?: string } = {}): Conversation {
  checkOptions('converse', options, ['system']);
  const { system } = options;
  const chats = model.chatTemplate !== undefined;
  const opening: readonly ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
  const preface = system === undefined ? '' : `${system}\n`;
  let turns = opening;
  let text = preface;
  return {
    chats,
    async *say(said, sampling) {
      turns = [...turns, { role: 'user', content: said }];
      text += said;
      let answer = '';
      try {
        for await (const token of model.generate(chats ? chatTokens(model, turns) : lastTokens(model, text), sampling)) {
          answer += token.text;
          yield token;
        }
      } finally {
        turns = [...turns, { role: 'assistant', content: answer }];
        text += answer;
      }
    },
    reset() {
      turns = opening;
      text = preface;
    },
  };
}

function lastTokens({ tokenizer, contextLength }: TextModel, text: string): Uint32Array {
  const ids = tokenizer.encode(text);
  return ids.subarray(Math.max(0, ids.length - Math.floor(contextLength / 2)));
}
