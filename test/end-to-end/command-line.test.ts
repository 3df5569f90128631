/** The command line from text to served model, in one process, with a model so small that it takes seconds. */

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Stop } from '../../src/cli/context.ts';
import { fakeContext } from '../../src/cli/fake-context.fixture.ts';
import type { FakeContext } from '../../src/cli/fake-context.fixture.ts';
import { run } from '../../src/cli/run.ts';
import { createRandom } from '../../src/core/index.ts';

let folder = '';
let model = '';
const at = (...path: readonly string[]): string => join(folder, ...path);

/** Sentences that a model can learn something from in a few steps. */
function story(seed: number, sentences: number): string {
  const random = createRandom(seed, 'story');
  const pick = (words: readonly string[]): string => words[random.integer(words.length)] ?? '';
  const sentence = (): string =>
    `The ${pick(['old', 'red', 'small'])} ${pick(['cat', 'fox', 'bird'])} ${pick(['sees', 'likes', 'finds'])} a ${pick(['tree', 'house', 'river'])}.`;
  return `${Array.from({ length: sentences }, sentence).join('\n')}\n`;
}

/** Runs `weft` with arguments; `watch` sees the context as it begins. */
async function weft(args: readonly string[], context: FakeContext = fakeContext()): Promise<{ code: number; out: string; err: string }> {
  const code = await run(args, context);
  return { code, out: context.out(), err: context.err() };
}

const TINY =
  '--layers 1 --heads 2 --width 16 --context-length 16 --batch-size 4 --vocab-size 300 --threads 1 --evaluate-every 8 --checkpoint-every 4'.split(
    ' ',
  );
