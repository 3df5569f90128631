import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { ShapeError, UsageError, WeftError } from '../core/index.ts';
import { Stop } from './context.ts';
import { fakeContext } from './fake-context.fixture.ts';
import { run } from './run.ts';

const workflows = vi.hoisted(() => ({
  DEFAULT_RUN_FOLDER: 'runs/default',
  checkRecipe: vi.fn((value: unknown) => value),
  trainRun: vi.fn(),
  resumeRun: vi.fn(),
  quickstart: vi.fn(),
  trainTokenizerRun: vi.fn(),
}));
const serving = vi.hoisted(() => ({ serve: vi.fn(), studio: vi.fn() }));
vi.mock('../workflows/index.ts', () => workflows);
vi.mock('../serve/index.ts', () => serving);

afterEach(() => vi.resetAllMocks());

/** Runs `weft` with a line of arguments, parted by spaces. */
async function weft(line: string, context = fakeContext()): Promise<{ code: number; out: string; err: string }> {
  const code = await run(line === '' ? [] : line.split(' '), context);
  return { code, out: context.out(), err: context.err() };
}

describe('help', () => {
  test.for(['', '--help', '-h'])('"weft %s" lists the commands on stdout', async (line) => {
    const { code, out, err } = await weft(line);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const name of ['quickstart', 'train', 'generate', 'chat', 'eval', 'serve', 'studio', 'size', 'tokens', 'tokenizer'])
      expect(out).toContain(`  ${name}`);
  });

  test.for([
    'quickstart',
    'train',
    'generate',
    'chat',
    'eval',
    'serve',
    'keys',
    'keys add',
    'keys list',
    'keys revoke',
    'studio',
    'size',
    'tokens',
    'tokenizer',
    'tokenizer train',
    'tokenizer encode',
    'tokenizer decode',
    'tokenizer convert',
    'tokenizer explain',
  ])('%s explains itself', async (name) => {
    const { code, out } = await weft(`${name} --help`);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: weft ${name}`);
  });

  test('a group of commands alone explains itself', async () => {
    expect(await weft('tokenizer')).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Usage: weft tokenizer') as string });
  });

  test('the version is the package’s', async () => {
    const { code, out } = await weft('--version');
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a wrong use ends with 2, one line and a remedy', () => {
  test.for([
    ['trian', 'error [WEFT_COMMAND_UNKNOWN] Cannot run weft as the command is unknown: trian\n  Did you mean train?\n'],
    ['magic', 'error [WEFT_COMMAND_UNKNOWN] Cannot run weft as the command is unknown: magic\n  See weft --help.\n'],
    ['tokenizer trian', 'error [WEFT_COMMAND_UNKNOWN] Cannot run weft tokenizer as the command is unknown: trian\n  Did you mean train?\n'],
    ['train --stpes 4', 'error [WEFT_FLAG_UNKNOWN] Cannot run weft train as the flag is unknown: --stpes\n  Did you mean --steps?\n'],
    ['train --steps', 'error [WEFT_FLAG_VALUE] Cannot run weft train as a flag lacks its value: --steps <n>\n  See weft train --help.\n'],
    [
      'train --steps x',
      'error [WEFT_FLAG_VALUE] Cannot use --steps as it takes a whole number of at least 1: x\n  Give --steps a whole number of at least 1.\n',
    ],
    ['generate', 'error [WEFT_ARGUMENT] Cannot run weft generate as an argument is missing: DIR\n  See weft generate --help.\n'],
    [
      'generate a b',
      'error [WEFT_ARGUMENT] Cannot run weft generate as there are too many arguments: Expected 1 argument but got 2\n  See weft generate --help.\n',
    ],
    [
      'tokenizer encode a',
      'error [WEFT_FLAG_VALUE] Cannot run weft tokenizer encode as a flag that must be given is missing: -t, --tokenizer <path>\n  See weft tokenizer encode --help.\n',
    ],
  ] as const)('weft %s', async ([line, message]) => {
    expect(await weft(line)).toEqual({ code: 2, out: '', err: message });
  });
});

describe('errors of a command', () => {
  const report = {
    code: 'WEFT_TEST',
    action: 'do it',
    rule: 'it is a test',
    value: 'x',
    details: ['a  B T', 'b  B S'],
    remedy: 'Do nothing.',
  };

  test('an error that a user can act upon: one line, remedy, exit 1', async () => {
    workflows.trainRun.mockRejectedValue(new WeftError(report));
    expect(await weft('train --text a')).toEqual({
      code: 1,
      out: '',
      err: 'error [WEFT_TEST] Cannot do it as it is a test: x\n  Do nothing.\n',
    });
  });

  test('a wrong use that only the room sees: exit 2', async () => {
    workflows.trainRun.mockRejectedValue(new UsageError(report));
    expect((await weft('train --text a')).code).toBe(2);
  });

  test('an error of shapes shows its operands', async () => {
    workflows.trainRun.mockRejectedValue(new ShapeError(report));
    expect((await weft('train --text a')).err).toBe(
      'error [WEFT_TEST] Cannot do it as it is a test: x\n    a  B T\n    b  B S\n  Do nothing.\n',
    );
  });

  test('anything else is said to be unforeseen, in one line', async () => {
    workflows.trainRun.mockRejectedValue(new Error('boom\nwith lines'));
    const { code, err } = await weft('train --text a');
    expect(code).toBe(1);
    expect(err.split('\n')).toEqual([
      'error [WEFT_INTERNAL] Cannot go on as something went wrong that Weft did not foresee: boom with lines',
      expect.stringContaining('WEFT_DEBUG=1') as string,
      '',
    ]);
  });

  test('WEFT_DEBUG shows where it and its causes came from', async () => {
    workflows.trainRun.mockRejectedValue(new WeftError({ ...report, cause: new Error('the cause') }));
    expect((await weft('train --text a', fakeContext({ env: { WEFT_DEBUG: '1' } }))).err).toContain('Error: the cause\n');
  });

  test('control characters in a message do not reach the terminal', async () => {
    workflows.trainRun.mockRejectedValue(new WeftError({ ...report, value: '\u001b[2J' }));
    expect((await weft('train --text a')).err).toContain('it is a test: ␛[2J\n');
  });

  test('colours on a terminal, none with NO_COLOR', async () => {
    workflows.trainRun.mockImplementation(() => Promise.reject(new WeftError(report)));
    expect((await weft('train --text a', fakeContext({ terminal: true }))).err).toContain('\u001b[31merror');
    expect((await weft('train --text a', fakeContext({ terminal: true, env: { NO_COLOR: '1' } }))).err).toContain(
      'error [WEFT_TEST] Cannot',
    );
  });
});

describe('being stopped', () => {
  test('a workflow that throws the reason: exit 130, nothing to read', async () => {
    const context = fakeContext();
    workflows.trainRun.mockImplementation(() => {
      context.stop(new Stop(130));
      context.signal.throwIfAborted();
    });
    expect(await weft('train --text a', context)).toEqual({ code: 130, out: '', err: '' });
  });

  test('a workflow that ends well: exit 130 all the same', async () => {
    const context = fakeContext();
    workflows.trainRun.mockImplementation(() => context.stop(new Stop(130)));
    expect(await weft('train --text a', context)).toMatchObject({ code: 130 });
  });

  test('an error while saving is told', async () => {
    const context = fakeContext();
    workflows.trainRun.mockImplementation(() => {
      context.stop(new Stop(130));
      throw new WeftError({ code: 'WEFT_WRITE', action: 'write a', rule: 'the disk is full', remedy: 'Free some space.' });
    });
    expect(await weft('train --text a', context)).toMatchObject({ code: 1, err: expect.stringContaining('WEFT_WRITE') as string });
  });
});

describe('train', () => {
  test('flags make a recipe', async () => {
    workflows.checkRecipe.mockImplementation((value) => value);
    const { code } = await weft(
      'train --text a --text b --layers 2 --vocab-size 1_000 --learning-rate 3e-4 --schedule warmup-stable-decay --held-out .1 --seed 7 --out r',
    );
    expect(code).toBe(0);
    expect(workflows.trainRun).toHaveBeenCalledWith(
      {
        text: ['a', 'b'],
        heldOut: 0.1,
        tokenizer: { vocabSize: 1000 },
        model: { layers: 2 },
        training: { learningRate: 3e-4, schedule: 'warmup-stable-decay' },
        out: 'r',
        seed: 7,
      },
      expect.objectContaining({ onEvent: expect.any(Function) as unknown }),
    );
  });

  test('--json prints the result alone on stdout, and events as lines on stderr', async () => {
    workflows.trainRun.mockImplementation((_recipe: unknown, { onEvent }: { onEvent: (event: unknown) => void }) => {
      onEvent({ kind: 'saved', what: 'model', path: 'm', step: 1 });
      return { model: 'm', steps: 1 };
    });
    const { out, err } = await weft('train --text a --json');
    expect(JSON.parse(out)).toEqual({ model: 'm', steps: 1 });
    expect(err).toBe('  Saved       m\n');
  });

  test.for([
    ['train --resume', 'runs/default', undefined],
    ['train --resume runs/a', 'runs/a', undefined],
    ['train --resume --out runs/b', 'runs/b', undefined],
    ['train --text t --out runs/c --resume', 'runs/c', { text: ['t'], out: 'runs/c' }],
  ] as const)('weft %s', async ([line, folder, recipe]) => {
    workflows.checkRecipe.mockImplementation((value) => value);
    expect((await weft(line)).code).toBe(0);
    expect(workflows.trainRun).not.toHaveBeenCalled();
    const [calledWith, options] = workflows.resumeRun.mock.calls[0] as [string, { recipe?: unknown }];
    expect(calledWith).toBe(folder);
    expect(options.recipe).toEqual(recipe);
  });
});

test('a flag that a resumed run would ignore is refused', async () => {
  expect(await weft('train --resume runs/a --steps 100')).toEqual({
    code: 2,
    out: '',
    err: 'error [WEFT_FLAG_VALUE] Cannot use --resume as a resumed run keeps the recipe that it was started with: --steps\n  Leave --steps out, or start a new run with it.\n',
  });
});

describe('quickstart', () => {
  beforeEach(() => {
    serving.studio.mockResolvedValue({ url: '', close: () => undefined });
  });

  test('passes what was given, serves what came of it, and closes when stopped', async () => {
    const context = fakeContext();
    const close = vi.fn();
    workflows.quickstart.mockResolvedValue({ model: 'out/m', steps: 3 });
    serving.serve.mockImplementation(() => {
      setTimeout(() => context.stop(new Stop(130)), 1);
      return { url: 'http://localhost:1234', close };
    });
    const { code, out } = await weft('quickstart a.txt b --minutes 0.5 --port 1234 --seed 3', context);
    expect(code).toBe(130);
    expect(workflows.quickstart).toHaveBeenCalledWith({ files: ['a.txt', 'b'], minutes: 0.5, seed: 3 }, expect.anything());
    expect(serving.serve).toHaveBeenCalledWith('out/m', { port: 1234 });
    expect(out).toContain('http://localhost:1234');
    expect(close).toHaveBeenCalledOnce();
  });

  test('--json prints one object, though it serves', async () => {
    const context = fakeContext();
    workflows.quickstart.mockResolvedValue({ model: 'out/m', steps: 3 });
    serving.serve.mockImplementation(() => {
      setTimeout(() => context.stop(new Stop(130)), 1);
      return { url: 'http://localhost:1234', close: () => undefined };
    });
    expect(JSON.parse((await weft('quickstart --json', context)).out)).toEqual({ model: 'out/m', steps: 3 });
  });

  test('a port in use is told before anything is trained', async () => {
    serving.studio.mockRejectedValue(
      new WeftError({ code: 'WEFT_SERVE_PORT', action: 'listen', rule: 'it is in use', remedy: 'Give another.' }),
    );
    expect(await weft('quickstart')).toMatchObject({ code: 1, err: expect.stringContaining('WEFT_SERVE_PORT') as string });
    expect(workflows.quickstart).not.toHaveBeenCalled();
  });

  test('--no-serve stops after saving', async () => {
    workflows.quickstart.mockResolvedValue({ model: 'out/m' });
    expect((await weft('quickstart --no-serve')).code).toBe(0);
    expect(serving.serve).not.toHaveBeenCalled();
    expect(serving.studio).not.toHaveBeenCalled();
  });
});
