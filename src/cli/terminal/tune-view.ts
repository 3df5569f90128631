/**
 * Shows a search: on a terminal a table of the best trials and of those that run, redrawn in place; elsewhere a line for each trial that
 * came to a rung. At the end the table and a plot of the best loss.
 */

import { createLogUpdate } from 'log-update';

import type { Trial, TuneBeginEvent, TuneEvent, TuneResult, TuneStepEvent } from '../../workflows/index.ts';
import { bar } from './bar.ts';
import { continued, labelled, labelledLines } from './columns.ts';
import { PHASE_NAMES, eventLines } from './event-text.ts';
import { clock, compact, counted, duration, whole } from './numbers.ts';
import { printable } from './printable.ts';
import type { Output, RenderOptions } from './render-events.ts';
import { createStyle } from './style.ts';
import type { Style } from './style.ts';
import { bestLossPlot, lossText, trialTable, valuesText } from './tune-lines.ts';

/** Shows what a search tells. */
export interface TuneView {
  show(event: TuneEvent): void;
  /** The table and the plot at the end. */
  result(result: TuneResult): void;
  /** Leaves the terminal in order. May be called twice. */
  end(): void;
}

const REDRAW_EVERY = 100;
const BEST_SHOWN = 8;
const BAR_WIDTH = 24;
const NO_WIDTH = 200;

/** A view of a search on `output`. */
export function createTuneView(output: Output, { env, now }: RenderOptions): TuneView {
  const style = createStyle(output.isTTY === true, env);
  const live = output.isTTY === true && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === '';
  const width = (): number => (output.isTTY === true ? (output.columns ?? 80) : NO_WIDTH);
  const write = (lines: readonly string[]): void => void (lines.length > 0 && output.write(`${lines.join('\n')}\n`));
  const area = live ? createLogUpdate(output as NodeJS.WriteStream) : undefined;
  const steps = new Map<number, TuneStepEvent>();
  let begin: TuneBeginEvent | undefined;
  let trials: readonly Trial[] = [];
  let waiting: string | undefined;
  let drawnAt = -Infinity;
  const startedAt = now();

  const draw = (force: boolean): void => {
    if (area === undefined || (!force && now() - drawnAt < REDRAW_EVERY)) return;
    drawnAt = now();
    if (begin !== undefined) area(frame(begin).join('\n'));
    else if (waiting !== undefined) area(waiting);
  };
  const frame = ({ budget }: TuneBeginEvent): string[] => {
    const taken = trials.reduce((sum, trial) => sum + Math.max(trial.steps, steps.get(trial.id)?.step ?? 0), 0);
    const seconds = (now() - startedAt) / 1000;
    const shares = [taken / budget.steps, trials.length / budget.trials, seconds / 60 / budget.minutes];
    const running = trials.filter(({ status }) => status === 'running');
    const room = Math.max(1, (output.rows ?? 24) - running.length - 6);
    return [
      labelled(
        'Search',
        `${bar(Math.max(...shares), BAR_WIDTH, style)}   ${counted(trials.length, 'trial')}   ${compact(taken)} steps   ${clock(seconds)}`,
        style,
      ),
      ...running.map(({ id, values }) => continued(runningText(id, steps.get(id), valuesText(values)).slice(0, width() - 15))),
      '',
      ...trialTable(best(trials).slice(0, Math.min(BEST_SHOWN, room)), { style, width: width() - 1 }),
    ];
  };
  const persist = (lines: readonly string[]): void => {
    area?.clear();
    write(lines);
    draw(true);
  };
  return {
    show(event) {
      switch (event.kind) {
        case 'preparing':
          waiting = labelled(
            event.what === 'data' ? PHASE_NAMES.text : 'Machine',
            event.what === 'data' ? 'reading and packing …' : 'measuring …',
            style,
          );
          persist(event.event === undefined ? [] : eventLines(event.event, style, width()));
          break;
        case 'split':
          persist(splitLines(event.rows, style));
          break;
        case 'begin':
          begin = event;
          trials = event.trials;
          persist(beginLines(event, style));
          break;
        case 'step':
          steps.set(event.trial, event);
          draw(false);
          break;
        case 'trial': {
          const { trial } = event;
          trials = event.trials;
          const failed = trial.status === 'failed';
          if (live) persist(failed ? [labelled('Note', style.warn(`trial ${trial.id} ${failureText(trial)}`), style)] : []);
          else if (trial.status !== 'running') write([labelled(`Trial ${trial.id}`, trialText(trial), style)]);
          break;
        }
      }
    },
    result(result) {
      area?.clear();
      area?.done();
      begin = undefined;
      waiting = undefined;
      write(resultLines(result, trials, { style, width: width() }));
    },
    end() {
      if (begin !== undefined && area !== undefined) draw(true);
      else area?.clear();
      area?.done();
      begin = undefined;
      waiting = undefined;
    },
  };
}