const train = (out: string, steps: number, more: readonly string[] = []): readonly string[] => [
  'train',
  '--text',
  at('text'),
  '--out',
  out,
  '--steps',
  String(steps),
  ...TINY,
  ...more,
];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-end-to-end-'));
  mkdirSync(at('text'));
  for (let number = 0; number < 40; number++) writeFileSync(at('text', `${number}.txt`), story(number, 20));
  writeFileSync(at('held-out.txt'), story(1000, 40));
  model = at('model');
  const { code, err } = await weft(train(model, 24, ['--json']));
  expect(err).not.toContain('error [');
  expect(code).toBe(0);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('train', () => {
  test('what the numbers alone forbid is told before text is read', async () => {
    const { code, err } = await weft(train(at('heads'), 4, ['--text', at('nowhere.txt'), '--heads', '3']));
    expect([code, err]).toEqual([2, expect.stringContaining('WEFT_MODEL_HEADS')]);
    expect(existsSync(at('heads'))).toBe(false);
  });

  test('what is no text or a copy is left out, and that is said', async () => {
    cpSync(at('text'), at('mixed'), { recursive: true });
    copyFileSync(at('text', '0.txt'), at('mixed', 'copy.txt'));
    writeFileSync(at('mixed', 'image.bin'), Uint8Array.of(1, 0, 2));
    const { code, out } = await weft(train(at('of-mixed'), 2, ['--text', at('mixed')]));
    expect(code).toBe(0);
    expect(out).toMatch(/Packing .* bytes a token; 41 exact copies left out/);
    expect(out).toMatch(/Note {8}1 file was left out: .*image\.bin\n.*is binary/);
  });

  test('a character tokenizer has as many tokens as were asked for', async () => {
    const { code, out, err } = await weft(train(at('characters'), 2, ['--tokenizer-type', 'characters', '--vocab-size', '12', '--json']));
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ vocabSize: 12 });
  });

  test('a batch larger than memory is told in our words', async () => {
    const { code, err } = await weft(train(at('large'), 4, ['--batch-size', '1000000000000']));
    expect([code, err]).toEqual([1, expect.stringContaining('WEFT_TENSOR_SIZE')]);
  });

  test('a model larger than memory too, and before it is tried', async () => {
    const { code, out, err } = await weft(train(at('wide'), 4, ['--width', '1000000']));
    expect([code, err]).toEqual([1, expect.stringContaining('WEFT_TENSOR_SIZE')]);
    expect(out).toMatch(/Note {8}training takes about [\d.]+ GB of memory, this machine has/);
  });

  test('a model that is there already is not overwritten', async () => {
    mkdirSync(at('taken'));
    for (const file of ['model.safetensors', 'tokenizer.json']) copyFileSync(join(model, file), at('taken', file));
    const before = readFileSync(at('taken', 'tokenizer.json'));
    const { code, err } = await weft(train(at('taken'), 4, ['--tokenizer-type', 'characters', '--vocab-size', '400']));
    expect([code, err]).toEqual([2, expect.stringContaining('WEFT_RUN_EXISTS')]);
    expect(readFileSync(at('taken', 'tokenizer.json')).equals(before)).toBe(true);
  });

  test('a context shorter than a sample’s prompt, and a finished run that is resumed: the same numbers', async () => {
    const first = await weft(train(at('short'), 4, ['--context-length', '4', '--json']));
    expect(first.code).toBe(0);
    const again = await weft(['train', '--resume', at('short'), '--json']);
    expect(again.code).toBe(0);
    const numbers = (out: string): unknown => ({ ...(JSON.parse(out) as object), seconds: 0 });
    expect(numbers(again.out)).toEqual(numbers(first.out));
  });

  test('leaves a model folder with its curve', () => {
    for (const file of [
      'config.json',
      'generation_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'model.safetensors',
      'weft.json',
      'metrics.jsonl',
    ]) {
      expect(existsSync(join(model, file)), file).toBe(true);
    }
    const records = readFileSync(join(model, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; step: number; loss: number; text?: string });
    const steps = records.filter(({ kind }) => kind === 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
    expect(steps.at(-1)?.loss).toBeLessThan((steps[0]?.loss ?? 0) - 0.3);
    expect(records.some(({ kind }) => kind === 'eval')).toBe(true);
    expect(records.some(({ kind, text = '' }) => kind === 'sample' && text.length > 20)).toBe(true);
  });

  test('stopped and resumed ends with the same bits', { timeout: 120_000 }, async () => {
    const out = at('resumed');
    const context = fakeContext();
    const write = context.stderr.write.bind(context.stderr);
    Object.assign(context.stderr, {
      write(text: string) {
        write(text);
        // Ctrl-C in the middle; elsewhere than on a terminal, evaluations are told at once.
        if (text.includes('Evaluation  step 8')) context.stop(new Stop(130));
      },
    });
    const stopped = await weft(train(out, 24, ['--json']), context);
    expect(stopped).toMatchObject({ code: 130, out: '' });
    expect(existsSync(join(out, 'config.json'))).toBe(false);
    const resumed = await weft(['train', '--resume', out, '--json']);
    expect(resumed.code, resumed.err).toBe(0);
    expect(JSON.parse(resumed.out)).toMatchObject({ steps: 24, model: out });
    expect(readFileSync(join(out, 'model.safetensors')).equals(readFileSync(join(model, 'model.safetensors')))).toBe(true);
  });

  test('killed between two checkpoints and resumed ends with the same bits', { timeout: 120_000 }, async () => {
    const out = at('killed');
    const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, ...train(out, 24, ['--json'])], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.includes(', step 12\n')) child.kill('SIGKILL');
    });
    const signal = await new Promise((resolve) => child.on('close', (_code, by) => resolve(by)));
    expect(signal, told).toBe('SIGKILL');
    const resumed = await weft(['train', '--resume', out, '--json']);
    expect(resumed.code, resumed.err).toBe(0);
    expect(readFileSync(join(out, 'model.safetensors')).equals(readFileSync(join(model, 'model.safetensors')))).toBe(true);
  });

  test('saves when its terminal closes, which hangs up twice', { timeout: 120_000 }, async () => {
    const out = at('hung-up');
    const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, ...train(out, 4000)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => {
      // Some milliseconds apart, as signals at once would be one.
      if (!told.includes(', step 12\n') && chunk.includes(', step 12\n'))
        for (let time = 0; time < 5; time++) setTimeout(() => void child.kill('SIGHUP'), 2 * time);
      told += chunk.toString();
    });
    expect(await new Promise((resolve) => child.on('close', resolve)), told).toBe(129);
    const last = /after step ([\d,]+): interrupted/.exec(told)?.[1];
    expect(told).toContain(`checkpoint.safetensors, step ${last?.replaceAll(',', '')}\n`);
  });

  test('a recipe file says the same as flags', { timeout: 120_000 }, async () => {
    const recipe = {
      text: at('text'),
      out: at('by-recipe'),
      threads: 1,
      tokenizer: { vocabSize: 300 },
      model: { layers: 1, heads: 2, width: 16, contextLength: 16 },
      training: { steps: 24, batchSize: 4, evaluateEvery: 8, checkpointEvery: 4 },
    };
    writeFileSync(
      at('recipe.ts'),
      `import { defineRecipe } from 'weft/workflows';\nexport default defineRecipe(${JSON.stringify(recipe)});\n`,
    );
    const { code, err, out } = await weft(['train', at('recipe.ts'), '--json']);
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ steps: 24, model: recipe.out });
    expect(readFileSync(join(recipe.out, 'model.safetensors')).equals(readFileSync(join(model, 'model.safetensors')))).toBe(true);
    expect(await weft(['train', at('recipe.ts'), '--resume', '--json'])).toMatchObject({ code: 0 });
    expect(await weft(['train', at('recipe.ts'), '--resume', '--batch-size', '5'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('differs from the one it was started with: training.batchSize\n') as string,
    });
  });
});

