/** A small real model behind the API: stories260K of llama2.c, as it is and with its matrices rounded. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadLlama2c, loadLlama2cTokenizer } from '../formats/index.ts';
import { createTextModel } from '../generate/index.ts';
import { createApp } from './app.ts';

const folder = join(import.meta.dirname, '../../../shared/data/models/stories260K');
const missing = !existsSync(folder);
if (missing) console.log(`skipped: ${folder} is missing`);

describe.skipIf(missing)('stories260K, served', () => {
  it('tells the story that llama2.c tells at temperature 0, eight times at once and with guesses, too', async () => {
    const { model, weights } = await loadLlama2c(join(folder, 'stories260K.bin'));
    const tokenizer = await loadLlama2cTokenizer(join(folder, 'tok512.bin'));
    const parts = { model, weights, tokenizer, startToken: 1, endTokens: [1, 2] };
    const textModel = await createTextModel({ ...parts, name: 'stories' }, { threads: 1 });
    for (const speculation of ['none', 'lookup'] as const) {
      const app = await createApp({ models: [textModel], graceSeconds: 0, speculation });
      const tell = async (): Promise<string> => {
        const payload = { prompt: [1], temperature: 0, max_tokens: 200 };
        const answer = await app.inject({ method: 'POST', url: '/v1/completions', payload });
        return answer.json<{ choices: { text: string }[] }>().choices[0]!.text;
      };
      const stories = await Promise.all(Array.from({ length: 8 }, tell));
      // What llama2.c's run prints with -t 0; after its README.
      expect(stories[0]).toMatch(/^Once upon a time, there was a little girl named Lily\. She loved to play outside in the park\./);
      expect(new Set(stories).size).toBe(1);
      await app.close();
    }
    // What goes on from a text keeps the space before it; a reply has none, and neither has what is to be of a form.
    const app = await createApp({ models: [textModel], graceSeconds: 0 });
    const complete = async (payload: object): Promise<string> => {
      const answer = await app.inject({ method: 'POST', url: '/v1/completions', payload: { temperature: 0, max_tokens: 6, ...payload } });
      return answer.json<{ choices: { text: string }[] }>().choices[0]!.text;
    };
    expect(await complete({ prompt: 'Once upon' })).toBe(' a time, there was a');
    expect(await complete({ prompt: 'Once upon', use_beam_search: true, n: 2 })).toMatch(/^ a time/);
    expect(await complete({ prompt: 'Once upon', echo: true })).toBe('Once upon a time, there was a');
    expect(await complete({ prompt: 'Once upon', echo: true, logprobs: 1 })).toBe('Once upon a time, there was a');
    expect(await complete({ prompt: 'Once upon', stop: ' a t' })).toBe('');
    expect(await complete({ prompt: 'Once upon', stop: ' a t', use_beam_search: true })).toBe('');
    expect(await complete({ prompt: 'Once upon', structured_outputs: { choice: ['a time', 'the sea'] } })).toBe('a time');
    await app.close();
    await textModel.close();
    const rounded = await createTextModel({ ...parts, name: 'rounded' }, { threads: 1, bits: 8 });
    let text = '';
    for await (const token of rounded.generate(Uint32Array.of(1), { temperature: 0, maxTokens: 12 })) text += token.text;
    expect(text).toMatch(/^Once upon a time, there was a/);
    await rounded.close();
  });
});
