/** An evaluation as lines for people. */

import { comparisonRows } from '../../workflows/index.ts';
import type { ModelEvaluation } from '../../workflows/index.ts';
import { labelled } from './columns.ts';
import { eventLines } from './event-text.ts';
import { byteSize, counted } from './numbers.ts';
import type { Style } from './style.ts';

/** What `weft eval` prints. */
export function evaluationLines(result: ModelEvaluation, style: Style): string[] {
  const { documents, bytes, tokens, loss, perplexity, bitsPerByte, baselines } = result;
  return [
    labelled('Text', `${counted(documents, 'document')}, ${byteSize(bytes)}, ${counted(tokens, 'token')}`, style),
    labelled('Loss', `${loss.toFixed(4)} nats a token`, style),
    labelled('Perplexity', `${perplexity.toFixed(3)} a token`, style),
    ...eventLines({ kind: 'comparison', bytes, rows: comparisonRows(bitsPerByte, { ...baselines }) }, style),
  ];
}
