/**
 * Vocabularies as the first models published them: `vocab.json` with `merges.txt` (GPT-2's byte-level BPE), and `vocab.txt` (BERT's
 * WordPiece). What they don't say is in `tokenizer_config.json` and `added_tokens.json` beside them, or is what GPT-2 and BERT had.
 *
 * Sources: huggingface/transformers, `convert_slow_tokenizer.py` (`GPT2Converter`, `RobertaConverter`, `Qwen2Converter`,
 * `BertConverter`) and `tokenization_bert.py` (`load_vocab`).
 */

import { textToBytes } from '../byte-alphabet.ts';
import { type JsonObject, type JsonReader, createJsonReader } from '../json/json-reader.ts';
import type { AddedTokenJson, PostProcessorJson, TokenizerJson } from '../json/tokenizer-json.ts';
import { SPLITTINGS } from '../splitting/splittings.ts';
import { LARGEST_VOCABULARY } from '../tokenizer.ts';
import { addedToken, byteLevelJson, wordPieceJson } from './bare-json.ts';
import { cannotHold, formatError } from './file-error.ts';

/** The files of a byte-level vocabulary, parsed as far as JSON goes. */
export interface VocabularyFiles {
  readonly vocabulary: unknown;
  readonly merges: string;
  /** `tokenizer_config.json`. */
  readonly config?: unknown;
  /** `added_tokens.json`. */
  readonly added?: unknown;
}

/** What classes of transformers do that GPT-2's doesn't. */
const CLASSES: ReadonlyMap<string, 'roberta' | 'qwen2'> = new Map([
  ...['Roberta', 'Bart', 'Longformer', 'LED', 'MVP'].map((name): [string, 'roberta'] => [name, 'roberta']),
  ['Qwen2', 'qwen2'],
]);

/** The `tokenizer.json` of `vocab.json` and `merges.txt`. */
export function readVocabularyFiles({ vocabulary: json, merges, config = {}, added = {} }: VocabularyFiles, origin: string): TokenizerJson {
  const reader = createJsonReader(origin);
  const vocabulary = readIds(reader, json, 'vocab.json');
  const settings = reader.object(config, 'tokenizer_config.json');
  const className = settings['tokenizer_class'];
  const kind = typeof className === 'string' ? CLASSES.get(className.replace(/Tokenizer(?:Fast)?$/, '')) : undefined;
  const pairs = readMerges(merges, origin);
  const made = new Set(pairs.map(([left, right]) => left + right));
  // What neither a byte nor a merge makes was put there to be found in text.
  const special = [...vocabulary]
    .filter(([text]) => !made.has(text) && textToBytes(text)?.length !== 1)
    .map(([text, id]) => addedToken(text, id));
  const allAdded = addedTokens(reader, { kind, special, settings, added });
  const base = byteLevelJson({
    // Added tokens that the vocabulary lacks would get the next ids, whatever theirs are.
    vocabulary: new Map([...vocabulary, ...allAdded.map(({ content, id }): [string, number] => [content, id])]),
    merges: pairs,
    patterns: kind === 'qwen2' ? [SPLITTINGS.qwen2.pattern] : [],
    added: allAdded,
    postProcessor: kind === 'roberta' ? robertaProcessing(vocabulary) : null,
  });
  return kind === 'qwen2' ? { ...base, normalizer: { type: 'NFC' } } : base;
}

/**
 * `vocab.json` and `merges.txt` of a byte-level tokenizer.
 *
 * @throws UsageError `WEFT_TOKENIZER_SAVE` when it is another kind, or splits text in another way than GPT-2, as the files don't say how.
 */
