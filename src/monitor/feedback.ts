/** What people thought of answers: a line of JSON each, in a file. */

import { appendFile } from 'node:fs/promises';

/** One opinion of one answer. */
export interface Feedback {
  /** Identity of the answer, as it was given. */
  readonly id: string;
  readonly rating: 'up' | 'down';
  readonly comment?: string | undefined;
  /** Whose opinion: the name of a key. */
  readonly client: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Where opinions go. */
export interface FeedbackLog {
  add(feedback: Feedback): Promise<void>;
}

/**
 * Appends opinions to a file, one line each, one behind the other.
 *
 * @param path is made when the first comes; its folder must be there
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { createFeedbackLog } from 'weft/monitor';
 *
 * const log = createFeedbackLog('feedback.jsonl');
 * await log.add({ id: 'chatcmpl-1', rating: 'up', client: 'web', at: 0 });
 * console.log((await readFile('feedback.jsonl', 'utf8')).trim()); // {"id":"chatcmpl-1","rating":"up","client":"web","at":0}
 * ```
 */
export function createFeedbackLog(path: string): FeedbackLog {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    add(feedback) {
      const mine = turn.then(() => appendFile(path, `${JSON.stringify(feedback)}\n`));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}
