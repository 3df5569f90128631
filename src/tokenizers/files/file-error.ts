/** The errors of reading and writing tokenizers in files. */

import { FormatError, UsageError } from '../../core/index.ts';

/** A file that is damaged, or asks for what is not known here. */
export function formatError(origin: string, rule: string, value: unknown, remedy = 'Copy or download the file again.'): FormatError {
  return new FormatError({
    code: 'WEFT_TOKENIZER_FORMAT',
    action: `read the tokenizer ${origin}`,
    rule,
    value: String(value).slice(0, 200),
    remedy,
  });
}

/** A format that can't hold a tokenizer. */
export function cannotHold(format: string, rule: string, value: unknown): UsageError {
  return new UsageError({
    code: 'WEFT_TOKENIZER_SAVE',
    action: `save the tokenizer as ${format}`,
    rule,
    value: String(value).slice(0, 200),
    remedy: 'Save it as tokenizer.json, which holds every tokenizer.',
  });
}
