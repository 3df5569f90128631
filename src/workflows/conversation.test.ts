import { describe, expect, test } from 'vitest';

import type { GeneratedToken, TextModel } from '../generate/index.ts';
import { tokenizerFromJson, trainTokenizer } from '../tokenizers/index.ts';
import { converse } from './conversation.ts';

const TEMPLATE = '{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}';

/** A model that answers with words in order, and remembers what it was given. */
async function parrot({ chatTemplate, contextLength = 128 }: { chatTemplate?: string; contextLength?: number } = {}) {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz<>!? ABC\n';
  const tokenizer = await tokenizerFromJson((await trainTokenizer([alphabet], { type: 'characters' })).toJSON());
  const prompts: string[] = [];
  const model: TextModel = {
    name: 'parrot',
    contextLength,
    tokenizer,
    chatTemplate,
    card: undefined,
    parameters: 0,
    encode: (text) => tokenizer.encode(text),
    async *generate(prompt): AsyncGenerator<GeneratedToken> {
      prompts.push(typeof prompt === 'string' ? prompt : tokenizer.decode(prompt));
      for (const text of ['A', 'B']) yield { id: 0, text, logProbability: 0, alternatives: [] };
    },
    score: () => Promise.reject(new Error('not asked for')),
    close: () => Promise.resolve(),
  };
  return { model, prompts };
}

async function all(answer: AsyncGenerator<GeneratedToken>): Promise<string> {
  let text = '';
  for await (const token of answer) text += token.text;
  return text;
}

describe('with a chat template', () => {
  test('every turn holds those before it, the answers too', async () => {
    const { model, prompts } = await parrot({ chatTemplate: TEMPLATE });
    const conversation = converse(model, { system: 'be kind' });
    expect(conversation.chats).toBe(true);
    expect(await all(conversation.say('hi'))).toBe('AB');
    await all(conversation.say('and?'));
    expect(prompts).toEqual(['<system>be kind<user>hi<assistant>', '<system>be kind<user>hi<assistant>AB<user>and?<assistant>']);
  });

  test('an answer that is broken off stays as far as it came', async () => {
    const { model, prompts } = await parrot({ chatTemplate: TEMPLATE });
    const conversation = converse(model);
    for await (const token of conversation.say('hi')) if (token.text === 'A') break;
    await all(conversation.say('so'));
    expect(prompts[1]).toBe('<user>hi<assistant>A<user>so<assistant>');
  });

  test('the oldest exchanges are forgotten when an answer would have no room', async () => {
    const { model, prompts } = await parrot({ chatTemplate: TEMPLATE, contextLength: 64 });
    const conversation = converse(model, { system: 's' });
    for (const question of ['one', 'two', 'three']) await all(conversation.say(question, { maxTokens: 10 }));
    expect(prompts.at(-1)).toBe('<system>s<user>two<assistant>AB<user>three<assistant>');
    expect(conversation.forgotten).toBe(1);
  });

  test('what could not be answered leaves no trace', async () => {
    const { model, prompts } = await parrot({ chatTemplate: TEMPLATE });
    const tooLong = {
      ...model,
      generate: (...given: Parameters<TextModel['generate']>) => {
        if (given[0].length > 40) throw new Error('too long');
        return model.generate(...given);
      },
    };
    const conversation = converse(tooLong);
    await expect(all(conversation.say('a'.repeat(50)))).rejects.toThrow('too long');
    await all(conversation.say('b'));
    expect(prompts).toEqual(['<user>b<assistant>']);
  });

  test('reset forgets all but what the model is told first', async () => {
    const { model, prompts } = await parrot({ chatTemplate: TEMPLATE });
    const conversation = converse(model, { system: 'be kind' });
    await all(conversation.say('hi'));
    conversation.reset();
    await all(conversation.say('new'));
    expect(prompts[1]).toBe('<system>be kind<user>new<assistant>');
  });
});

describe('without one', () => {
  test('both continue one text', async () => {
    const { model, prompts } = await parrot();
    const conversation = converse(model);
    expect(conversation.chats).toBe(false);
    await all(conversation.say('one '));
    await all(conversation.say(' two'));
    expect(prompts).toEqual(['one ', 'one AB two']);
  });

  test('of which the end is kept that leaves room for an answer', async () => {
    const { model, prompts } = await parrot({ contextLength: 8 });
    await all(converse(model).say('abcdefghij'));
    expect(prompts).toEqual(['ghij']);
  });
});

test('an unknown option is refused', async () => {
  const { model } = await parrot();
  expect(() => converse(model, { sytem: 'x' } as object)).toThrow('Cannot converse as the option is unknown: sytem');
});
