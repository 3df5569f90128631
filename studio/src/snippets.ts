/** A request of the playground as code that makes it from elsewhere. */

import { openaiSampling } from './sampling.ts';
import type { SamplingRequest } from './sampling.ts';
import { literal } from './source-literal.ts';
import type { Message } from './use-chat.ts';

/** A request, whichever way it is made. */
export type SnippetRequest = { readonly model: string; readonly sampling: SamplingRequest } & (
  | { readonly kind: 'chat'; readonly messages: readonly Message[] }
  | { readonly kind: 'completion'; readonly prompt: string }
);

/** What the code is for. */
export type SnippetKind = 'curl' | 'openai' | 'weft';

/** The code; `origin` is where the server answers. */
export function snippet(kind: SnippetKind, request: SnippetRequest, origin: string): string {
  if (kind === 'curl') return curl(request, origin);
  return kind === 'openai' ? openai(request, origin) : weft(request);
}

/** The body of the request as the API has it. */
export function bodyOf(request: SnippetRequest): Readonly<Record<string, unknown>> {
  const { model, kind, sampling } = request;
  return { model, ...(kind === 'chat' ? { messages: request.messages } : { prompt: request.prompt }), ...openaiSampling(sampling, kind) };
}

const PATHS = { chat: 'chat/completions', completion: 'completions' } as const;

/** For a shell of POSIX: all but the variable stands in single quotes. */
function curl(request: SnippetRequest, origin: string): string {
  const body = JSON.stringify(bodyOf(request), null, 2);
  return `curl ${quoted(`${origin}/v1/${PATHS[request.kind]}`)} \\
  -H 'content-type: application/json' \\
  -H "authorization: Bearer $WEFT_API_KEY" \\
  -d ${quoted(body)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What Weft's API takes beside OpenAI's, so that the package's types do not know it. */
const OWN: readonly string[] = ['top_k', 'min_p', 'repetition_penalty'];

function openai(request: SnippetRequest, origin: string): string {
  const body = Object.entries(bodyOf(request));
  const own = Object.fromEntries(body.filter(([name]) => OWN.includes(name)));
  const known = Object.fromEntries(body.filter(([name]) => !OWN.includes(name)));
  const extra = Object.keys(own).length > 0;
  const lines = Object.entries({ ...known, stream: true }).map(([name, value]) => `  ${name}: ${literal(value, '  ')},\n`);
  const given = `{\n${lines.join('')}${extra ? '  ...own,\n' : ''}}`;
  const chat = request.kind === 'chat';
  return `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: ${literal(`${origin}/v1`)}, apiKey: process.env['WEFT_API_KEY'] ?? 'none' });
${extra ? `// Weft's own, which the types of the package do not know.\nconst own = ${literal(own)};\n` : ''}const stream = await client.${chat ? 'chat.completions' : 'completions'}.create(${given});
for await (const { choices } of stream) process.stdout.write(choices[0]?.${chat ? 'delta.content' : 'text'} ?? '');
`;
}

function weft({ model, sampling: { responseFormat, ...sampling }, ...request }: SnippetRequest): string {
  const { json_schema: schema } = (responseFormat ?? {}) as { readonly json_schema?: { readonly schema: unknown } };
  const grammar =
    responseFormat === undefined
      ? undefined
      : schema === undefined
        ? { name: 'jsonObjectGrammar', call: 'jsonObjectGrammar()' }
        : { name: 'jsonSchemaGrammar', call: `jsonSchemaGrammar(${literal(schema.schema)}, { additionalProperties: false })` };
  const options = Object.entries(sampling).map(([name, value]) => `  ${name}: ${literal(value, '  ')},\n`);
  if (grammar !== undefined) options.push('  grammar,\n');
  const given = options.length === 0 ? '' : `, {\n${options.join('')}}`;
  const chat = request.kind === 'chat';
  return `import { ${[...(grammar === undefined ? [] : [grammar.name]), 'loadTextModel'].join(', ')} } from 'weft/generate';
${chat ? "import { chatTokens } from 'weft/tokenizers';\n" : ''}
// The folder that is served as ${JSON.stringify(model)}.
const model = await loadTextModel('path/to/model');
const prompt = ${chat ? `await chatTokens(model, ${literal(request.messages)})` : literal(request.prompt)};
${grammar === undefined ? '' : `const grammar = ${grammar.call};\n`}for await (const { text } of model.generate(prompt${given})) process.stdout.write(text);
await model.close();
`;
}