describe('generate', () => {
  const args = (...more: readonly string[]): readonly string[] => ['generate', model, '--prompt', 'The old', '--max-tokens', '8', ...more];

  test('writes the continuation alone into a pipe, all of it in JSON', async () => {
    const [plain, json] = [await weft(args('--seed', '1')), await weft(args('--seed', '1', '--json'))];
    expect(plain.code, plain.err).toBe(0);
    const result = JSON.parse(json.out) as { prompt: string; text: string; tokens: readonly { text: string; logProbability: number }[] };
    expect(plain.out).toBe(`${result.text}\n`);
    expect(result.prompt).toBe('The old');
    expect(result.tokens.map(({ text }) => text).join('')).toBe(result.text);
    expect(result.tokens.every(({ logProbability }) => logProbability <= 0)).toBe(true);
  });

  test('shows the prompt too on a terminal', async () => {
    const { out } = await weft(args('--seed', '1'), fakeContext({ terminal: true, env: { NO_COLOR: '1' } }));
    expect(out.startsWith('The old')).toBe(true);
  });

  test('the seed decides', async () => {
    const texts = await Promise.all(['1', '1', '2', '3'].map(async (seed) => (await weft(args('--seed', seed))).out));
    expect(texts[0]).toBe(texts[1]);
    expect(new Set(texts).size).toBeGreaterThan(1);
  });

  test('a prompt may come from the standard input', async () => {
    const given = await weft(
      ['generate', model, '--prompt', '-', '--max-tokens', '4', '--temperature', '0', '--json'],
      fakeContext({ stdin: 'The old' }),
    );
    expect(JSON.parse(given.out)).toMatchObject({ prompt: 'The old' });
  });
});

test('chat continues line by line, forgets and ends', async () => {
  const { code, out, err } = await weft(
    ['chat', model, '--max-tokens', '4', '--temperature', '0'],
    fakeContext({ stdin: 'The old\n/reset\nThe old\n/bye\nnever\n' }),
  );
  expect(code, err).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(lines.slice(0, lines.length / 2)).toEqual(lines.slice(lines.length / 2));
});