function best(trials: readonly Trial[]): readonly Trial[] {
  return trials.filter(({ loss }) => Number.isFinite(loss)).toSorted((a, b) => a.loss - b.loss || a.id - b.id);
}

function trialText(trial: Trial): string {
  const { loss, steps, values, status } = trial;
  if (status === 'failed') return failureText(trial);
  return `${status === 'diverged' ? 'diverged' : `loss ${lossText(loss)}`}   ${whole(steps)} steps   ${valuesText(values)}`;
}

/** What a process said at its end may be anything. */
function failureText({ message = '' }: Trial): string {
  return `failed: ${printable(message.replaceAll('\n', ' '))}`;
}

function runningText(id: number, step: TuneStepEvent | undefined, values: string): string {
  const where = step === undefined ? 'begins' : `step ${whole(step.step)} of ${whole(step.until)}, loss ${step.loss.toFixed(3)}`;
  return `trial ${id}: ${where}   ${values}`;
}

function splitLines(
  rows: readonly { readonly parallel: number; readonly threads: number; readonly stepsPerSecond: number }[],
  style: Style,
): string[] {
  const lines = rows.map(
    ({ parallel, threads, stepsPerSecond }) => `${stepsPerSecond.toFixed(1).padStart(7)} steps/s   ${splitText(parallel, threads)}`,
  );
  return labelledLines('Machine', lines, style);
}

function splitText(parallel: number, threads: number): string {
  return `${counted(parallel, 'trial')} at a time, ${counted(threads, 'thread')} each`;
}

function beginLines({ strategy, parallel, threads, rungs, budget, trials, folder, unit }: TuneBeginEvent, style: Style): string[] {
  const limits = [
    ...(Number.isFinite(budget.trials) ? [counted(budget.trials, 'trial')] : []),
    ...(Number.isFinite(budget.steps) ? [counted(budget.steps, 'step')] : []),
    ...(Number.isFinite(budget.minutes) ? [`${budget.minutes} minutes`] : []),
  ];
  return labelledLines(
    'Search',
    [
      `${strategy}, ${splitText(parallel, threads)}, up to ${limits.join(', ')}`,
      `${rungs.length === 1 ? 'trials of' : 'rungs at'} ${rungs.map(whole).join(', ')} steps; loss in ${unit}; in ${folder}`,
      ...(trials.length === 0 ? [] : [`goes on after ${counted(trials.length, 'trial')}`]),
    ],
    style,
  );
}

function resultLines(
  { best: winner, recipe, folder, seconds, steps, trials: ranking, unit }: TuneResult,
  trials: readonly Trial[],
  { style, width }: { readonly style: Style; readonly width: number },
): string[] {
  const bad = ranking.filter(({ loss }) => loss === null).length;
  return [
    '',
    ...trialTable(best(trials).slice(0, BEST_SHOWN), { style, width }),
    '',
    ...bestLossPlot(trials, width - 2).map((line) => `  ${style.accent(line)}`),
    '',
    labelled('Best', style.good(`trial ${winner.id}: ${lossText(winner.loss ?? Infinity)} ${unit}`), style),
    continued(valuesText(winner.values)),
    labelled(
      'Search',
      `${counted(ranking.length, 'trial')}${bad === 0 ? '' : `, ${whole(bad)} diverged or failed`}, ${counted(steps, 'step')}, ${duration(seconds)}, in ${folder}`,
      style,
    ),
    labelled('Recipe', recipe, style),
    continued(`Train it to the end with: weft train ${recipe} --out runs/best`),
  ];
}
