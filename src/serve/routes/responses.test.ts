import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { serving } from '../serving.fixture.ts';
import type { TestServer } from '../serving.fixture.ts';

describe('what a response may be asked, and this server does not carry out', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await serving({ chatTemplate: '{{ messages[0].content }}' });
  });
  afterAll(async () => await server.close());

  test.for([
    ['previous_response_id', 'resp_1'],
    ['conversation', 'conv_1'],
    ['prompt', { id: 'pmpt_1' }],
    ['background', true],
    ['reasoning', { effort: 'low' }],
    ['reasoning', { effort: null, summary: 'auto' }],
    ['reasoning', { deeper: null }],
    ['max_tool_calls', 3],
    ['top_logprobs', 2],
    ['include', ['reasoning.encrypted_content', 'message.output_text.logprobs']],
    ['include', 'reasoning.encrypted_content'],
    ['context_management', [{ type: 'compaction' }]],
    ['moderation', { model: 'omni-moderation-latest' }],
    ['text.verbosity', 'low'],
  ] as const)('%s is refused by name: %j', async ([param, value]) => {
    const body = param === 'text.verbosity' ? { text: { verbosity: value } } : { [param]: value };
    const { status, json } = await server.post('/v1/responses', { input: 'a', max_output_tokens: 2, ...body });
    expect([status, json()]).toEqual([
      400,
      {
        error: {
          message: `Cannot serve the request as this server does not carry out ${param}: ${JSON.stringify(value)}. Leave the parameter out.`,
          type: 'invalid_request_error',
          param,
          code: 'WEFT_SERVE_PARAMETER_UNSUPPORTED',
        },
      },
    ]);
  });

  test.for([
    {
      previous_response_id: null,
      conversation: null,
      prompt: null,
      background: null,
      reasoning: null,
      max_tool_calls: null,
      top_logprobs: null,
      include: null,
      context_management: null,
      moderation: null,
      text: { verbosity: null },
    },
    { background: false, max_tool_calls: 0, top_logprobs: 0, include: [], context_management: [], moderation: {}, reasoning: {} },
    { reasoning: { effort: 'none', summary: null, context: 'auto', mode: 'standard' }, include: ['reasoning.encrypted_content'] },
    { reasoning: { effort: null, summary: null } }, // As an answer has it.
    { prompt_cache_retention: '24h', prompt_cache_options: { mode: 'implicit' } },
  ])('what asks for nothing is taken: %j', async (body) => {
    const { status, text } = await server.post('/v1/responses', { input: 'a', max_output_tokens: 2, ...body });
    expect([status, text]).toEqual([200, expect.stringContaining('"object":"response"')]);
  });

  test('what is misspelt is unknown', async () => {
    const { json } = await server.post('/v1/responses', { input: 'a', previous_response: 'resp_1' });
    expect(json()).toMatchObject({ error: { code: 'WEFT_SERVE_PARAMETER_UNKNOWN', param: 'previous_response' } });
  });
});