test('chat at a terminal says what it does, answers, and ends with Ctrl-D or Ctrl-C', async () => {
  for (const [key, code] of [
    ['\u0004', 0],
    ['\u0003', 130],
  ] as const) {
    const stdin = new PassThrough();
    const context = fakeContext({ stdin, terminal: true, env: { NO_COLOR: '1' } });
    const talking = weft(['chat', model, '--max-tokens', '4', '--temperature', '0'], context);
    stdin.write('The old\r');
    while (context.out().split('> ').length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    stdin.write(key);
    expect((await talking).code).toBe(code);
    expect(context.out()).toMatch(/^model has no chat template, so it continues your text\nCtrl-C stops an answer/);
    expect(context.err()).toBe('');
  }
});

describe('eval', () => {
  test('measures the model beside baselines on the same bytes', async () => {
    const { code, out, err } = await weft(['eval', model, at('held-out.txt'), '--trained-on', at('text'), '--json']);
    expect(code, err).toBe(0);
    const result = JSON.parse(out) as {
      bytes: number;
      loss: number;
      perplexity: number;
      bitsPerByte: number;
      baselines: Record<string, number>;
    };
    expect(result.bytes).toBe(statSync(at('held-out.txt')).size);
    expect(result.perplexity).toBeCloseTo(Math.exp(result.loss), 6);
    expect(result.bitsPerByte).toBeGreaterThan(0.5);
    expect(result.bitsPerByte).toBeLessThan(8);
    expect(Object.keys(result.baselines).sort()).toEqual(['brotliBitsPerByte', 'gzipBitsPerByte', 'ngramBitsPerByte']);
  });

  test('prints a table for people', async () => {
    const { out } = await weft(['eval', model, at('held-out.txt')]);
    expect(out).toMatch(/^ {2}Text {8}1 document, .+\n {2}Loss .+\n {2}Perplexity .+\n {2}Held out .+\n/);
    expect(out).toContain('gzip -9');
  });
});

describe('size', () => {
  test('of a folder is what training said', async () => {
    const { out } = await weft(['size', model, '--json']);
    const { parameters } = JSON.parse(out) as { parameters: { total: number } };
    const card = JSON.parse(readFileSync(join(model, 'weft.json'), 'utf8')) as { parameters: number };
    expect(parameters.total).toBe(card.parameters);
  });

  test('of a preset is the published one', async () => {
    expect((await weft(['size', 'gpt2'])).out).toContain('124,439,808');
  });
});

describe('tokenizer', () => {
  test('trains, encodes and decodes', async () => {
    const out = at('tokenizer');
    expect(await weft(['tokenizer', 'train', at('text'), '--out', out, '--vocab-size', '280', '--json'])).toMatchObject({ code: 0 });
    const encoded = await weft(['tokenizer', 'encode', 'The old fox 🙂', '-t', out]);
    expect(encoded.out).toMatch(/^\d+( \d+)*\n$/);
    expect((await weft(['tokenizer', 'decode', ...encoded.out.trim().split(' '), '-t', out])).out).toBe('The old fox 🙂');
    expect((await weft(['tokenizer', 'decode', '-t', out], fakeContext({ stdin: encoded.out }))).out).toBe('The old fox 🙂');
    const json = JSON.parse((await weft(['tokenizer', 'encode', 'The fox', '-t', out, '--json'])).out) as {
      tokens: readonly string[];
      bytes: number;
    };
    expect(json.tokens.join('')).toBe('The fox');
    expect(json.bytes).toBe(7);
  });

  test('reads the field of JSON lines that it is told', async () => {
    writeFileSync(at('bodies.jsonl'), Array.from({ length: 30 }, (_, seed) => JSON.stringify({ body: story(seed, 5) })).join('\n'));
    const command = ['tokenizer', 'train', at('bodies.jsonl'), '--out', at('bodies'), '--vocab-size', '280'];
    expect(await weft(command)).toMatchObject({ code: 1, err: expect.stringContaining('--text-field') as string });
    expect(await weft([...command, '--text-field', 'body', '--json'])).toMatchObject({ code: 0 });
    const held = ['eval', model, at('bodies.jsonl'), '--text-field', 'body', '--bytes', '500', '--json'];
    expect(await weft(held)).toMatchObject({ code: 0 });
  });

  test('refuses an id that is none', async () => {
    expect(await weft(['tokenizer', 'decode', '9999999', '-t', model])).toMatchObject({
      code: 2,
      err: expect.stringContaining('WEFT_ARGUMENT') as string,
    });
  });
});

test('serve answers until it is stopped', async () => {
  const context = fakeContext();
  const served = weft(['serve', model, '--port', '0', '--json'], context);
  while (!context.out().includes('}')) await new Promise((resolve) => setTimeout(resolve, 5));
  const { url } = JSON.parse(context.out()) as { url: string };
  const answer = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'model', prompt: 'The old', max_tokens: 4 }),
  });
  expect(answer.status, await answer.clone().text()).toBe(200);
  context.stop(new Stop(130));
  expect((await served).code).toBe(130);
  await expect(fetch(`${url}/health`)).rejects.toThrow();
});