export function writeVocabularyFiles({ model, normalizer, pre_tokenizer: split, added_tokens: added }: TokenizerJson): {
  readonly vocabulary: string;
  readonly merges: string;
} {
  const format = 'vocab.json and merges.txt';
  if (model.type !== 'BPE' || split?.type !== 'ByteLevel')
    throw cannotHold(format, "they hold BPE with GPT-2's splitting alone", `${model.type}, ${split?.type ?? 'no splitting'}`);
  if (normalizer !== null || split.add_prefix_space || !split.use_regex || model.ignore_merges)
    throw cannotHold(format, 'they hold no normalizer and no other setting', normalizer?.type ?? 'add_prefix_space');
  const all = new Map(Object.entries(model.vocab));
  const made = new Set(model.merges.map(([left, right]) => left + right));
  for (const [text] of all) {
    if (made.has(text) || textToBytes(text)?.length === 1 || added.some(({ content }) => content === text)) continue;
    throw cannotHold(format, 'every token is a byte, merged, or a special token', text);
  }
  for (const { content, id, special } of added) {
    if (!special) throw cannotHold(format, 'added tokens are special there', content);
    if (made.has(content)) throw cannotHold(format, 'a special token is none that merges make', content);
    all.set(content, id);
  }
  const vocabulary = Object.fromEntries([...all].sort((a, b) => a[1] - b[1]));
  return {
    vocabulary: `${JSON.stringify(vocabulary)}\n`,
    merges: `#version: 0.2\n${model.merges.map(([left, right]) => `${left} ${right}\n`).join('')}`,
  };
}

/** Settings of BERT's tokenizer; `vocab.txt` says none of them. */
export interface WordPieceSettings {
  /** Whether text becomes lower case. Default: what the configuration says, else true. */
  readonly lowercase?: boolean | undefined;
  /** `tokenizer_config.json`. */
  readonly config?: unknown;
}

/** The `tokenizer.json` of a `vocab.txt`: a token a line, whose number is its id; the last of equal ones counts. */
export function readVocabularyText(text: string, origin: string, { lowercase, config = {} }: WordPieceSettings = {}): TokenizerJson {
  const settings = createJsonReader(origin).object(config, 'tokenizer_config.json');
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > LARGEST_VOCABULARY) throw formatError(origin, `it has ${LARGEST_VOCABULARY} lines or fewer`, lines.length);
  const vocabulary = new Map(lines.map((line, id) => [line, id]));
  vocabulary.delete('');
  const nameOf = (key: string, usual: string): string => {
    const value = settings[key];
    return typeof value === 'string' ? value : usual;
  };
  const flagOf = (key: string): boolean | undefined => (typeof settings[key] === 'boolean' ? settings[key] : undefined);
  const unknown = nameOf('unk_token', '[UNK]');
  if (!vocabulary.has(unknown)) throw formatError(origin, `a vocabulary of WordPiece has ${unknown}`, `${lines.length} lines without it`);
  const around = { before: nameOf('cls_token', '[CLS]'), behind: nameOf('sep_token', '[SEP]') };
  const special = [unknown, around.before, around.behind, nameOf('pad_token', '[PAD]'), nameOf('mask_token', '[MASK]')];
  return wordPieceJson({
    vocabulary,
    unknown,
    special: [...new Set(special)].filter((token) => vocabulary.has(token)),
    lowercase: lowercase ?? flagOf('do_lower_case') ?? true,
    stripAccents: flagOf('strip_accents') ?? null,
    chinese: flagOf('tokenize_chinese_chars') ?? true,
    around: vocabulary.has(around.before) && vocabulary.has(around.behind) ? around : undefined,
  });
}

/**
 * The `vocab.txt` of a WordPiece tokenizer. Whether text becomes lower case is no part of it.
 *
 * @throws UsageError `WEFT_TOKENIZER_SAVE` when it is another kind, ids have gaps, or a token has a line end.
 */
