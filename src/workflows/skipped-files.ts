/** Files that a folder or a glob led to and that are no text: left out, which the user should know. */

import type { Corpus } from '../data/index.ts';
import type { WorkflowHooks } from './events.ts';

/** Warns of what was left out of a corpus that has been read. */
export function warnOfSkippedFiles(corpus: Corpus, onEvent: WorkflowHooks['onEvent'] | undefined): void {
  const { skipped, skippedFiles } = corpus.summary?.() ?? { skipped: 0, skippedFiles: [] };
  const [first] = skippedFiles;
  if (first === undefined) return;
  onEvent?.({
    kind: 'warning',
    text: skipped === 1 ? `1 file was left out: ${first.path}` : `${skipped} files were left out, the first of them ${first.path}`,
    remedy: first.reason,
  });
}
