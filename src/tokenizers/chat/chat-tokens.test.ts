import fc from 'fast-check';
import { expect, it } from 'vitest';

import { trainTokenizer } from '../train-tokenizer.ts';
import { chatTokens, countChatTokens } from './chat-tokens.ts';

const TEMPLATE = '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}{% endfor %}<|assistant|>';
const SPECIAL = ['<|endoftext|>', '<|user|>', '<|assistant|>'];
const tokenizer = await trainTokenizer(['hello there'], { vocabSize: 260, specialTokens: SPECIAL });
const model = { tokenizer, chatTemplate: TEMPLATE };
const isSpecial = (id: number): boolean => [...tokenizer.specialTokens.values()].includes(id);

it('holds the template’s special tokens, and no other, whatever a message says', async () => {
  const word = fc.constantFrom(...SPECIAL, '<|', 'endoftext|>', 'hi ', '\u{FDD0}', '<', '🙂', '|>');
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 12 }), async (words) => {
      const content = words.join('');
      const ids = [...(await chatTokens(model, [{ role: 'user', content }]))];
      expect(ids.filter(isSpecial).map((id) => tokenizer.decode([id]))).toEqual(['<|user|>', '<|endoftext|>', '<|assistant|>']);
      expect(tokenizer.decode(ids)).toBe(`<|user|>${content.replaceAll('\u{FDD0}', '')}<|endoftext|><|assistant|>`);
    }),
  );
});

it('is refused without a template', async () => {
  await expect(chatTokens({ tokenizer, chatTemplate: undefined }, [])).rejects.toThrow(
    expect.objectContaining({ code: 'WEFT_GENERATE_CHAT' }),
  );
});

it('is counted as it is laid out, and as OpenAI counts where there is no template', async () => {
  const messages = [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'hello there' },
  ];
  expect(await countChatTokens(model, messages)).toBe((await chatTokens(model, messages)).length);
  const count = (text: string): number => tokenizer.count(text);
  const around = 3 + count('system') + count('be brief') + 3 + count('user') + count('hello there');
  expect(await countChatTokens({ tokenizer, chatTemplate: undefined }, messages)).toBe(around + 3);
  expect(await countChatTokens({ tokenizer, chatTemplate: undefined }, messages, { openReply: false })).toBe(around);
});
