/** Events on a terminal: the lines that stay, and under them an area redrawn in place for what is going on. */

import { createLogUpdate } from 'log-update';

import type { EvalEvent, ProgressEvent, StepEvent, WorkflowEvent } from '../../workflows/index.ts';
import { bar } from './bar.ts';
import { continued, labelled, labelledLines } from './columns.ts';
import { PHASE_NAMES, eventLines, progressText } from './event-text.ts';
import { createLossCurve } from './loss-curve.ts';
import { clock, compact, whole } from './numbers.ts';
import type { EventView, Output } from './render-events.ts';
import type { Style } from './style.ts';

/** Milliseconds between two redraws: fast enough to look alive, slow enough to cost nothing beside training. */
const REDRAW_EVERY = 100;
const CURVE_HEIGHT = 8;
const BAR_WIDTH = 32;
const BETWEEN = '   ';

/** A view that redraws its last lines in place. */
export function createLiveView(output: Output, { style, now }: { readonly style: Style; readonly now: () => number }): EventView {
  const area = createLogUpdate(output as NodeJS.WriteStream);
  const curve = createLossCurve();
  let phase: WorkflowEvent & { readonly kind: 'phase' } = { kind: 'phase', phase: 'text' };
  let progress: ProgressEvent | undefined;
  let step: StepEvent | undefined;
  let evaluation: EvalEvent | undefined;
  let checkpoint: number | undefined;
  let active = false;
  let drawnAt = -Infinity;

  const columns = (): number => output.columns ?? 80;
  const rows = (): number => output.rows ?? 24;

  const frame = (): string[] => {
    const name = PHASE_NAMES[phase.phase];
    if (phase.phase === 'training' && step !== undefined) return trainingFrame(name, step);
    if (progress?.total !== undefined) {
      return [labelled(name, `${bar(progress.done / progress.total, BAR_WIDTH, style)}  ${progressText(progress)}`, style)];
    }
    return [labelled(name, progress === undefined ? '…' : progressText(progress), style)];
  };

  const trainingFrame = (name: string, current: StepEvent): string[] => {
    const share = current.step / current.steps;
    const left = current.secondsLeft === undefined ? '' : `   ${clock(current.secondsLeft)} left`;
    const percent = `${String(Math.floor(100 * Math.min(1, share))).padStart(3)}%`;
    return [
      labelled(name, `${bar(share, Math.min(BAR_WIDTH, Math.max(8, columns() - 40)), style)}  ${percent}${left}`, style),
      ...numbers(current).map(continued),
      ...curveLines(),
    ];
  };

  /** What is known of a step, in lines that are broken between two numbers where the window ends. */
  const numbers = (current: StepEvent): string[] => {
    const lines: string[] = [];
    let width = Infinity;
    for (const part of [
      `step ${whole(current.step)} of ${whole(current.steps)}`,
      `loss ${current.loss.toFixed(3)}`,
      `${compact(current.tokensPerSecond)} tokens/s`,
      ...(evaluation === undefined ? [] : [`held out ${evaluation.loss.toFixed(3)}`]),
      ...(checkpoint === undefined ? [] : [`saved at ${whole(checkpoint)}`]),
    ]) {
      const shown = part.startsWith('loss') ? style.bold(part) : part;
      width += BETWEEN.length + part.length;
      if (continued('').length + width < columns()) lines.push(`${lines.pop() ?? ''}${BETWEEN}${shown}`);
      else {
        lines.push(shown);
        width = part.length;
      }
    }
    return lines;
  };

  const curveLines = (): string[] => {
    // A low window keeps the bar and the numbers; the curve is what can go.
    if (step === undefined || rows() < CURVE_HEIGHT + 6) return [];
    const lines = curve.draw({ steps: step.steps, width: Math.min(columns() - 16, 76), height: CURVE_HEIGHT });
    return lines.length === 0 ? [] : ['', ...lines.map((line) => continued(style.accent(line))), ' '];
  };

  /** What stays of a training when something else begins or all ends: its last numbers and the curve. */
  const trained = (): string[] =>
    phase.phase === 'training' && step !== undefined ? [...labelledLines(PHASE_NAMES.training, numbers(step), style), ...curveLines()] : [];

  const draw = (force: boolean): void => {
    if (!active || (!force && now() - drawnAt < REDRAW_EVERY)) return;
    drawnAt = now();
    area(frame().join('\n'));
  };

  const persist = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    area.clear();
    output.write(`${lines.join('\n')}\n`);
    draw(true);
  };

  /** Ends the area; `last` stays on the screen. */
  const leave = (last: readonly string[]): void => {
    if (!active) return;
    if (last.length > 0) area(last.join('\n'));
    else area.clear();
    area.done();
    active = false;
    progress = undefined;
  };

  return {
    show(event) {
      switch (event.kind) {
        case 'phase':
          leave(trained());
          phase = event;
          active = true;
          break;
        case 'progress':
          progress = event;
          break;
        case 'step':
          step = event;
          curve.add(event.step, event.loss);
          break;
        case 'eval':
          evaluation = event;
          break;
        case 'saved':
          if (event.what === 'checkpoint') checkpoint = event.step;
          break;
        case 'phaseEnd':
          leave(event.phase === 'training' ? curveLines() : []);
          break;
        case 'stopped':
          leave(trained());
          break;
        case 'model':
          for (const { step: done, loss } of event.earlier) curve.add(done, loss);
          break;
        case 'sample':
        case 'comparison':
        case 'warning':
          break;
      }
      persist(eventLines(event, style, columns()));
      draw(event.kind === 'phase');
    },
    end() {
      leave(trained());
    },
  };
}
