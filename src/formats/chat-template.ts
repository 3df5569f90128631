/** The chat template of a model folder: `chat_template.jinja`, or a field of `tokenizer_config.json`. Source: transformers' chat templating guide. */

import { join } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../core/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';
import { checkSchema, readJsonFile, readTextFile } from './json-file.ts';

const TOKENIZER_CONFIG_FILE = 'tokenizer_config.json';
const FIELDS = z.looseObject({
  chat_template: z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]).nullish(),
});

/**
 * Reads the Jinja template of a model's or an adapter's folder; undefined when it has none.
 *
 * @throws FormatError `WEFT_FORMAT_CONFIG` when the file is damaged
 *
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { readChatTemplate } from 'weft/formats';
 *
 * await mkdir('poet');
 * await writeFile('poet/chat_template.jinja', '{{ messages[0].content }}');
 * console.log(await readChatTemplate('poet')); // {{ messages[0].content }}
 * ```
 */
export async function readChatTemplate(folder: string): Promise<string | undefined> {
  const file = await readTextFile(join(folder, 'chat_template.jinja'));
  if (file !== undefined) return file;
  const path = join(folder, TOKENIZER_CONFIG_FILE);
  const json = await readJsonFile(path);
  if (json === undefined) return undefined;
  const { chat_template: template } = checkSchema(FIELDS, json, {
    path,
    code: 'WEFT_FORMAT_CONFIG',
    remedy: 'Copy or download the file again.',
  });
  // Some models have several; the one for plain chats is called default.
  return Array.isArray(template) ? template.find(({ name }) => name === 'default')?.template : (template ?? undefined);
}

/** Writes `tokenizer_config.json`: what transformers needs beside `tokenizer.json`, and the template. */
export async function writeTokenizerConfig(
  folder: string,
  {
    tokenizer,
    contextLength,
    chatTemplate,
  }: { readonly tokenizer: Tokenizer; readonly contextLength: number; readonly chatTemplate: string | undefined },
): Promise<void> {
  const endOfText = [...tokenizer.specialTokens].find(([, tokenId]) => tokenId === tokenizer.endOfText)?.[0];
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: contextLength,
    ...(endOfText === undefined ? {} : { bos_token: endOfText, eos_token: endOfText }),
    clean_up_tokenization_spaces: false,
    ...(chatTemplate === undefined ? {} : { chat_template: chatTemplate }),
  };
  await writeFileAtomic(join(folder, TOKENIZER_CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
}
