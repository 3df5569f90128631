/**
 * Shows the events of a workflow: on a terminal an area that is redrawn in place (bar, numbers, loss curve) under the
 * lines that stay; elsewhere plain lines, one now and then.
 */

import type { WorkflowEvent } from '../../workflows/index.ts';
import { createLineView } from './line-view.ts';
import { createLiveView } from './live-view.ts';
import { createStyle } from './style.ts';

/** Where to show events: `process.stdout`, `process.stderr` or a stand-in. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Width of the terminal in cells. */
  readonly columns?: number;
  /** Height of the terminal in lines. */
  readonly rows?: number;
}

/** Shows events until it is ended. */
export interface EventView {
  show(event: WorkflowEvent): void;
  /** Leaves the terminal in order: the area as it stands, the cursor visible. May be called twice. */
  end(): void;
}

/** What {@link renderEvents} needs beside the stream. */
export interface RenderOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The clock in milliseconds, which limits how often the area is redrawn. */
  readonly now: () => number;
}

/** A view of events on `output`: live on a terminal, plain lines elsewhere and in CI. */
export function renderEvents(output: Output, { env, now }: RenderOptions): EventView {
  const live = output.isTTY === true && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === '';
  const style = createStyle(output.isTTY === true, env);
  return live ? createLiveView(output, { style, now }) : createLineView(output, { style });
}
