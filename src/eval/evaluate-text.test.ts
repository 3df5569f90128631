import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { evaluateText } from './evaluate-text.ts';
import type { EvaluationProgress, ScoringModel } from './evaluate-text.ts';

const START = 256;

/** A byte model whose probabilities depend on the whole context it is given: ln p(next | context) = -(1 + hash(context, next) / 2^32). */
function fake(
  contextLength: number,
  { endOfText }: { endOfText: number | undefined } = { endOfText: START },
): ScoringModel & { readonly calls: number[][] } {
  const calls: number[][] = [];
  return {
    calls,
    contextLength,
    tokenizer: { vocabSize: 257, endOfText, encode: (text) => Uint32Array.from(new TextEncoder().encode(text)) },
    score: (ids) => {
      calls.push([...ids]);
      return Promise.resolve(Float32Array.from(ids, (id, index) => (index === 0 ? NaN : logProbability([...ids].slice(0, index), id))));
    },
  };
}

function logProbability(context: readonly number[], next: number): number {
  let hash = 7;
  for (const id of [...context, next]) hash = (Math.imul(hash, 31) + id) >>> 0;
  return Math.fround(-(1 + hash / 2 ** 32));
}

describe('windows', () => {
  test('a document within the context is scored whole, each document on its own', async () => {
    const model = fake(8);
    const result = await evaluateText(model, [{ text: 'abc' }, { text: '' }, { text: 'abcdefg' }]);
    expect(model.calls).toEqual([
      [START, 97, 98, 99],
      [START, 97, 98, 99, 100, 101, 102, 103],
    ]);
    expect(result).toMatchObject({ tokens: 10, bytes: 10, documents: 2 });
  });

  test('every token is scored once, with at least half a context where the document has it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        async (contextLength, length, withStart) => {
          const text = Array.from({ length }, (_, index) => String.fromCharCode(33 + index)).join('');
          const ids = [...(withStart ? [START] : []), ...new TextEncoder().encode(text)];
          const model = fake(contextLength, { endOfText: withStart ? START : undefined });
          const { loss, tokens } = await evaluateText(model, [{ text }]);
          // Which window scores a token: the first one that reaches it. Its context is what that window holds before it.
          let nats = withStart ? 0 : Math.log(257);
          for (let at = 1; at < ids.length; at++) {
            const window = model.calls.find((call) => call.includes(ids[at] ?? -1)) ?? [];
            const context = window.slice(0, window.indexOf(ids[at] ?? -1));
            expect(window.length).toBeLessThanOrEqual(contextLength);
            expect(context.length).toBeGreaterThanOrEqual(Math.min(at, Math.floor(contextLength / 2)));
            expect(ids.slice(at - context.length, at)).toEqual(context);
            nats -= logProbability(context, ids[at] ?? -1);
          }
          expect(tokens).toBe(length);
          expect(loss).toBeCloseTo(nats / length, 10);
        },
      ),
      { seed: 1 },
    );
  });
});

describe('numbers', () => {
  test('a uniform guess over 257 tokens', async () => {
    const model: ScoringModel = { ...fake(4), score: (ids) => Promise.resolve(new Float32Array(ids.length).fill(-Math.log(257))) };
    const result = await evaluateText(model, [{ text: 'é!' }, { text: 'some more text' }]);
    expect(result.loss).toBeCloseTo(Math.log(257), 6);
    expect(result.perplexity).toBeCloseTo(257, 3);
    expect(result.bitsPerByte).toBeCloseTo(Math.log2(257), 6);
    expect(result.bytes).toBe(17);
  });

  test('bits are paid per byte, not per token', async () => {
    // One token a character: the same nats over more bytes.
    const model: ScoringModel = {
      contextLength: 16,
      tokenizer: { vocabSize: 0x11_0000, endOfText: 0, encode: (text) => Uint32Array.from([...text].map((c) => c.codePointAt(0) ?? 0)) },
      score: (ids) => Promise.resolve(new Float32Array(ids.length).fill(-Math.LN2)),
    };
    expect(await evaluateText(model, [{ text: '日本' }])).toMatchObject({
      tokens: 2,
      bytes: 6,
      bitsPerByte: expect.closeTo(1 / 3, 6) as number,
      perplexity: expect.closeTo(2, 6) as number,
    });
  });
});

describe('options', () => {
  test('progress is told after each document', async () => {
    const seen: EvaluationProgress[] = [];
    const result = await evaluateText(fake(8), [{ text: 'ab' }, { text: 'cde' }], { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ documents, tokens, bytes }) => [documents, tokens, bytes])).toEqual([
      [1, 2, 2],
      [2, 5, 5],
    ]);
    expect(seen[1]?.bitsPerByte).toBe(result.bitsPerByte);
  });

  test('the byte limit cuts the last document between characters and reads no further', async () => {
    const texts = function* (): Generator<{ text: string }> {
      yield { text: 'abcd' };
      yield { text: 'aéb' };
      throw new Error('read too far');
    };
    expect(await evaluateText(fake(8), texts(), { byteLimit: 6 })).toMatchObject({ bytes: 5, tokens: 5, documents: 2 });
  });

  test('a signal stops between windows', async () => {
    const controller = new AbortController();
    const model = fake(4);
    const stopping: ScoringModel = {
      ...model,
      score: (ids) => {
        if (model.calls.length === 2) controller.abort(new Error('enough'));
        return model.score(ids);
      },
    };
    await expect(evaluateText(stopping, [{ text: 'a long document' }], { signal: controller.signal })).rejects.toThrow('enough');
    expect(model.calls.length).toBe(3);
  });

  test('what cannot be evaluated is refused', async () => {
    await expect(evaluateText(fake(8), [])).rejects.toMatchObject({ code: 'WEFT_EVAL_EMPTY' });
    await expect(evaluateText(fake(8), [{ text: '' }])).rejects.toMatchObject({ code: 'WEFT_EVAL_EMPTY' });
    await expect(evaluateText(fake(1), [{ text: 'a' }])).rejects.toMatchObject({ code: 'WEFT_EVAL_OPTION' });
    await expect(evaluateText(fake(8), [{ text: 'a' }], { limit: 1 } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
    const diverged: ScoringModel = { ...fake(8), score: (ids) => Promise.resolve(new Float32Array(ids.length).fill(NaN)) };
    await expect(evaluateText(diverged, [{ text: 'a' }])).rejects.toMatchObject({ code: 'WEFT_EVAL_NOT_FINITE' });
    const short: ScoringModel = { ...fake(8), score: () => Promise.resolve(new Float32Array(1)) };
    await expect(evaluateText(short, [{ text: 'ab' }])).rejects.toMatchObject({ code: 'WEFT_EVAL_NOT_FINITE' });
  });
});
