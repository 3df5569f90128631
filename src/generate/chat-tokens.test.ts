import fc from 'fast-check';
import { expect, it } from 'vitest';

import { trainTokenizer } from '../tokenizers/index.ts';
import { chatTokens } from './chat-tokens.ts';

const TEMPLATE = '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}{% endfor %}<|assistant|>';
const SPECIAL = ['<|endoftext|>', '<|user|>', '<|assistant|>'];
const tokenizer = await trainTokenizer(['hello there'], { vocabSize: 260, specialTokens: SPECIAL });
const model = { tokenizer, chatTemplate: TEMPLATE };
const isSpecial = (id: number): boolean => [...tokenizer.specialTokens.values()].includes(id);

it('holds the template’s special tokens, and no other, whatever a message says', () => {
  const word = fc.constantFrom(...SPECIAL, '<|', 'endoftext|>', 'hi ', '\u{FDD0}', '<', '🙂', '|>');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      const content = words.join('');
      const ids = [...chatTokens(model, [{ role: 'user', content }])];
      expect(ids.filter(isSpecial).map((id) => tokenizer.decode([id]))).toEqual(['<|user|>', '<|endoftext|>', '<|assistant|>']);
      expect(tokenizer.decode(ids)).toBe(`<|user|>${content.replaceAll('\u{FDD0}', '')}<|endoftext|><|assistant|>`);
    }),
  );
});

it('is refused without a template', () => {
  expect(() => chatTokens({ tokenizer, chatTemplate: undefined }, [])).toThrow(expect.objectContaining({ code: 'WEFT_GENERATE_CHAT' }));
});
