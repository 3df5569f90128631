/** A conversation with a model: by its chat template where it has one, else as one text that both continue. */

import type { GeneratedToken, SamplingOptions, TextModel } from '../generate/index.ts';

/** A conversation that goes on. */
export interface Conversation {
  /** True when the model was trained to converse; else it continues the text so far. */
  readonly chats: boolean;
  /** Says something; the answer comes token by token. An answer that is broken off stays in the conversation as far as it came. */
  say(text: string, options?: SamplingOptions): AsyncGenerator<GeneratedToken>;
  /** Forgets what was said. */
  reset(): void;
}

/** One turn of a conversation. */
interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Lays out turns as the token ids of a prompt. */
export type LayOut = (model: TextModel, turns: readonly Turn[]) => Uint32Array;

/**
 * Begins a conversation with `model`.
 *
 * @param model - a model that is open.
 * @param options - `system`: what the model is told first; `layOut`: how turns become a prompt, for models with a template.
 */
export function converse(model: TextModel, { system, layOut }: { readonly system?: string; readonly layOut: LayOut }): Conversation {
  const chats = model.chatTemplate !== undefined;
  const opening: readonly Turn[] = system === undefined ? [] : [{ role: 'system', content: system }];
  let turns: readonly Turn[] = opening;
  let text = system === undefined ? '' : `${system}\n`;
  return {
    chats,
    async *say(said, options) {
      turns = [...turns, { role: 'user', content: said }];
      text += said;
      let answer = '';
      try {
        for await (const token of model.generate(chats ? layOut(model, turns) : lastTokens(model, text), options)) {
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
      text = system === undefined ? '' : `${system}\n`;
    },
  };
}

/** The end of the text that fits into half the context, so that there is room for an answer. */
function lastTokens(model: TextModel, text: string): Uint32Array {
  const ids = model.tokenizer.encode(text);
  return ids.subarray(Math.max(0, ids.length - Math.floor(model.contextLength / 2)));
}