export function writeVocabularyText({ model, pre_tokenizer: split, normalizer, added_tokens: added }: TokenizerJson): string {
  const format = 'vocab.txt';
  if (model.type !== 'WordPiece') throw cannotHold(format, 'it holds WordPiece alone', model.type);
  if (model.continuing_subword_prefix !== '##' || split?.type !== 'BertPreTokenizer' || normalizer?.type !== 'BertNormalizer') {
    throw cannotHold(
      format,
      "it holds BERT's splitting and ## alone",
      `${split?.type ?? 'no splitting'}, ${normalizer?.type ?? 'no normalizer'}`,
    );
  }
  const lines: string[] = [];
  for (const [text, id] of [...Object.entries(model.vocab), ...added.map(({ content, id }): [string, number] => [content, id])]) {
    if (/[\r\n]/.test(text)) throw cannotHold(format, 'tokens have no line ends there', JSON.stringify(text));
    lines[id] = text;
  }
  const gap = Array.from(lines).findIndex((line) => line === undefined);
  if (gap >= 0) throw cannotHold(format, 'ids have no gaps there', `none for ${gap}`);
  return lines.map((line) => `${line}\n`).join('');
}

function readIds(reader: JsonReader, json: unknown, name: string): Map<string, number> {
  const entries = Object.entries(reader.object(json, name));
  reader.demand(entries.length <= LARGEST_VOCABULARY, `${name} has ${LARGEST_VOCABULARY} tokens or fewer`, entries.length);
  const bad = entries.find(([, id]) => !Number.isInteger(id) || (id as number) < 0);
  if (bad !== undefined) reader.fail(`ids of ${name} are integers from 0`, `${bad[0].slice(0, 40)}: ${String(bad[1])}`);
  return new Map(entries as [string, number][]);
}

function readMerges(text: string, origin: string): readonly (readonly [string, string])[] {
  const merges: (readonly [string, string])[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || (index === 0 && line.startsWith('#version'))) continue;
    const [left, right, more] = line.split(' ');
    if (left === undefined || right === undefined || left === '' || right === '' || more !== undefined) {
      throw formatError(
        origin,
        'every line of merges.txt is two tokens and a space between them',
        `line ${index + 1}: ${line.slice(0, 80)}`,
      );
    }
    if (merges.length >= LARGEST_VOCABULARY) throw formatError(origin, `merges.txt has ${LARGEST_VOCABULARY} lines or fewer`, 'more');
    merges.push([left, right]);
  }
  return merges;
}

/** What was put into the vocabulary, and what the files beside it add. */
function addedTokens(
  reader: JsonReader,
  parts: {
    readonly kind: 'roberta' | 'qwen2' | undefined;
    readonly special: readonly AddedTokenJson[];
    readonly settings: JsonObject;
    readonly added: unknown;
  },
): readonly AddedTokenJson[] {
  const { special, settings, added, kind } = parts;
  const tokens = new Map(special.map((token) => [token.content, token]));
  if (kind === 'roberta' && tokens.has('<mask>')) tokens.set('<mask>', { ...(tokens.get('<mask>') as AddedTokenJson), lstrip: true });
  for (const [content, id] of readIds(reader, added, 'added_tokens.json')) tokens.set(content, addedToken(content, id));
  for (const [key, value] of Object.entries(reader.object(settings['added_tokens_decoder'] ?? {}, 'added_tokens_decoder'))) {
    const token = reader.object(value, `added_tokens_decoder.${key}`);
    const { content } = token;
    if (typeof content !== 'string') return reader.fail(`added_tokens_decoder.${key}.content is a text`, content);
    const flag = (name: string): boolean => token[name] === true;
    tokens.set(content, {
      id: Number(key),
      content,
      single_word: flag('single_word'),
      lstrip: flag('lstrip'),
      rstrip: flag('rstrip'),
      normalized: flag('normalized'),
      special: flag('special'),
    });
  }
  return [...tokens.values()].sort((a, b) => a.id - b.id);
}

function robertaProcessing(vocabulary: ReadonlyMap<string, number>): PostProcessorJson | null {
  const [cls, sep] = [vocabulary.get('<s>'), vocabulary.get('</s>')];
  if (cls === undefined || sep === undefined) return null;
  return { type: 'RobertaProcessing', sep: ['</s>', sep], cls: ['<s>', cls], trim_offsets: true, add_prefix_space: false };
}
