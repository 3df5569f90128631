import { describe, expect, it } from 'vitest';

import { renderChat } from './render-chat.ts';

const TEMPLATE =
  "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' and not loop.first %}{{ raise_exception('system comes first') }}{% endif %}<|{{ message['role'] }}|>{{ message['content'] }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

describe('a chat', () => {
  it('is laid out by the template', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ] as const;
    expect(await renderChat(TEMPLATE, messages, { startToken: '<s>', endToken: '</s>' })).toBe(
      '<s><|system|>Be brief.</s><|user|>Hi</s><|assistant|>',
    );
    expect(await renderChat(TEMPLATE, messages, { openReply: false })).toBe('<|system|>Be brief.<|user|>Hi');
  });

  it('is refused by a template in its own words, by a broken template, and without one', async () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'system', content: 'late' },
    ] as const;
    await expect(renderChat(TEMPLATE, messages)).rejects.toThrow(
      expect.objectContaining({ code: 'WEFT_GENERATE_TEMPLATE', message: expect.stringContaining('system comes first') }),
    );
    await expect(renderChat('{% for %}', messages)).rejects.toThrow(expect.objectContaining({ code: 'WEFT_GENERATE_TEMPLATE' }));
    await expect(renderChat(undefined, messages)).rejects.toThrow(expect.objectContaining({ code: 'WEFT_GENERATE_CHAT' }));
    await expect(renderChat(TEMPLATE, messages, { bos: '' } as object)).rejects.toThrow(
      expect.objectContaining({ code: 'WEFT_OPTION_UNKNOWN' }),
    );
  });
});
