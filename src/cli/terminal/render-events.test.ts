import headless from '@xterm/headless';
import { describe, expect, test } from 'vitest';

import type { StepEvent, WorkflowEvent } from '../../workflows/index.ts';
import { renderEvents } from './render-events.ts';

const STEPS = 200;

function step(number: number): StepEvent {
  return {
    kind: 'step',
    step: number,
    steps: STEPS,
    loss: 2 + 5 * Math.exp(-number / 30),
    learningRate: 1e-3,
    gradientNorm: 0.8,
    tokensPerSecond: 21_432,
    tokensSeen: number * 2048,
    seconds: number * 0.3,
    secondsLeft: (STEPS - number) * 0.3,
  };
}

const BEFORE: readonly WorkflowEvent[] = [
  { kind: 'phase', phase: 'text' },
  { kind: 'phaseEnd', phase: 'text', summary: '412 documents, 5.1 MB', seconds: 0.42 },
  { kind: 'phase', phase: 'tokenizer' },
  { kind: 'progress', phase: 'tokenizer', done: 100, total: 1000, unit: 'merges' },
  { kind: 'progress', phase: 'tokenizer', done: 500, total: 1000, unit: 'merges' },
  { kind: 'phaseEnd', phase: 'tokenizer', summary: '1,000 tokens', seconds: 3.1 },
  { kind: 'warning', text: '3 files were left out', remedy: 'Convert them to UTF-8.' },
  { kind: 'model', architecture: 'llama', parameters: 1_234_567, contextLength: 128, tokensPerStep: 2048, resumedFrom: 12, earlier: [] },
  { kind: 'phase', phase: 'training' },
];
const AFTER: readonly WorkflowEvent[] = [
  { kind: 'stopped', reason: 'time', step: STEPS },
  { kind: 'phaseEnd', phase: 'training', summary: '200 steps, loss 2.01', seconds: 118 },
  { kind: 'sample', step: STEPS, prompt: 'const ', text: 'a = 1;\n\u001b[2Jb' },
  {
    kind: 'comparison',
    bytes: 4000,
    rows: [
      { name: 'this model', bitsPerByte: 1.5 },
      { name: 'gzip -9', bitsPerByte: 2 },
    ],
  },
  { kind: 'saved', what: 'model', path: 'out/m', step: STEPS },
];
const training = (from: number, to: number): WorkflowEvent[] => Array.from({ length: to - from + 1 }, (_, index) => step(from + index));

/** A real terminal without a window: what it shows after what was written. */
async function screen({ columns = 80, rows = 40, env = {} }: { columns?: number; rows?: number; env?: Record<string, string> } = {}) {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
  let time = 0;
  const raw: string[] = [];
  const output = { isTTY: true, columns, rows, write: (text: string) => void (raw.push(text), terminal.write(text)) };
  const view = renderEvents(output, { env, now: () => (time += 60) });
  const settle = (): Promise<void> => new Promise((resolve) => terminal.write('', resolve));
  await settle();
  return {
    view,
    raw: () => raw.join(''),
    async lines(): Promise<string[]> {
      await settle();
      const { buffer } = terminal;
      const all = Array.from({ length: buffer.active.length }, (_, index) => buffer.active.getLine(index)?.translateToString(true) ?? '');
      while (all.at(-1) === '') all.pop();
      return all;
    },
  };
}

