import { describe, expect, test } from 'vitest';

import { trainTokenizer } from '../../tokenizers/index.ts';
import type { PageExplanation } from '../page-api.ts';
import { serving } from '../serving.fixture.ts';

describe('POST /api/explain', () => {
  test('explains the training and the encoding', async () => {
    const server = await serving();
    const answer = await server.post('/api/explain', { text: 'lowest', train: 'low lower lowest', type: 'bpe', merges: 3 });
    expect(answer.status).toBe(200);
    const { training, encoding } = answer.json() as unknown as PageExplanation;
    expect(training).toMatchObject({ type: 'bpe', steps: [{ merged: 'lo' }, { merged: 'low' }, { merged: 'lowe' }] });
    expect(encoding.tokens.map(({ token }) => token)).toEqual(['lowe', 's', 't']);
    await server.close();
  });

  test('explains the tokenizer of a served model', async () => {
    const tokenizer = await trainTokenizer(['export Größe export größer export'], { vocabSize: 280 });
    const server = await serving({ tokenizer });
    const answer = await server.post('/api/explain', { text: 'export Größe', model: 'fake' });
    const { training, encoding } = answer.json() as unknown as PageExplanation;
    expect(training).toBeNull();
    expect(encoding).toMatchObject({ agrees: true, ids: [...tokenizer.encode('export Größe')] });
    await server.close();
  });

  test.each([
    [{}, 400, 'WEFT_SERVE_PARAMETER'],
    [{ text: 'a', model: 'other' }, 404, 'model_not_found'],
    [{ text: 'a', model: 'fake', merges: 3 }, 400, 'WEFT_SERVE_PARAMETER'],
    [{ text: 'a', type: 'sentencepiece' }, 400, 'WEFT_SERVE_PARAMETER'],
    [{ text: 'a', colour: 'red' }, 400, 'WEFT_SERVE_PARAMETER_UNKNOWN'],
    [{ text: 'a'.repeat(1001) }, 400, 'WEFT_SERVE_PARAMETER'],
    [{ text: 'a', train: 'a'.repeat(2001) }, 400, 'WEFT_SERVE_PARAMETER'],
    [{ text: 'a', merges: 61 }, 400, 'WEFT_SERVE_PARAMETER'],
    [{ text: ' ' }, 400, 'WEFT_TOKENIZER_EMPTY'],
    [{ text: 'a', type: 'unigram', marking: 'end' }, 400, 'WEFT_TOKENIZER_OPTION'],
  ])('%# is refused with %i %s', async (body, status, code) => {
    const server = await serving();
    const answer = await server.post('/api/explain', body);
    expect([answer.status, (answer.json()['error'] as { readonly code: string }).code]).toEqual([status, code]);
    await server.close();
  });

  test('the most that is taken holds the server up for moments alone', async () => {
    const server = await serving();
    const distinct = Array.from({ length: 2000 }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000))).join('');
    const repeated = 'ab'.repeat(1000);
    for (const type of ['bpe', 'unigram', 'wordpiece', 'words', 'characters']) {
      for (const train of [distinct, repeated]) {
        const before = process.cpuUsage();
        const answer = await server.post('/api/explain', {
          text: train.slice(0, 1000),
          train,
          type,
          ...(type === 'words' || type === 'characters' ? {} : { merges: 60 }),
        });
        expect([type, answer.status]).toEqual([type, 200]);
        const { user } = process.cpuUsage(before);
        expect([type, user < 2_000_000]).toEqual([type, true]);
      }
    }
    await server.close();
  });
});
