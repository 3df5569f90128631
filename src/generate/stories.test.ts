import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadLlama2c, loadLlama2cTokenizer } from '../formats/index.ts';
import { createTextModel } from './create-text-model.ts';

const folder = join(import.meta.dirname, '../../../shared/data/models/stories260K');
const missing = !existsSync(folder);
if (missing) console.log(`skipped: ${folder} is missing`);

describe.skipIf(missing)('a model that was trained elsewhere (stories260K of llama2.c)', () => {
  it('tells its story', async () => {
    const { model, weights } = await loadLlama2c(join(folder, 'stories260K.bin'));
    const tokenizer = await loadLlama2cTokenizer(join(folder, 'tok512.bin'));
    const textModel = await createTextModel({ model, weights, tokenizer, startToken: 1, endTokens: [1, 2] }, { threads: 1 });
    expect(textModel.parameters).toBe(260_032);
    let text = '';
    const ids = [1];
    let total = 0;
    for await (const token of textModel.generate('', { temperature: 0, maxTokens: 200 })) {
      text += token.text;
      total += token.logProbability;
      ids.push(token.id);
    }
    // What llama2.c's run prints with -t 0; after its README.
    expect(text.trim()).toMatch(/^Once upon a time, there was a little girl named Lily\. She loved to play outside in the park\./);
    const scores = await textModel.score(Uint32Array.from(ids));
    expect(scores.subarray(1).reduce((sum, p) => sum + p, 0)).toBeCloseTo(total, 2);
    await textModel.close();
  });

  it('goes on from a text that its tokenizer reads', async () => {
    const { model, weights } = await loadLlama2c(join(folder, 'stories260K.bin'));
    const tokenizer = await loadLlama2cTokenizer(join(folder, 'tok512.bin'));
    const start = 'One day, Tim went to the zoo.';
    const ids = tokenizer.encode(start);
    expect(tokenizer.decode(ids)).toBe(start);
    expect(ids.length).toBeLessThan(start.length * 0.6);
    const textModel = await createTextModel({ model, weights, tokenizer, startToken: 1, endTokens: [1, 2] }, { threads: 1 });
    let text = '';
    for await (const token of textModel.generate(start, { temperature: 0, maxTokens: 40 })) text += token.text;
    expect(text).toMatch(/Tim|He|saw/);
    await textModel.close();
  });
});
