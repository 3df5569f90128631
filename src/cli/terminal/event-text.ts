/** What each event says in words: the lines that stay, on a terminal and in a log alike. */

import type {
  ComparisonEvent,
  EvalEvent,
  Phase,
  ProgressEvent,
  SampleEvent,
  StepEvent,
  StoppedEvent,
  WorkflowEvent,
} from '../../workflows/index.ts';
import { continued, labelled, labelledLines } from './columns.ts';
import { clock, compact, duration, small, whole } from './numbers.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** How each phase is called in the left column. */
export const PHASE_NAMES: { readonly [P in Phase]: string } = {
  text: 'Text',
  tokenizer: 'Tokenizer',
  pack: 'Packing',
  baselines: 'Baselines',
  training: 'Training',
  evaluation: 'Evaluation',
  samples: 'Samples',
  save: 'Saving',
  export: 'Export',
};

/** The lines of an event that stay, samples wrapped at `width`; none for events that only move something. */
export function eventLines(event: WorkflowEvent, style: Style, width: number = Infinity): string[] {
  switch (event.kind) {
    case 'phaseEnd':
      return [labelled(PHASE_NAMES[event.phase], `${event.summary}${style.dim(`   ${duration(event.seconds)}`)}`, style)];
    case 'model': {
      const size = `${event.architecture}, ${compact(event.parameters)} parameters, context ${whole(event.contextLength)}, ${whole(event.tokensPerStep)} tokens a step`;
      const resumed = event.resumedFrom > 0 ? [continued(`continues after step ${whole(event.resumedFrom)}`)] : [];
      return [labelled('Model', size, style), ...resumed];
    }
    case 'sample':
      return sampleLines(event, style, width);
    case 'saved':
      return event.what === 'model' ? [labelled('Saved', event.path, style)] : [];
    case 'stopped':
      return [labelled('Stopped', stoppedText(event), style), ...(event.remedy === undefined ? [] : [continued(event.remedy)])];
    case 'comparison':
      return comparisonLines(event, style);
    case 'warning':
      return [labelled('Note', style.warn(event.text), style), ...(event.remedy === undefined ? [] : [continued(event.remedy)])];
    case 'phase':
    case 'progress':
    case 'step':
    case 'eval':
      return [];
  }
}

/** A step in one line, for logs. */
export function stepText(event: StepEvent): string {
  return [
    `step ${whole(event.step)} of ${whole(event.steps)}`,
    `loss ${event.loss.toFixed(4)}`,
    `learning rate ${small(event.learningRate)}`,
    `gradient norm ${event.gradientNorm.toFixed(3)}`,
    ...metricTexts(event.metrics),
    ...(event.metrics === undefined ? [`${compact(event.tokensPerSecond)} tokens/s`] : []),
    ...(event.secondsLeft === undefined ? [] : [`${clock(event.secondsLeft)} left`]),
  ].join('   ');
}

/** An evaluation in one line. */
export function evalText(event: EvalEvent): string {
  const best = event.best ? ', the best so far' : '';
  if (event.metrics !== undefined) return `held out: ${[`loss ${event.loss.toFixed(4)}`, ...metricTexts(event.metrics)].join(', ')}${best}`;
  return `held out: loss ${event.loss.toFixed(4)}, perplexity ${event.perplexity.toFixed(2)}, ${event.bitsPerByte.toFixed(4)} bits per byte${best}`;
}

function metricTexts(metrics: Readonly<Record<string, number>> = {}): readonly string[] {
  return Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(3)}`);
}

/** Progress in one line: `43%  880 of 2,048 merges`. */
export function progressText({ done, total, unit }: ProgressEvent): string {
  if (total === undefined || total <= 0) return `${compact(done)} ${unit}`;
  return `${String(Math.floor((100 * Math.min(done, total)) / total)).padStart(3)}%   ${compact(done)} of ${compact(total)} ${unit}`;
}

/** Prompt (dim) and text behind a line at the left, broken where the window ends. */
function sampleLines({ prompt, text }: SampleEvent, style: Style, width: number): string[] {
  const room = Math.max(20, width - continued('│ ').length);
  const shown = (part: string): string[] => [...printable(part).replaceAll('\t', '  ')];
  const given = shown(prompt);
  const lines: string[] = [];
  let [dim, plain, length] = ['', '', 0];
  const endLine = (): void => {
    lines.push((dim === '' ? '' : style.dim(dim)) + plain);
    [dim, plain, length] = ['', '', 0];
  };
  for (const [index, character] of [...given, ...shown(text)].entries()) {
    if (character === '\n' || length === room) endLine();
    if (character === '\n') continue;
    if (index < given.length) dim += character;
    else plain += character;
    length++;
  }
  endLine();
  return labelledLines(
    'Sample',
    lines.map((line) => style.dim('│ ') + line),
    style,
  );
}

function stoppedText({ reason, step }: StoppedEvent): string {
  const why = { time: 'the time is over', early: 'held-out loss no longer falls', interrupted: 'interrupted' }[reason];
  return `after step ${whole(step)}: ${why}`;
}

function comparisonLines({ rows }: ComparisonEvent, style: Style): string[] {
  const most = Math.max(...rows.map(({ bitsPerByte }) => bitsPerByte));
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, bitsPerByte }, index) => {
    const numbers = `${name.padEnd(width)}   ${bitsPerByte.toFixed(3)}   `;
    return continued((index === 0 ? style.bold(numbers) : numbers) + style.accent('━'.repeat(Math.round((24 * bitsPerByte) / most))));
  });
  return [labelled('Held out', 'bits per byte of text that training never saw; lower is better', style), ...lines];
}
