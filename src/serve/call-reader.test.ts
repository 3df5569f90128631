import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createCallReader } from './call-reader.ts';
import type { ToolCall } from './call-reader.ts';

const NAMES = new Set(['add', 'find']);
const CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>';

function readAll(pieces: readonly string[], bare = false): { text: string; calls: readonly ToolCall[] } {
  const reader = createCallReader(NAMES, bare);
  const parts = [...pieces.map((piece) => reader.push(piece)), reader.end()];
  return { text: parts.map(({ text }) => text).join(''), calls: parts.flatMap(({ calls }) => calls) };
}

describe('a reader of calls', () => {
  it('finds calls among text, wherever the pieces end', () => {
    const text = `First. ${CALL}\n<tool_call>{"name":"find","arguments":{"q":"<tool_call>"}}</tool_call>`;
    const expected = readAll([text]);
    expect(expected.calls).toEqual([
      { name: 'add', arguments: '{"a":1}' },
      { name: 'find', arguments: '{"q":"<tool_call>"}' },
    ]);
    expect(expected.text.trim()).toBe('First.');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 20 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const got = readAll(places.slice(1).map((end, index) => text.slice(places[index], end)));
        expect(got.calls).toEqual(expected.calls);
        expect(got.text.trim()).toBe('First.');
      }),
    );
  });

  it('gives text at once that can be no call', () => {
    const reader = createCallReader(NAMES);
    expect(reader.push('a < b')).toEqual({ text: 'a < b', calls: [] });
    expect(reader.push(' <tool').text).toBe(' ');
    expect(reader.push('box>').text).toBe('<toolbox>');
  });

  it('takes what is no call for text: an unknown name, broken JSON, an end that is missing', () => {
    for (const text of [
      '<tool_call>{"name": "other", "arguments": {}}</tool_call>',
      '<tool_call>{"name": "add"</tool_call>',
      '<tool_call>{"name": "add", "arguments": 1}</tool_call>',
      '<tool_call>{"name": "add", "arg',
      '{"name": "other"}',
      '{"a": 1}',
    ])
      expect(readAll([text])).toEqual({ text, calls: [] });
  });

  it('takes a reply that is a call and nothing else, in the form of Llama, too', () => {
    expect(readAll([' {"name": "find", ', '"parameters": {"q": 2}}']).calls).toEqual([{ name: 'find', arguments: '{"q":2}' }]);
    expect(readAll(['{"name": "add", "arguments": {}}'], true).calls).toEqual([{ name: 'add', arguments: '{}' }]);
    expect(readAll(['{"name": "add", "arg'], true)).toEqual({ text: '{"name": "add", "arg', calls: [] });
  });
});
