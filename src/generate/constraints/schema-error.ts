/** The error of a schema: where it stands in it, and what can't be followed. */

import { UsageError } from '../../core/index.ts';

/** The error of a part of a schema. `path` is a JSON pointer that begins with `#`; the keyword is its last part. */
export function schemaRefusal(rule: string, path: string): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_SCHEMA',
    action: 'follow a JSON schema',
    rule,
    value: path.length > 200 ? `${path.slice(0, 200)}…` : path,
    remedy: 'Take the keyword out of the schema, or ask for a simpler form and check the reply afterwards.',
  });
}
