/** Which tokens of a chat are replies, by templates of several kinds. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { trainTokenizer } from '../train-tokenizer.ts';
import { chatReplies } from './chat-replies.ts';
import type { ChatExample } from './chat-replies.ts';
import { chatTokens } from './chat-tokens.ts';
import type { ChatMessage } from './render-chat.ts';

const SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
const tokenizer = await trainTokenizer(['hello there, who are you? I am a model. assistant: user: good bye'.repeat(9)], {
  vocabSize: 320,
  specialTokens: SPECIAL,
});

/** As Qwen2's: a system message of its own, a line break behind each turn. */
const CHATML =
  "{% if messages[0].role != 'system' %}<|im_start|>system\nBe kind.<|im_end|>\n{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
/** Without special tokens; the opening of a reply ends where its first word begins, and what follows closes the turn. */
const PLAIN =
  '{% for m in messages %}{% if m.role == "assistant" %}A: {{ m.content }} (end)\n{% else %}Q: {{ m.content }}\n{% endif %}{% endfor %}{% if add_generation_prompt %}A: {% endif %}';
/** Earlier replies are shortened once the chat goes on. */
const FORGETFUL =
  '{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == "assistant" and not loop.last %}{{ m.content | replace("think ", "") }}{% else %}{{ m.content }}{% endif %}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

const chat: readonly ChatMessage[] = [
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'think hello there' },
  { role: 'user', content: 'who are you?' },
  { role: 'assistant', content: 'a model' },
];
const repliesOf = ({ ids, isReply }: ChatExample): readonly string[] => {
  const found: number[][] = [];
  for (const [index, id] of ids.entries()) {
    if (isReply[index] === 0) continue;
    if (isReply[index - 1] !== 1) found.push([]);
    found.at(-1)?.push(id);
  }
  return found.map((reply) => tokenizer.decode(reply));
};

describe('the replies of a chat', () => {
  it('are the texts of the assistant and what ends them, whatever the template puts around', async () => {
    const [example, ...more] = await chatReplies({ tokenizer, chatTemplate: CHATML }, chat);
    expect(more).toEqual([]);
    expect(repliesOf(example!)).toEqual(['think hello there<|im_end|>', 'a model<|im_end|>']);
    expect(tokenizer.decode([...example!.ids])).toMatch(
      /^<\|im_start\|>system\nBe kind\.<\|im_end\|>\n<\|im_start\|>user\nhello<\|im_end\|>\n/,
    );
    const [plain] = await chatReplies({ tokenizer, chatTemplate: PLAIN }, chat);
    expect(repliesOf(plain!)).toEqual(['think hello there (end)\n', 'a model (end)\n']);
  });

  it('come behind the very tokens that generation begins from', async () => {
    for (const chatTemplate of [CHATML, PLAIN]) {
      const model = { tokenizer, chatTemplate };
      const [example] = await chatReplies(model, chat);
      const prompt = await chatTokens(model, chat.slice(0, 1));
      const first = example!.isReply.indexOf(1);
      expect([...example!.ids.subarray(0, first)]).toEqual([...prompt]);
    }
  });

  it('have an example each where earlier turns are laid out otherwise later', async () => {
    const model = { tokenizer, chatTemplate: FORGETFUL };
    const examples = await chatReplies(model, chat);
    expect(examples.map(repliesOf)).toEqual([['think hello there<|im_end|>'], ['a model<|im_end|>']]);
    const prompt = await chatTokens(model, chat.slice(0, 3));
    expect([...examples[1]!.ids.subarray(0, prompt.length)]).toEqual([...prompt]);
  });

  it('hold no special token that a message spells, and lose none of its text', async () => {
    const word = fc.constantFrom(...SPECIAL, '<|im_', 'end|>', ' ', 'hello', '\n', 'A: ', '🙂', '\u{301}');
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 8 }),
        fc.array(word, { minLength: 1, maxLength: 8 }),
        async (asked, said) => {
          const [question, answer] = [asked.join(''), said.join('')];
          const messages = [
            { role: 'user', content: question },
            { role: 'assistant', content: answer },
          ];
          const [example] = await chatReplies({ tokenizer, chatTemplate: PLAIN }, messages);
          expect(repliesOf(example!)).toEqual([`${answer} (end)\n`]);
          expect(tokenizer.decode([...example!.ids])).toBe(`Q: ${question}\nA: ${answer} (end)\n`);
          const special = new Set<number>(tokenizer.specialTokens.values());
          expect([...example!.ids].filter((id) => special.has(id))).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('leave out what is weighed with 0, and what stands before the first question', async () => {
    const messages: readonly ChatMessage[] = [
      { role: 'assistant', content: 'good' },
      ...chat.slice(0, 1),
      { role: 'assistant', content: 'bye', weight: 0 },
      ...chat.slice(2),
    ];
    const [example] = await chatReplies({ tokenizer, chatTemplate: CHATML }, messages);
    expect(repliesOf(example!)).toEqual(['a model<|im_end|>']);
  });

  it('are refused where the template opens replies otherwise', async () => {
    const chatTemplate =
      '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}model: {% endif %}';
    await expect(chatReplies({ tokenizer, chatTemplate }, chat)).rejects.toThrow(expect.objectContaining({ code: 'WEFT_GENERATE_REPLY' }));
  });
});
