/** Requests as code: what was set is in it, whatever the texts are. */

import { execFileSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { bodyOf, snippet } from './snippets.ts';
import type { SnippetRequest } from './snippets.ts';
import { literal } from './source-literal.ts';

const NASTY = 'It\'s "$HOME" `id` \\ \\n\n\t${x} 文 </pre>';
const CHAT: SnippetRequest = {
  kind: 'chat',
  model: 'a/b c',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: NASTY },
  ],
  sampling: {
    temperature: 0,
    topK: 5,
    topP: 0.9,
    minP: 0.1,
    repetitionPenalty: 1.2,
    presencePenalty: 0.5,
    frequencyPenalty: -1,
    maxTokens: 7,
    seed: 3,
    stop: ['\n', NASTY],
    responseFormat: {
      type: 'json_schema',
      json_schema: { name: 'reply', strict: true, schema: { type: 'object', properties: { 'a-b': { const: NASTY }, ['__proto__']: {} } } },
    },
  },
};
const COMPLETION: SnippetRequest = {
  kind: 'completion',
  model: 'm',
  prompt: NASTY,
  sampling: { maxTokens: 7, responseFormat: { type: 'json_object' } },
};

test('the body has OpenAI’s names, and vLLM’s where OpenAI has none', () => {
  expect(bodyOf(CHAT)).toMatchObject({
    model: 'a/b c',
    temperature: 0,
    top_k: 5,
    top_p: 0.9,
    min_p: 0.1,
    repetition_penalty: 1.2,
    presence_penalty: 0.5,
    frequency_penalty: -1,
    max_completion_tokens: 7,
    seed: 3,
    response_format: { type: 'json_schema' },
  });
  expect(bodyOf(COMPLETION)).toEqual({ model: 'm', prompt: NASTY, max_tokens: 7, response_format: { type: 'json_object' } });
});

test('a shell reads the body of curl as it is', () => {
  for (const request of [CHAT, COMPLETION]) {
    const code = snippet('curl', request, 'http://localhost:1');
    const told = execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }\n${code}`], {
      encoding: 'utf8',
      env: { WEFT_API_KEY: 'k' },
    }).split('\0');
    expect(told[0]).toBe(`http://localhost:1/v1/${request.kind === 'chat' ? 'chat/' : ''}completions`);
    expect(told.slice(1, 6)).toEqual(['-H', 'content-type: application/json', '-H', 'authorization: Bearer k', '-d']);
    expect(JSON.parse(told[6] ?? '')).toEqual(bodyOf(request));
  }
});

test('TypeScript says the same: literals evaluate to the values they are of', () => {
  const values = [
    CHAT,
    COMPLETION,
    [],
    {},
    [[]],
    { a: { b: [1, 'x'.repeat(100), null, true] } },
    NASTY,
    '\u2028\u0000',
    { 'not-a-name': 1, if: 2 },
  ];
  for (const value of values) {
    // oxlint-disable-next-line typescript/no-implied-eval -- what is tested is source
    const read = new Function(`return ${literal(value)};`)() as unknown;
    expect(JSON.stringify(read)).toBe(JSON.stringify(value));
  }
});

test('Weft’s own parameters stand apart in the code for openai, and in their own names in that for weft', () => {
  const openai = snippet('openai', CHAT, 'http://localhost:1');
  expect(openai).toContain('const own = { top_k: 5, min_p: 0.1, repetition_penalty: 1.2 };');
  expect(openai).toContain('  ...own,\n});');
  expect(snippet('openai', COMPLETION, 'http://localhost:1')).not.toContain('own');
  const weft = snippet('weft', CHAT, 'http://localhost:1');
  for (const part of ['  topK: 5,\n', '  maxTokens: 7,\n', '  grammar,\n', 'jsonSchemaGrammar({', 'chatTokens(model, ['])
    expect(weft).toContain(part);
  expect(snippet('weft', COMPLETION, '')).toContain('const grammar = jsonObjectGrammar();');
});
