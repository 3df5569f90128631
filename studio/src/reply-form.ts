/** What a reply is to look like: where it stops, and whether it is JSON. */

/** See the file's head; texts as they are written in the page's fields. */
export interface FormSettings {
  /** Texts that end the reply, one a line. */
  readonly stop: string;
  readonly form: 'text' | 'json' | 'schema';
  /** The JSON schema. */
  readonly schema: string;
}

/** An example to begin from. */
export const EXAMPLE_SCHEMA = `{
  "type": "object",
  "properties": {
    "name": { "type": "string" },
    "age": { "type": "integer", "minimum": 0 }
  },
  "required": ["name", "age"]
}`;

const MOST_STOPS = 16; // The server's bound.

/** The stops, one a line; \\n, \\t and \\\\ mean what they do in JSON. */
export function stopTexts(lines: string): readonly string[] {
  const signs: Readonly<Record<string, string>> = { n: '\n', t: '\t', '\\': '\\' };
  const texts = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/\\([nt\\])/g, (_, sign: string) => signs[sign] ?? ''));
  return [...new Set(texts)].slice(0, MOST_STOPS);
}

/** A schema, or why a text is none. */
export type SchemaText = { readonly schema: Readonly<Record<string, unknown>> } | { readonly trouble: string };

/** The schema that a text is. */
export function schemaIn(text: string): SchemaText {
  if (text.trim() === '') return { trouble: 'There is no schema yet. Write one, or take the example.' };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { schema: value as Readonly<Record<string, unknown>> };
    return { trouble: 'A schema is a JSON object. Put it into braces.' };
  } catch (error) {
    return { trouble: `This is not JSON: ${(error as Error).message}. Mend it, or choose another form.` };
  }
}

/** Why the settings cannot be sent; undefined when they can. */
export function formTrouble({ form, schema }: FormSettings): string | undefined {
  if (form !== 'schema') return undefined;
  const read = schemaIn(schema);
  return 'trouble' in read ? read.trouble : undefined;
}

/** The form as requests have it; undefined for any text, and for a schema that is none. */
export function replyForm({ form, schema: text }: FormSettings): object | undefined {
  if (form === 'text') return undefined;
  if (form === 'json') return { type: 'json_object' };
  const read = schemaIn(text);
  return 'trouble' in read ? undefined : { type: 'json_schema', json_schema: { name: 'reply', strict: true, schema: read.schema } };
}