describe('on a terminal', () => {
  test('while it trains: the lines that stay, one bar, numbers and the curve', async () => {
    const { view, lines } = await screen();
    for (const event of [
      ...BEFORE,
      ...training(1, 100),
      { kind: 'eval', step: 100, loss: 2.25, perplexity: 9.5, bitsPerByte: 1.1, seconds: 30, best: true } as const,
      ...training(101, 150),
    ])
      view.show(event);
    const shown = await lines();
    expect(shown.slice(0, 7)).toEqual([
      '  Text        412 documents, 5.1 MB   0.4 s',
      '  Tokenizer   1,000 tokens   3.1 s',
      '  Note        3 files were left out',
      '              Convert them to UTF-8.',
      '  Model       llama, 1.2M parameters, context 128, 2,048 tokens a step',
      '              continues after step 12',
      expect.stringMatching(/^ {2}Training {4}━{32} {2,}7[345]% {3}0:1\d left$/),
    ]);
    expect(shown[7]).toMatch(/^ {14}step 1[45]\d of 200 {3}loss 2\.0\d\d {3}21\.4k tokens\/s {3}held out 2\.250$/);
    expect(shown.filter((line) => line.includes('┤') || line.includes('┼'))).toHaveLength(8);
    expect(shown.filter((line) => line.includes('Training'))).toHaveLength(1);
  });

  test('when it is done: the curve and the results stay, the bar is gone', async () => {
    const { view, lines } = await screen();
    for (const event of [...BEFORE, ...training(1, STEPS), ...AFTER]) view.show(event);
    view.end();
    view.end();
    const shown = await lines();
    const text = shown.join('\n');
    expect(text).not.toMatch(/\d left/);
    expect(shown.filter((line) => line.includes('┤') || line.includes('┼'))).toHaveLength(8);
    expect(shown.slice(-7)).toEqual([
      '  Training    200 steps, loss 2.01   1:58',
      '  Sample      │ const a = 1;',
      '              │ ␛[2Jb',
      '  Held out    bits per byte of text that training never saw; lower is better',
      `              this model   1.500   ${'━'.repeat(18)}`,
      `              gzip -9      2.000   ${'━'.repeat(24)}`,
      '  Saved       out/m',
    ]);
  });

  test('stopped in the middle: the state stays', async () => {
    const { view, lines } = await screen();
    for (const event of [...BEFORE, ...training(1, 100)]) view.show(event);
    view.end();
    expect((await lines()).join('\n')).toMatch(/step \d+ of 200/);
  });

  test('a narrow and low window keeps bar and numbers', async () => {
    const { view, lines } = await screen({ columns: 48, rows: 10 });
    for (const event of [...BEFORE, ...training(1, 100)]) view.show(event);
    const shown = await lines();
    expect(shown.some((line) => line.includes('━━━'))).toBe(true);
    expect(shown.some((line) => line.includes('┤'))).toBe(false);
  });

  test('numbers are broken between two of them, not within one', async () => {
    const { view, lines } = await screen({ columns: 60 });
    const saved = { kind: 'saved', what: 'checkpoint', path: 'c', step: 9 } as const;
    for (const event of [...BEFORE, ...training(1, 9), saved, ...training(10, 20)]) view.show(event);
    const at = (await lines()).findIndex((line) => line.includes('tokens/s'));
    expect((await lines()).slice(at, at + 2)).toEqual([
      expect.stringMatching(/^ {14}step \d+ of 200 {3}loss \d\.\d{3} {3}21\.4k tokens\/s$/),
      '              saved at 9',
    ]);
  });

  test('the curve of a resumed run begins where the run began', async () => {
    const { view, lines } = await screen();
    const earlier = training(1, 100).flatMap((event) => (event.kind === 'step' ? [{ step: event.step, loss: event.loss }] : []));
    view.show({ kind: 'phase', phase: 'training' });
    view.show({ kind: 'model', architecture: 'llama', parameters: 1, contextLength: 1, tokensPerStep: 1, resumedFrom: 100, earlier });
    for (const event of training(101, 150)) view.show(event);
    // The scale is that of the losses after the steep fall, the earlier ones among them.
    const top = (await lines()).find((line) => /[┤┼]/.test(line)) ?? '';
    expect(Number(/\d+\.\d+/.exec(top)?.[0])).toBeGreaterThan(2.5);
  });

  test('a sample is broken where the window ends', async () => {
    const { view, lines } = await screen({ columns: 40 });
    view.show({ kind: 'sample', step: 1, prompt: `${'p'.repeat(20)}\n\tq`, text: `${'t'.repeat(30)}\n` });
    expect(await lines()).toEqual([
      `  Sample      │ ${'p'.repeat(20)}`,
      `              │   q${'t'.repeat(21)}`,
      `              │ ${'t'.repeat(9)}`,
      '              │ ',
    ]);
  });

  test('an interruption says how to go on, under what was reached', async () => {
    const { view, lines } = await screen();
    for (const event of [...BEFORE, ...training(1, 100)]) view.show(event);
    view.show({ kind: 'stopped', reason: 'interrupted', step: 100, remedy: 'Continue with: weft train --resume runs/a' });
    view.end();
    expect((await lines()).slice(-2)).toEqual([
      '  Stopped     after step 100: interrupted',
      '              Continue with: weft train --resume runs/a',
    ]);
    expect((await lines()).filter((line) => /Training/.test(line))).toHaveLength(1);
  });

  test('progress of a stage is a bar', async () => {
    const { view, lines } = await screen();
    view.show({ kind: 'phase', phase: 'tokenizer' });
    for (let done = 0; done <= 500; done += 100) view.show({ kind: 'progress', phase: 'tokenizer', done, total: 1000, unit: 'merges' });
    expect(await lines()).toEqual([`  Tokenizer   ${'━'.repeat(32)}   50%   500 of 1,000 merges`]);
  });

  test('no colours with NO_COLOR', async () => {
    const { view, raw } = await screen({ env: { NO_COLOR: '1' } });
    for (const event of [...BEFORE, ...training(1, STEPS), ...AFTER]) view.show(event);
    view.end();
    expect(raw()).not.toMatch(/\u001b\[[0-9;]*m/);
  });
});

describe('elsewhere', () => {
  const log = (events: readonly WorkflowEvent[], env: Record<string, string> = {}, isTTY = false): string => {
    let text = '';
    const view = renderEvents({ isTTY, write: (part: string) => void (text += part) }, { env, now: () => 0 });
    for (const event of events) view.show(event);
    view.end();
    return text;
  };

  test('plain lines, a step every five seconds and the last', () => {
    const text = log([
      ...BEFORE,
      ...training(1, 40),
      { kind: 'eval', step: 40, loss: 2.25, perplexity: 9.49, bitsPerByte: 1.1, seconds: 12, best: true },
      { kind: 'saved', what: 'checkpoint', path: 'out/c', step: 40 },
      ...training(41, 45),
      ...AFTER,
    ]);
    expect(text.split('\n')).toEqual([
      '  Text        412 documents, 5.1 MB   0.4 s',
      '  Tokenizer   50%   500 of 1,000 merges',
      '  Tokenizer   1,000 tokens   3.1 s',
      '  Note        3 files were left out',
      '              Convert them to UTF-8.',
      '  Model       llama, 1.2M parameters, context 128, 2,048 tokens a step',
      '              continues after step 12',
      ...[1, 18, 35, 40].map((number) => expect.stringContaining(`  Training    step ${number} of 200   loss `) as string),
      '  Evaluation  step 40   held out: loss 2.2500, perplexity 9.49, 1.1000 bits per byte, the best so far',
      '  Checkpoint  out/c, step 40',
      expect.stringContaining('  Training    step 45 of 200') as string,
      '  Stopped     after step 200: the time is over',
      '  Training    200 steps, loss 2.01   1:58',
      '  Sample      │ const a = 1;',
      '              │ ␛[2Jb',
      '  Held out    bits per byte of text that training never saw; lower is better',
      `              this model   1.500   ${'━'.repeat(18)}`,
      `              gzip -9      2.000   ${'━'.repeat(24)}`,
      '  Saved       out/m',
      '',
    ]);
  });

  test.for([
    ['a pipe', {}, false],
    ['CI', { CI: 'true' }, true],
    ['a dumb terminal', { TERM: 'dumb' }, true],
  ] as const)('%s gets no escape sequences', ([, env, isTTY]) => {
    expect(log([...BEFORE, ...training(1, 40), ...AFTER], { NO_COLOR: '1', ...env }, isTTY)).not.toContain('\u001b');
  });
});
