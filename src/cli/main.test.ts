/** The program as a process: signals, pipes and exit codes, with what does not need a model. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-cli-'));
  writeFileSync(join(folder, 'metrics.jsonl'), '{"kind":"step","step":1,"loss":4.25}\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['--import', tsx, main, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

interface End {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The end of a process; `onOutput` hears stdout as it comes. */
function end(child: ChildProcess, onOutput: (text: string) => void = () => undefined): Promise<End> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    onOutput(out);
  });
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

describe('the process', () => {
  test('help goes to stdout, exit 0', async () => {
    expect(await end(start(['--help']))).toMatchObject({ code: 0, err: '', out: expect.stringContaining('quickstart') as string });
  });

  test('a wrong use goes to stderr, exit 2', async () => {
    expect(await end(start(['serve']))).toEqual({
      code: 2,
      out: '',
      err: expect.stringMatching(/^error \[WEFT_ARGUMENT\] .+\n {2}See weft serve --help\.\n$/) as string,
    });
  });

  test('an error goes to stderr, exit 1', async () => {
    expect(await end(start(['studio', 'nowhere', '--port', '0']))).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^error \[WEFT_RUN_MISSING\] .+\n {2}.+\n$/) as string,
    });
  });

  test('the studio opens without any run, for the tokenizers on its page', async () => {
    const child = start(['studio', '--port', '0', '--json']);
    let asked: Promise<unknown> | undefined;
    const result = await end(child, (out) => {
      if (asked !== undefined || !out.includes('}')) return;
      const { url } = JSON.parse(out) as { readonly url: string };
      const question = { text: 'low', train: 'low lower lowest', type: 'bpe', merges: 2 };
      asked = fetch(`${url}/api/explain`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(question),
      })
        .then((answer) => answer.json())
        .finally(() => child.kill('SIGINT'));
    });
    expect(result).toMatchObject({ code: 130, err: '' });
    expect(JSON.parse(result.out)).toMatchObject({ runs: [] });
    expect(await asked).toMatchObject({ encoding: { ids: [8] } });
  });

  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s closes what it serves, exit %d', async ([signal, code]) => {
    const child = start(['studio', folder, '--port', '0', '--json']);
    let asked = false;
    const result = await end(child, (out) => {
      if (asked || !out.includes('}')) return;
      asked = true;
      child.kill(signal);
    });
    expect(result).toMatchObject({ code, err: '' });
    expect(JSON.parse(result.out)).toMatchObject({ url: expect.stringMatching(/^http:\/\/localhost:\d+$/) as string });
  });

  test('a reader that goes away ends it quietly', async () => {
    const child = start(['studio', folder, '--port', '0', '--json']);
    child.stdout?.destroy();
    const result = await end(child);
    expect(result).toMatchObject({ code: 141, err: '' });
  });

  test.runIf(existsSync('/dev/full'))('output to a disk that is full: one line and a remedy, after saving', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, ['--import', tsx, main, 'studio', folder, '--port', '0'], { stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    expect(await end(child)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error \[WEFT_WRITE\] Cannot write the output as the disk is full: ENOSPC\n {2}.+\n$/) as string,
    });
  });

  test('a recipe with an unknown key names it, before anything is read', async () => {
    writeFileSync(
      join(folder, 'recipe.ts'),
      "import { defineRecipe } from 'weft/workflows';\nexport default defineRecipe({ text: 'a.txt', model: { laeyrs: 2 } } as never);\n",
    );
    expect(await end(start(['train', 'recipe.ts']))).toEqual({
      code: 2,
      out: '',
      err: 'error [WEFT_OPTION_UNKNOWN] Cannot use recipe.ts (model) as the option is unknown: laeyrs\n  Did you mean layers?\n',
    });
  });
});
