/**
 * `POST /tokenize` and `POST /detokenize`, in vLLM's form (`prompt` or `messages`; https://docs.vllm.ai) and in llama.cpp's (`content`;
 * https://github.com/ggml-org/llama.cpp/tree/master/tools/server).
 *
 * Decided: without a word of it vLLM's form adds the tokenizer's special tokens, as completions do, and llama.cpp's does not.
 */

import type { FastifyInstance } from 'fastify';

import { readDetokenizeBody, readTokenizeBody } from '../bodies/text-body.ts';
import { chatTokens } from '../prompt.ts';
import { refuse } from '../request-error.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { tokenPieces, tokenTexts } from '../token-text.ts';

/** Adds the routes. */
export function tokenizeRoutes(app: FastifyInstance, serving: Serving): void {
  app.post('/tokenize', async (request) => {
    const body = readTokenizeBody(request.body);
    const model = modelFor(serving, body.model);
    const given = [body.prompt, body.content, body.messages].filter((value) => value !== undefined);
    if (given.length !== 1) {
      throw refuse('WEFT_SERVE_PARAMETER', {
        rule: 'one of prompt, messages and content must be given',
        value: given.length === 0 ? 'none is' : `${given.length} are`,
        remedy: 'Give one of them.',
        param: 'prompt',
      });
    }
    const { tokenizer } = model;
    const special = body.add_special_tokens ?? body.add_special ?? body.prompt !== undefined;
    const ids = [
      ...(body.messages === undefined
        ? tokenizer.encode(body.prompt ?? body.content ?? '', { addSpecialTokens: special })
        : await chatTokens(model, body.messages)),
    ];
    if (body.content !== undefined) {
      if (body.with_pieces !== true) return { tokens: ids };
      // llama.cpp gives the bytes of what is no text by itself.
      const pieces = tokenPieces(tokenizer, ids);
      return { tokens: pieces.map((piece, index) => ({ id: ids[index], piece: typeof piece === 'string' ? piece : [...piece] })) };
    }
    return {
      count: ids.length,
      max_model_len: Number.isFinite(model.contextLength) ? model.contextLength : null,
      tokens: ids,
      token_strs: body.return_token_strs === true ? tokenTexts(tokenizer, ids) : null,
    };
  });

  app.post('/detokenize', async (request) => {
    const { model: name, tokens } = readDetokenizeBody(request.body);
    const { tokenizer } = modelFor(serving, name);
    const wrong = tokens.find((id) => id >= tokenizer.vocabSize);
    if (wrong !== undefined) {
      throw refuse('WEFT_SERVE_PROMPT_TOKEN', {
        rule: `the vocabulary has ${tokenizer.vocabSize} tokens`,
        value: `token id ${wrong}`,
        remedy: 'Send tokens of this model.',
        param: 'tokens',
      });
    }
    const text = tokenizer.decode(tokens);
    return { prompt: text, content: text };
  });
}
