/** Events as plain lines, for logs, pipes and CI: nothing is redrawn, and long stages speak only now and then. */

import type { StepEvent } from '../../workflows/index.ts';
import { labelled } from './columns.ts';
import { PHASE_NAMES, evalText, eventLines, progressText, stepText } from './event-text.ts';
import type { EventView, Output } from './render-events.ts';
import type { Style } from './style.ts';

/** A step is shown when this much training time has passed since the last one shown, so a log stays short. */
const SECONDS_BETWEEN_STEPS = 5;
/** Progress is shown each time another such share is done. */
const SHARE_BETWEEN_PROGRESS = 0.25;

/** A view that writes one line after the other. */
export function createLineView(output: Output, { style }: { readonly style: Style }): EventView {
  const write = (line: string): void => void output.write(`${line}\n`);
  let shownAt = -Infinity;
  let shownShare = 0;
  let hidden: StepEvent | undefined;
  const showStep = (event: StepEvent): void => {
    shownAt = event.seconds;
    hidden = undefined;
    write(labelled(PHASE_NAMES.training, stepText(event), style));
  };
  return {
    show(event) {
      if (event.kind === 'step') {
        if (event.seconds - shownAt >= SECONDS_BETWEEN_STEPS || event.step >= event.steps) showStep(event);
        else hidden = event;
        return;
      }
      // The last step before something else is said is worth a line.
      if (hidden !== undefined && (event.kind === 'phaseEnd' || event.kind === 'stopped' || event.kind === 'eval')) showStep(hidden);
      if (event.kind === 'phase') {
        shownShare = 0;
        shownAt = -Infinity;
      } else if (event.kind === 'progress' && event.total !== undefined && event.done < event.total) {
        if (event.done / event.total < shownShare + SHARE_BETWEEN_PROGRESS) return;
        shownShare = event.done / event.total;
        write(labelled(PHASE_NAMES[event.phase], progressText(event).trimStart(), style));
      } else if (event.kind === 'eval') {
        write(labelled(PHASE_NAMES.evaluation, `step ${event.step}   ${evalText(event)}`, style));
      } else if (event.kind === 'saved' && event.what === 'checkpoint') {
        write(labelled('Checkpoint', `${event.path}${event.step === undefined ? '' : `, step ${event.step}`}`, style));
      }
      for (const line of eventLines(event, style)) write(line);
    },
    end() {
      if (hidden !== undefined) showStep(hidden);
    },
  };
}