describe('bad input gives one line, a remedy and a code that says whose fault it is', () => {
  const FILES: Readonly<Record<string, string | Uint8Array>> = {
    'empty.txt': '',
    'binary.bin': Uint8Array.from({ length: 4096 }, (_, index) => (index * 37) & 0xff),
    'latin1.txt': Uint8Array.from([...story(1, 50)].map((character, index) => (index % 7 === 0 ? 0xe9 : character.charCodeAt(0)))),
    'tiny.txt': 'Hi.\n',
  };
  beforeAll(() => {
    for (const [name, content] of Object.entries(FILES)) writeFileSync(at(name), content);
    for (const [name, damage] of Object.entries({
      truncated: (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 1000)),
      garbled: (path: string) => writeFileSync(path, Buffer.from('this is no model')),
    })) {
      cpSync(model, at(name), { recursive: true });
      damage(join(at(name), 'model.safetensors'));
    }
    for (const [name, lost] of Object.entries({
      'no-best': 'checkpoint/best.safetensors',
      'no-tokens': 'tokens',
      'no-tokenizer': 'tokenizer.json',
    })) {
      cpSync(model, at(name), { recursive: true });
      rmSync(at(name, lost), { recursive: true });
    }
    mkdirSync(at('foreign'));
    writeFileSync(at('foreign', 'config.json'), '{"model_type":"bert","architectures":["BertModel"]}');
    copyFileSync(join(model, 'tokenizer.json'), at('foreign', 'tokenizer.json'));
    writeFileSync(at('file-in-the-way'), '');
  });

  const training = (text: string, more: readonly string[] = []): readonly string[] => [
    'train',
    '--text',
    at(text),
    '--out',
    at(`out-of-${text}`),
    '--steps',
    '2',
    ...TINY,
    ...more,
  ];
  const CASES: readonly (readonly [what: string, args: () => readonly string[], code: number])[] = [
    ['an empty corpus', () => training('empty.txt'), 1],
    ['a binary corpus', () => training('binary.bin'), 1],
    ['a corpus that is not UTF-8', () => training('latin1.txt'), 1],
    ['a corpus that is too small', () => training('tiny.txt'), 2],
    ['a glob that matches nothing', () => training('no-*.txt'), 1],
    ['a context longer than the text', () => [...train(at('out-context'), 2), '--context-length', '1000000'], 2],
    ['heads that do not divide the width', () => [...train(at('out-heads'), 2), '--heads', '3'], 2],
    ['a folder that cannot be made', () => train(at('file-in-the-way', 'run'), 2), 1],
    ['a model folder that is missing', () => ['generate', at('nowhere')], 1],
    ['a truncated model', () => ['generate', at('truncated')], 1],
    ['a garbled model', () => ['generate', at('garbled')], 1],
    ['a foreign model', () => ['generate', at('foreign')], 1],
    ['a folder without a run', () => ['train', '--resume', at('nowhere')], 1],
    ['a run whose best weights are gone', () => ['train', '--resume', at('no-best')], 1],
    ['a run whose tokens are gone', () => ['train', '--resume', at('no-tokens')], 1],
    ['a run whose tokenizer is gone', () => ['train', '--resume', at('no-tokenizer')], 1],
    ['a run into a model of another kind', () => train(at('foreign'), 2), 2],
    ['a run that exists', () => train(model, 2), 2],
    ['no preset and no folder', () => ['size', 'gpt-99'], 2],
    ['a tokenizer that is missing', () => ['tokenizer', 'encode', 'x', '-t', at('nowhere')], 1],
    ['an eval text that is missing', () => ['eval', model, at('nowhere.txt')], 1],
  ];
  test.for(CASES)('%s', { timeout: 60_000 }, async ([, args, expected]) => {
    const { code, err } = await weft(args());
    const lines = err.split('\n').filter((line) => line !== '' && !/^ {2}[A-Z]\w+ {2,}/.test(line));
    expect(lines[0]).toMatch(/^error \[WEFT_[A-Z0-9_]+\] Cannot .+ as .+/);
    expect(lines[0]).not.toContain('WEFT_INTERNAL');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^ {2}\S.+\.$/);
    expect(code).toBe(expected);
  });

  test('a port in use, and the model is still there', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, 'localhost', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, err } = await weft(['serve', model, '--port', String(port)]);
    other.close();
    expect(code).toBe(1);
    expect(err).toMatch(/^error \[WEFT_SERVE_PORT\] .+\n {2}.+\n$/);
    expect(existsSync(join(model, 'model.safetensors'))).toBe(true);
  });
});
