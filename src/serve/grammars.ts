/**
 * What a reply must be, from a request: `response_format` as OpenAI has it, `structured_outputs` as vLLM has it, `grammar` as llama.cpp has
 * it, or a call of a function.
 *
 * Decided: grammars are kept by the text that they were made from, the last ones, as requests of one kind come again and again and what
 * was learnt of a grammar with a vocabulary goes with it.
 */

import { UsageError } from '../core/index.ts';
import { choiceGrammar, grammarFromText, jsonObjectGrammar, jsonSchemaGrammar, regexGrammar } from '../generate/index.ts';
import type { Grammar } from '../generate/index.ts';
import { refusalOf, refuse } from './request-error.ts';
import { callSchema } from './tools.ts';
import type { Tools } from './tools.ts';

/** A form that a reply can be asked to have. */
export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly json_schema: {
        readonly name: string;
        readonly schema?: Readonly<Record<string, unknown>> | undefined;
        readonly strict?: boolean | null | undefined;
      };
    };

/** Forms that vLLM knows; one of them. */
export interface StructuredOutputs {
  readonly json?: Readonly<Record<string, unknown>> | string | undefined;
  readonly regex?: string | undefined;
  readonly choice?: readonly string[] | undefined;
  readonly grammar?: string | undefined;
  readonly json_object?: boolean | undefined;
}

/** What a body says of the form of its replies. */
export interface FormBody {
  readonly response_format?: ResponseFormat | undefined;
  readonly structured_outputs?: StructuredOutputs | undefined;
  /** In GBNF. */
  readonly grammar?: string | undefined;
}

const KEPT = 64;
const grammars = new Map<string, Grammar>();

/** The grammar of a source, which `make` makes where it is not kept. */
function kept(source: unknown, make: () => Grammar): Grammar {
  const key = JSON.stringify(source);
  const grammar = grammars.get(key) ?? make();
  grammars.delete(key);
  grammars.set(key, grammar);
  const [oldest] = grammars.keys();
  if (grammars.size > KEPT && oldest !== undefined) grammars.delete(oldest);
  return grammar;
}

/**
 * The grammar that a reply must be of; undefined where it is free.
 *
 * @throws RequestError 400 that names the parameter: more than one form, a schema or an expression that cannot be followed
 */
export function grammarOf(body: FormBody, tools?: Tools): Grammar | undefined {
  const schema = tools === undefined ? undefined : callSchema(tools);
  const forms: readonly (readonly [param: string, make: () => Grammar | undefined])[] = [
    ...(schema === undefined
      ? []
      : [['tools', () => kept(['call', schema], () => jsonSchemaGrammar(schema, { additionalProperties: false }))] as const]),
    ...(body.response_format === undefined || body.response_format.type === 'text'
      ? []
      : [['response_format', () => formatGrammar(body.response_format as ResponseFormat)] as const]),
    ...Object.entries(body.structured_outputs ?? {}).flatMap(([form, value]) =>
      value === undefined || value === false ? [] : [[`structured_outputs.${form}`, () => structuredGrammar(form, value)] as const],
    ),
    ...(body.grammar === undefined || body.grammar === ''
      ? []
      : [['grammar', () => kept(['gbnf', body.grammar], () => grammarFromText(body.grammar ?? ''))] as const]),
  ];
  const [first, second] = forms;
  if (second !== undefined) {
    throw refuse('WEFT_SERVE_PARAMETER', {
      rule: 'a reply can be asked to have one form alone',
      value: forms.map(([param]) => param).join(' and '),
      remedy: 'Leave the others out.',
      param: second[0],
    });
  }
  if (first === undefined) return undefined;
  const [param, make] = first;
  try {
    return make();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw refusalOf(error, param);
  }
}

function formatGrammar(format: ResponseFormat): Grammar | undefined {
  if (format.type === 'text') return undefined;
  if (format.type === 'json_object') return kept('json object', jsonObjectGrammar);
  const { schema = {} } = format.json_schema;
  return kept(['schema', schema], () => jsonSchemaGrammar(schema, { additionalProperties: false }));
}

function structuredGrammar(form: string, value: unknown): Grammar {
  switch (form) {
    case 'json': {
      const schema = typeof value === 'string' ? parsed(value) : value;
      return kept(['schema', schema], () => jsonSchemaGrammar(schema, { additionalProperties: false }));
    }
    case 'regex':
      return kept(['regex', value], () => regexGrammar(String(value)));
    case 'choice':
      return kept(['choice', value], () => choiceGrammar(value as readonly string[]));
    case 'grammar':
      return kept(['gbnf', value], () => grammarFromText(String(value)));
    default:
      return kept('json object', jsonObjectGrammar);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError({
      code: 'WEFT_GENERATE_SCHEMA',
      action: 'follow a JSON schema',
      rule: 'it must be JSON',
      value: error instanceof Error ? error.message : String(error),
      remedy: 'Send the schema as an object.',
    });
  }
}
