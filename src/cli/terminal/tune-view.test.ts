import headless from '@xterm/headless';
import { describe, expect, test } from 'vitest';

import type { Trial, TuneEvent, TuneResult } from '../../workflows/index.ts';
import { createStyle } from './style.ts';
import { bestLossPlot, trialTable, valuesText } from './tune-lines.ts';
import { createTuneView } from './tune-view.ts';

const trial = (id: number, loss: number, more: Partial<Trial> = {}): Trial => ({
  id,
  values: { 'training.learningRate': 0.001 * id, 'training.optimizer': 'adamw' },
  status: 'done',
  loss,
  losses: [loss],
  steps: 90,
  seconds: 2,
  ...more,
});
const TRIALS = [
  trial(1, 2.5),
  trial(2, 2.25, { status: 'waiting', steps: 10 }),
  trial(3, Infinity, { status: 'failed', message: 'killed by\u001b[2J SIGKILL' }),
];
const RUNNING = trial(4, Infinity, { status: 'running', losses: [], steps: 0 });
const RESULT: TuneResult = {
  strategy: 'tpe-asha',
  trials: TRIALS.map(({ losses: _, loss, ...rest }) => ({
    ...rest,
    loss: Number.isFinite(loss) ? loss : null,
    folder: `runs/search/trials/00${rest.id}`,
  })),
  best: { id: 2, values: TRIALS[1]?.values ?? {}, status: 'waiting', loss: 2.25, steps: 10, seconds: 2, folder: 'runs/search/trials/002' },
  unit: 'nats a token',
  steps: 190,
  parallel: 2,
  threads: 1,
  recipe: 'runs/search/best.ts',
  folder: 'runs/search',
  seconds: 61,
};
const EVENTS: readonly TuneEvent[] = [
  { kind: 'preparing', what: 'data' },
  { kind: 'preparing', what: 'data', event: { kind: 'phaseEnd', phase: 'pack', summary: '1,000 tokens', seconds: 1 } },
  { kind: 'preparing', what: 'split' },
  {
    kind: 'split',
    rows: [
      { parallel: 2, threads: 1, stepsPerSecond: 31.4 },
      { parallel: 1, threads: 2, stepsPerSecond: 22 },
    ],
  },
  {
    kind: 'begin',
    strategy: 'tpe-asha',
    folder: 'runs/search',
    parallel: 2,
    threads: 1,
    rungs: [10, 30, 90],
    budget: { trials: Infinity, steps: 900, minutes: Infinity },
    unit: 'nats a token',
    trials: [],
  },
  ...TRIALS.map((one, index): TuneEvent => ({ kind: 'trial', trial: one, trials: TRIALS.slice(0, index + 1) })),
  { kind: 'trial', trial: RUNNING, trials: [...TRIALS, RUNNING] },
  { kind: 'step', trial: 4, step: 5, until: 10, loss: 3.25, tokensPerSecond: 1000 },
];

const style = createStyle(false, {});

describe('lines', () => {
  test('values have the digits that matter', () => {
    expect(
      valuesText({ 'training.learningRate': 0.0031234, 'model.dropout': 0.123456, 'model.width': 64, 'training.betas': [0.9, 0.99] }),
    ).toBe('learningRate 3.12e-3, dropout 0.123, width 64, betas [0.9,0.99]');
  });

  test('a row for each trial, cut to the width, and nothing that moves the cursor', () => {
    const lines = trialTable(TRIALS, { style, width: 60 });
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    expect(lines[2]).toContain('2.2500       10   stopped early   learningRate');
    expect(lines.join('')).not.toContain('\u001b');
  });

  test('the plot falls from the first loss to the best, and is not drawn where none was better than the first', () => {
    const plot = bestLossPlot([trial(1, 3), trial(2, 4), trial(3, Infinity), trial(4, 2)], 60);
    expect(plot[0]).toMatch(/^ +3\.000 ┼─+╮$/);
    expect(plot.at(-2)).toMatch(/^ +2\.000 ┤ +╰─+$/);
    expect(bestLossPlot([trial(1, 3), trial(2, 4)], 60)).toEqual([]);
  });
});

test('elsewhere than on a terminal: a line for each trial, then table, plot and recipe', () => {
  let text = '';
  const view = createTuneView({ write: (part: string) => (text += part) }, { env: {}, now: () => 0 });
  for (const event of EVENTS) view.show(event);
  view.result(RESULT);
  view.end();
  for (const part of [
    '31.4 steps/s   2 trials at a time, 1 thread each',
    'rungs at 10, 30, 90 steps',
    'Trial 2     loss 2.2500',
    'failed: killed by',
    'weft train runs/search/best.ts',
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('\u001b');
});

test('on a terminal: the area shows what runs and the best so far, and at the end only what stays', async () => {
  const terminal = new headless.Terminal({ cols: 80, rows: 40, allowProposedApi: true, convertEol: true });
  let time = 0;
  const view = createTuneView(
    { isTTY: true, columns: 80, rows: 40, write: (part: string) => terminal.write(part) },
    { env: {}, now: () => (time += 200) },
  );
  const screen = async (): Promise<string> => {
    await new Promise<void>((resolve) => terminal.write('', resolve));
    const { active } = terminal.buffer;
    return Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? '').join('\n');
  };
  for (const event of EVENTS) view.show(event);
  const running = await screen();
  expect(running).toContain('trial 4: step 5 of 10, loss 3.250');
  expect(running).toContain('2    2.2500');
  view.result(RESULT);
  view.end();
  const end = await screen();
  expect(end).not.toContain('trial 4: step');
  expect(end.match(/2 {4}2\.2500/g)).toHaveLength(1);
  expect(end).toContain('Best        trial 2: 2.2500 nats a token');
});
