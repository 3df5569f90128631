/**
 * Functions that a model may call: how it is told of them, and what it has to write to call one.
 *
 * Decided: the form is that of Hermes and Qwen, `<tool_call>` around a JSON object with `name` and `arguments`. A chat template that knows
 * tools is given them; for any other they stand in the system message. Where a call is required the model can write nothing else, and
 * what it writes fits the schema of the function; otherwise it is free, and what is no call is text.
 */

import type { ChatMessage } from '../tokenizers/index.ts';
import { refuse } from './request-error.ts';

/** A function that may be called. */
export interface Tool {
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON schema of its arguments; default an object. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

/** Whether a function may, must or must not be called, or which one must. */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };

/** The functions of a request. */
export interface Tools {
  readonly tools: readonly Tool[];
  readonly choice: ToolChoice;
}

/** What stands around a call. */
export const CALL_OPEN = '<tool_call>';
export const CALL_CLOSE = '</tool_call>';

/** The functions that may be called, with a choice that fits; undefined for none. Throws a 400 that names the parameter. */
export function requireTools(tools: readonly Tool[] = [], choice: ToolChoice = 'auto'): Tools | undefined {
  const wrong = (rule: string, value: string, param: string): never => {
    throw refuse('WEFT_SERVE_PARAMETER', { rule, value, remedy: 'Name each function once, and choose one that is there.', param });
  };
  const names = tools.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) wrong('two functions have one name', twice, 'tools');
  if (typeof choice === 'object' && !names.includes(choice.name))
    wrong('the function that must be called is not among tools', choice.name, 'tool_choice');
  if (choice === 'required' && tools.length === 0) wrong('a call is required and there is no function', 'tools is empty', 'tool_choice');
  return tools.length === 0 || choice === 'none' ? undefined : { tools, choice };
}

/** The schema that a required call fits, one function's name with its arguments; undefined where the model is free. */
export function callSchema({ tools, choice }: Tools): object | undefined {
  if (choice === 'auto' || choice === 'none') return undefined;
  const callable = typeof choice === 'object' ? tools.filter(({ name }) => name === choice.name) : tools;
  return {
    anyOf: callable.map(({ name }, index) => ({
      type: 'object',
      properties: { name: { const: name }, arguments: { $ref: `#/$defs/${index}` } },
      required: ['name', 'arguments'],
      additionalProperties: false,
    })),
    $defs: Object.fromEntries(
      callable.map(({ parameters }, index) => [index, rebased(parameters ?? { type: 'object' }, `#/$defs/${index}`)]),
    ),
  };
}

/** A schema that stands at another place, with its references into itself. */
function rebased(schema: unknown, base: string): unknown {
  if (Array.isArray(schema)) return schema.map((part) => rebased(part, base));
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) =>
      key === '$ref' && typeof value === 'string' && value.startsWith('#')
        ? [key, `${base}${value.slice(1)}`]
        : [key, rebased(value, base)],
    ),
  );
}

/** A chat as a template is given it: with what it knows of tools, or with tools as text. */
export function withTools(
  messages: readonly ChatMessage[],
  tools: Tools | undefined,
  template: string,
): { readonly messages: readonly ChatMessage[]; readonly variables: Readonly<Record<string, unknown>> } {
  if (/\btools\b/.test(template)) {
    const listed = tools?.tools.map((tool) => ({ type: 'function', function: tool }));
    return { messages, variables: listed === undefined ? {} : { tools: listed } };
  }
  const spelled = messages.map(spelledOut);
  if (tools === undefined) return { messages: spelled, variables: {} };
  const [first, ...rest] = spelled;
  const told = toldTools(tools.tools);
  const begun =
    first?.role === 'system'
      ? [{ ...first, content: `${first.content}\n\n${told}` }, ...rest]
      : [{ role: 'system', content: told }, ...spelled];
  return { messages: begun, variables: {} };
}

/** The words of Hermes' and Qwen's templates. */
function toldTools(tools: readonly Tool[]): string {
  const lines = tools.map((tool) => JSON.stringify({ type: 'function', function: tool }));
  return [
    '# Tools',
    '',
    'You may call one or more functions to assist with the user query.',
    '',
    'You are provided with function signatures within <tools></tools> XML tags:',
    '<tools>',
    ...lines,
    '</tools>',
    '',
    `For each function call, return a json object with function name and arguments within ${CALL_OPEN}${CALL_CLOSE} XML tags:`,
    CALL_OPEN,
    '{"name": <function-name>, "arguments": <args-json-object>}',
    CALL_CLOSE,
  ].join('\n');
}

/** A turn whose calls and results are text. */
function spelledOut(message: ChatMessage): ChatMessage {
  if (message.role === 'tool') return { role: 'user', content: `<tool_response>\n${message.content}\n</tool_response>` };
  const calls = message['tool_calls'];
  if (!Array.isArray(calls)) return message;
  const written = (calls as readonly { readonly function: { readonly name: string; readonly arguments: unknown } }[]).map(
    ({ function: { name, arguments: given } }) => `${CALL_OPEN}\n${JSON.stringify({ name, arguments: given })}\n${CALL_CLOSE}`,
  );
  return { role: message.role, content: [message.content, ...written].filter((part) => part !== '').join('\n') };
}
