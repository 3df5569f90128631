/** The settings: what requests say of them, and what a browser may have kept. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { formTrouble, replyForm, schemaIn, stopTexts } from './reply-form.ts';
import { fitSettings, requestOf, settingsFor, standardSettings, storeSettings, storedSettings } from './sampling.ts';

const settings = settingsFor(1024);
const standard = standardSettings(settings);
let kept: Map<string, string>;

beforeEach(() => {
  kept = new Map();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
});
afterEach(() => vi.unstubAllGlobals());

test('what is off is not said', () => {
  expect(requestOf(standard, settings)).toEqual({ temperature: 0.8, maxTokens: 256 });
  const set = { ...standard, topK: 3, presencePenalty: -0.5, seed: '-7', stop: 'a\n\n\\n\\\\n', form: 'json' as const };
  expect(requestOf(set, settings)).toEqual({
    temperature: 0.8,
    maxTokens: 256,
    topK: 3,
    presencePenalty: -0.5,
    seed: -7,
    stop: ['a', '\n\\n'],
    responseFormat: { type: 'json_object' },
  });
  expect(requestOf({ ...standard, seed: '1-2' }, settings)).not.toHaveProperty('seed');
});

test('the settings come back as they were kept', () => {
  const set = { ...standard, topP: 0.5, seed: '12', stop: 'END', form: 'schema' as const, schema: '{}' };
  storeSettings(set);
  expect(storedSettings(settings)).toEqual(set);
  // A model with a shorter context bounds the length, for itself alone.
  expect(fitSettings({ ...set, maxTokens: 500 }, settingsFor(64)).maxTokens).toBe(63);
});

test.each([
  'null',
  '7',
  '[]',
  '{',
  '"x"',
  '{"temperature":"hot","seed":5,"stop":["a"],"form":"xml","schema":{}}',
  '{"temperature":null,"topK":{},"seed":null}',
])('what a browser kept wrong is as if it were not there: %s', (text) => {
  kept.set('weft.sampling', text);
  expect(storedSettings(settings)).toEqual(standard);
});

test('numbers out of bounds come back within them, and a store that throws is none', () => {
  kept.set('weft.sampling', '{"temperature":99,"maxTokens":-5,"topP":1e308,"seed":"1<script>2"}');
  expect(storedSettings(settings)).toMatchObject({ temperature: 2, maxTokens: 1, topP: 1, seed: '12' });
  const broken = (): never => {
    throw new Error('denied');
  };
  vi.stubGlobal('localStorage', { getItem: broken, setItem: broken });
  expect(storedSettings(settings)).toEqual(standard);
  storeSettings(standard);
});

test('stops are lines, with the signs of JSON', () => {
  expect(stopTexts('')).toEqual([]);
  expect(stopTexts('a\na\n b \n\\t\\n\n\\x\n')).toEqual(['a', ' b ', '\t\n', '\\x']);
  expect(stopTexts(Array.from({ length: 40 }, (_, index) => `${index}`).join('\n'))).toHaveLength(16);
});

test('a schema is an object of JSON, else it says what to do', () => {
  expect(schemaIn('{"type":"object"}')).toEqual({ schema: { type: 'object' } });
  for (const [text, words] of [
    ['', 'take the example'],
    ['[1]', 'braces'],
    ['{"a":', 'not JSON'],
  ] as const) {
    expect(formTrouble({ stop: '', form: 'schema', schema: text })).toContain(words);
    expect(replyForm({ stop: '', form: 'schema', schema: text })).toBeUndefined();
    expect(formTrouble({ stop: '', form: 'json', schema: text })).toBeUndefined();
  }
});
