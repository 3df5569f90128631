/** The page in a real browser, driven as people do: by keyboard, by pointer, by touch on a phone, in light and dark. */

import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hostTensor } from '../src/core/index.ts';
import type { AttentionReader } from '../src/generate/index.ts';
import { serve, studio } from '../src/serve/index.ts';
import type { RunningServer } from '../src/serve/index.ts';
import { fakeModel } from '../src/serve/fake-model.fixture.ts';
import type { FakeModel } from '../src/serve/fake-model.fixture.ts';
import { trainTokenizer } from '../src/tokenizers/index.ts';
import { CHROMIUM } from './house/chromium.ts';
import { PHONE, buildPage, focused, openVisits, overflow } from './house/visits.ts';
import type { Visits } from './house/visits.ts';

if (CHROMIUM === undefined) console.warn('The page is not tested: no Chromium was found. Install one, or name it in WEFT_CHROMIUM.');

const CARD = {
  name: 'fake',
  createdAt: '2026-01-02T03:04:05Z',
  parameters: 1_234_567,
  data: { files: ['docs/**/*.md', 'notes.txt'], documents: 11, bytes: 6_812_345, tokens: 1_934_221, heldOutBytes: 71_220 },
  training: { steps: 120, tokensSeen: 245_760, seconds: 118.2, trainLoss: 2.104 },
  heldOut: { loss: 2.31, perplexity: 10.07, bitsPerByte: 1.012 },
  baselines: { gzipBitsPerByte: 1.71, fiveGramBitsPerByte: 1.236 },
};

/** A PNG of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const stepLines = (from: number, to: number, end = 2): string =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)
    .map((step) => {
      const loss = end + 4 / step;
      const line = JSON.stringify({
        kind: 'step',
        step,
        loss,
        learningRate: 1e-3,
        gradientNorm: 1,
        tokensPerSecond: 9000,
        tokensSeen: step * 512,
        seconds: step / 10,
      });
      return step % 10 === 0
        ? `${line}\n${JSON.stringify({ kind: 'eval', step, loss: loss + 0.1, perplexity: 9, bitsPerByte: 1.1 })}\n{"kind":"sample","step":${step},"text":"sample ${step}"}\n`
        : `${line}\n`;
    })
    .join('');

describe.skipIf(CHROMIUM === undefined)('the page', () => {
  let visits: Visits;
  let trouble: string[];
  let folder: string;
  let page: string;
  let model: FakeModel;
  let server: RunningServer;
  let hold: ((index: number) => Promise<void> | void) | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-page-'));
    page = join(folder, 'page');
    await buildPage(page);
    await mkdir(join(folder, 'runs', 'first'), { recursive: true });
    await writeFile(join(folder, 'runs', 'first', 'metrics.jsonl'), stepLines(1, 120));
    model = fakeModel({ card: CARD, parameters: CARD.parameters, beforeToken: (index) => hold?.(index) });
    server = await serve(model, { port: 0, page, runs: [join(folder, 'runs', 'first')], graceSeconds: 0 });
    visits = await openVisits();
    trouble = visits.trouble;
  });
  afterAll(async () => {
    await visits?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    hold = undefined;
    return await visits.open(url, options);
  }
  const done = async (opened: Page): Promise<void> => await visits.done(opened);

  test('by keyboard alone: a prompt, its text, a token’s alternatives, another way from there', async () => {
    const opened = await open(server.url);
    await opened.getByRole('textbox', { name: 'Prompt' }).focus();
    await opened.keyboard.type('export function');
    await opened.keyboard.press('Control+Enter');
    await opened.getByText('128 tokens', { exact: false }).first().waitFor();
    await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
    const tokens = opened.locator('[data-token]');
    expect(await tokens.count()).toBe(128);
    const prompts = model.log.prompts.length;
    const before = (await tokens.allTextContents()).slice(0, 3).join('');

    // From the text to its first token with Tab; along the tokens with arrows.
    await opened.getByRole('button', { name: 'Clear' }).focus();
    await opened.keyboard.press('Tab');
    expect(await opened.evaluate('document.activeElement.dataset.token')).toBe('0');
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowLeft']) await opened.keyboard.press(key);
    expect(await opened.evaluate('document.activeElement.dataset.token')).toBe('3');
    expect(await focused(opened)).toMatch(/, [<\d. ]+%$/);
    const panel = opened.getByRole('dialog');
    await panel.waitFor();
    const label = await focused(opened);
    expect(await panel.locator('strong').textContent()).toBe(label.slice(label.lastIndexOf(', ') + 2));

    // Into the alternatives and back, then in again to take another.
    await opened.keyboard.press('Enter');
    await opened.locator('button.way:focus').waitFor();
    await opened.keyboard.press('Escape');
    expect(await opened.evaluate('document.activeElement.dataset.token')).toBe('3');
    await panel.waitFor({ state: 'detached' });
    await opened.keyboard.press('Enter');
    await opened.locator('button.way:focus').waitFor();
    const ways = panel.locator('button.way');
    expect(await ways.count()).toBeGreaterThanOrEqual(8);
    const shares = (await panel.locator('.way .number').allTextContents()).map((text) => Number.parseFloat(text.replace('< ', '')));
    expect(shares.slice(0, 8)).toEqual(shares.slice(0, 8).toSorted((a, b) => b - a));
    const other = panel.locator('button.way:not(.is-taken)').first();
    const piece = await other.locator('.piece').textContent();
    await other.focus();
    await opened.keyboard.press('Enter');
    await panel.waitFor({ state: 'detached' });
    await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
    expect(model.log.prompts.length).toBe(prompts + 1);
    expect(model.log.prompts.at(-1)?.length).toBe(model.tokenizer.encode('export function').length + 4);
    expect((await tokens.allTextContents()).slice(0, 3).join('')).toBe(before);
    expect(await tokens.nth(3).getAttribute('aria-label')).toContain(piece ?? '');
    await done(opened);
  });

  test('a pointer over a token shows its alternatives, and they go when it leaves', async () => {
    const opened = await open(server.url);
    await opened.getByRole('textbox', { name: 'Prompt' }).fill('readonly');
    await opened.getByRole('button', { name: 'Generate' }).click();
    await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
    await opened.locator('[data-token="5"]').hover();
    await opened.getByRole('dialog').waitFor();
    await opened.getByRole('heading', { name: 'Sampling' }).hover();
    await opened.getByRole('dialog').waitFor({ state: 'detached' });
    await opened.locator('[data-token="5"]').click();
    await opened.getByRole('heading', { name: 'Sampling' }).hover();
    await opened.getByRole('button', { name: 'Close' }).click();
    await opened.getByRole('dialog').waitFor({ state: 'detached' });
    await done(opened);
  });

  test('the panel never lies on its token, where lines end and wrap either', async () => {
    const opened = await open(server.url, { viewport: { width: 900, height: 700 } });
    await opened.getByRole('textbox', { name: 'Seed' }).fill('7');
    await opened.getByRole('button', { name: 'Generate' }).click();
    await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
    await opened.locator('[data-token="0"]').focus();
    for (let index = 0; index < 100; index++) {
      const apart = `(() => {
        const shown = document.activeElement;
        if (shown.dataset.token !== '${index}' || !shown.classList.contains('is-looked')) return 'not there yet';
        const panel = document.querySelector('.inspector').getBoundingClientRect();
        const token = [...shown.getClientRects()].sort((a, b) => b.width - a.width)[0];
        return panel.bottom <= token.top || panel.top >= token.bottom;
      })()`;
      await expect.poll(() => opened.evaluate(apart), { timeout: 5000, message: `token ${index}` }).toBe(true);
      await opened.keyboard.press('ArrowRight');
    }
    await done(opened);
  });

  test('the panel stays while its token has the focus, and goes with it', async () => {
    const opened = await open(server.url);
    await opened.getByRole('textbox', { name: 'Prompt' }).fill('readonly');
    await opened.getByRole('button', { name: 'Generate' }).click();
    await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
    await opened.locator('[data-token="2"]').focus();
    await opened.keyboard.press('ArrowRight');
    const panel = opened.getByRole('dialog');
    await panel.waitFor();
    // Longer than a pointer may take from a token to the panel.
    for (let look = 0; look < 10; look++) {
      await opened.waitForTimeout(50);
      expect(await panel.isVisible()).toBe(true);
    }
    await opened.getByRole('textbox', { name: 'Prompt' }).focus();
    await panel.waitFor({ state: 'detached' });
    await done(opened);
  });

  test('the text is copied, also where the page has no secure origin', async () => {
    for (const secure of [true, false]) {
      const opened = await open(server.url, secure ? { permissions: ['clipboard-read', 'clipboard-write'] } : {});
      if (!secure) await opened.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
      await opened.getByRole('textbox', { name: 'Prompt' }).fill('export');
      await opened.getByRole('button', { name: 'Generate' }).click();
      await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
      const text = `export${(await opened.locator('[data-token]').allTextContents()).join('')}`;
      await opened.evaluate("addEventListener('copy', (event) => (window.copied = event.target.value))");
      await opened.getByRole('button', { name: 'Copy' }).click();
      await opened.getByRole('button', { name: 'Copied' }).waitFor();
      expect(await opened.evaluate(secure ? 'navigator.clipboard.readText()' : 'window.copied')).toBe(text);
      expect(await focused(opened)).toMatch(/^Cop/);
      await done(opened);
    }
  });

  test('Escape stops the text from where the prompt is typed', async () => {
    const opened = await open(server.url);
    let release: (() => void) | undefined;
    hold = (index) => (index < 3 ? undefined : new Promise((resolve) => (release = resolve)));
    await opened.getByRole('textbox', { name: 'Prompt' }).focus();
    await opened.keyboard.press('Control+Enter');
    await opened.locator('[data-token="2"]').waitFor();
    expect(await opened.locator('.keys').textContent()).toBe('Esc');
    await opened.keyboard.press('Escape');
    await opened.getByRole('button', { name: 'Generate' }).waitFor();
    expect(await opened.getByRole('status').allTextContents()).toContain('Stopped after 3 tokens.');
    release?.();
    await done(opened);
  });

  test('the text streams, is announced, and stops when asked; the model hears of it', async () => {
    const opened = await open(server.url);
    let release: (() => void) | undefined;
    hold = (index) => (index < 5 ? undefined : new Promise((resolve) => (release = resolve)));
    await opened.getByRole('textbox', { name: 'Prompt' }).fill('export');
    const aborted = model.log.aborted;
    await opened.getByRole('button', { name: 'Generate' }).click();
    await opened.locator('[data-token="4"]').waitFor();
    expect(await opened.locator('[data-token]').count()).toBe(5);
    expect(await opened.getByRole('status').allTextContents()).toContain('Generating.');
    await opened.getByRole('button', { name: 'Stop' }).click();
    await opened.getByRole('button', { name: 'Generate' }).waitFor();
    while (model.log.aborted === aborted) {
      release?.();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await opened.getByRole('status').allTextContents()).toContain('Stopped after 5 tokens.');
    expect(await opened.getByRole('log').textContent()).toBe((await opened.locator('[data-token]').allTextContents()).join(''));
    expect(await opened.locator('[data-token]').count()).toBe(5);

    // What came stays, and it goes on from there.
    hold = undefined;
    await opened.getByRole('button', { name: 'Go on', exact: true }).click();
    await opened.locator('[data-token="132"]').waitFor();
    await done(opened);
  });

  test('the settings reach the model, and are there again at the next visit', async () => {
    const opened = await open(server.url);
    await opened.getByRole('spinbutton', { name: 'Temperature' }).fill('0');
    await opened.getByRole('spinbutton', { name: 'Top-k' }).fill('12');
    await opened.getByRole('slider', { name: 'Length' }).focus();
    await opened.keyboard.press('Home');
    await opened.keyboard.press('ArrowRight');
    await opened.getByRole('textbox', { name: 'Seed' }).fill('42');
    await opened.getByRole('button', { name: 'Generate' }).click();
    await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
    const { temperature, topK, maxTokens, seed, alternatives, topP, minP, stop } = model.log.options.at(-1) ?? {};
    expect([temperature, topK, maxTokens, seed, alternatives, topP, minP, stop]).toEqual([
      0,
      12,
      2,
      42,
      8,
      undefined,
      undefined,
      undefined,
    ]);
    await opened.reload();
    expect(await opened.getByRole('spinbutton', { name: 'Top-k' }).inputValue()).toBe('12');
    await opened.getByRole('button', { name: 'Reset' }).click();
    expect(await opened.getByRole('spinbutton', { name: 'Temperature' }).inputValue()).toBe('0.8');
    await done(opened);
  });

  test('a server that fails is told in words', async () => {
    const opened = await open(server.url);
    hold = () => {
      throw new Error('broken');
    };
    await opened.getByRole('button', { name: 'Generate' }).click();
    expect(await opened.getByRole('alert').textContent()).toContain('The server failed');
    hold = undefined;
    await opened.getByRole('button', { name: 'Generate' }).click();
    await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
    expect(await opened.getByRole('alert').count()).toBe(0);

    // A connection that fails: in the page's words, and what there is stays.
    await opened.route('**/api/generate', async (route) => await route.abort());
    await opened.getByRole('button', { name: 'Go on', exact: true }).click();
    expect(await opened.getByRole('alert').textContent()).toContain('The server does not answer any more.');
    await opened.unroute('**/api/generate');
    trouble.length = 0; // The browser's own complaint.
    await opened.getByRole('button', { name: 'Go on', exact: true }).click();
    await opened.locator('[data-token="255"]').waitFor();
    await done(opened);
  });

  test('the model card: size, data, and the held-out number beside its baselines', async () => {
    const opened = await open(`${server.url}/#model`);
    await opened.getByRole('heading', { name: 'fake', level: 1 }).waitFor();
    const text = await opened.locator('main').innerText();
    for (const part of ['1.23M', '6.81 MB', '1,934,221', '2.104', 'docs/**/*.md', 'curl']) expect(text).toContain(part);
    expect(await opened.locator('.score').allInnerTexts()).toEqual(
      ['this model', 'byte 5-gram', 'gzip −9'].map((label) => expect.stringContaining(label) as string),
    );
    await done(opened);
  });

  test('the curve is drawn, read by keyboard, and grows while training goes on', async () => {
    const opened = await open(`${server.url}/#training`);
    const chart = opened.getByRole('img', {
      name: /^Training loss from 6\.00 at step 1 to 2\.03 at step 120; held-out loss 2\.13 at step 120/,
    });
    await chart.waitFor();
    const drawn = `(() => { const c = document.querySelector('.chart canvas'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i] > 0) n++; return n; })()`;
    expect(await opened.evaluate(drawn)).toBeGreaterThan(3000);
    await chart.focus();
    await opened.keyboard.press('Home');
    expect(await opened.locator('.readout').innerText()).toContain('step 1');
    expect(await opened.locator('.readout').innerText()).toContain('training 6.000');
    await opened.keyboard.press('End');
    expect(await opened.locator('.readout').innerText()).toContain('held-out 2.133');
    await opened.getByText('Logarithmic').click();
    await opened.getByText('Tokens', { exact: true }).click();
    expect(await opened.locator('.sample').innerText()).toBe('sample 120');
    await appendFile(join(folder, 'runs', 'first', 'metrics.jsonl'), stepLines(121, 130));
    await opened
      .getByRole('img', { name: /at step 130/ })
      .first()
      .waitFor();
    expect(await opened.locator('.sample').innerText()).toBe('sample 130');
    await done(opened);
  });

  test('the studio: runs without a model, one that begins later too', async () => {
    const runs = join(folder, 'studio');
    await mkdir(join(runs, 'alpha'), { recursive: true });
    await writeFile(join(runs, 'alpha', 'metrics.jsonl'), stepLines(1, 30));
    const shown = await studio([runs], { port: 0, page });
    const opened = await open(shown.url);
    await opened.getByRole('heading', { name: 'alpha', level: 1 }).waitFor();
    expect(await opened.getByRole('textbox', { name: 'Prompt' }).count()).toBe(0);
    await mkdir(join(runs, 'beta'));
    await writeFile(join(runs, 'beta', 'metrics.jsonl'), stepLines(1, 5));
    await opened.getByRole('button', { name: /^beta/ }).click();
    await opened.getByRole('heading', { name: 'beta', level: 1 }).waitFor();
    await opened.getByRole('img', { name: /at step 5\./ }).waitFor();

    // Pictures come in order, the last one first.
    await mkdir(join(runs, 'beta', 'images'));
    for (const name of ['step-2.png', 'step-10.png']) await writeFile(join(runs, 'beta', 'images', name), Buffer.from(PIXEL, 'base64'));
    await opened.getByRole('img', { name: 'Picture images/step-10.png' }).waitFor({ timeout: 15_000 });
    expect(await opened.evaluate("document.querySelector('.picture img').naturalWidth")).toBe(1);
    await opened.getByRole('region', { name: 'Pictures' }).getByRole('slider').press('Home');
    await opened.getByRole('img', { name: 'Picture images/step-2.png' }).waitFor();

    // A long time widens its cell.
    await mkdir(join(runs, 'gamma'));
    await writeFile(join(runs, 'gamma', 'metrics.jsonl'), stepLines(1, 10).replace('"seconds":1}', '"seconds":69999}'));
    await opened.getByRole('button', { name: /^gamma/ }).click();
    await opened.getByText('19 h 26 min').waitFor();
    expect(
      await opened.evaluate(
        "[...document.querySelectorAll('.figures dd')].map((cell) => cell.scrollWidth - cell.clientWidth).filter((over) => over > 0)",
      ),
    ).toEqual([]);
    await done(opened);
    await shown.close();
  });

  test('runs are laid over each other: chosen by checkbox, five measures over steps, tokens or time, linear or logarithmic', async () => {
    const runs = join(folder, 'compared');
    for (const [name, steps, end] of [
      ['adamw', 120, 2.5],
      ['muon', 60, 2],
      ['lion', 90, 3],
    ] as const) {
      await mkdir(join(runs, name), { recursive: true });
      await writeFile(join(runs, name, 'metrics.jsonl'), stepLines(1, steps, end));
    }
    const shown = await studio([runs], { port: 0, page, graceSeconds: 0 });
    for (const [colorScheme, size] of [
      ['light', {}],
      ['dark', PHONE],
    ] as const) {
      const opened = await open(shown.url, { colorScheme, ...size });
      await opened.getByRole('checkbox', { name: 'Compare adamw' }).check();
      expect(await opened.getByRole('region', { name: 'Comparison' }).count()).toBe(0);
      await opened.getByRole('checkbox', { name: 'Compare muon' }).check();
      const card = opened.getByRole('region', { name: 'Comparison' });
      const row = card.getByRole('row', { name: /muon/ });
      await row.getByText('60', { exact: true }).waitFor();
      expect((await row.innerText()).replaceAll(/\s+/g, ' ').trim()).toMatch(/^muon 2\.\d+ 2\.17 60$/);
      // Both lines are there, each in its own colour.
      const colours = `(() => {
        const drawn = document.querySelector('.chart canvas');
        const copy = Object.assign(document.createElement('canvas'), { width: drawn.width, height: drawn.height }).getContext('2d', { willReadFrequently: true });
        copy.drawImage(drawn, 0, 0);
        const { data } = copy.getImageData(0, 0, drawn.width, drawn.height);
        const wanted = ['--line-1', '--line-2', '--line-3'].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim());
        const seen = new Map();
        for (let i = 0; i < data.length; i += 4) {
          const hex = '#' + [data[i], data[i + 1], data[i + 2]].map((part) => part.toString(16).padStart(2, '0')).join('');
          if (data[i + 3] === 255) seen.set(hex, (seen.get(hex) ?? 0) + 1);
        }
        return wanted.map((hex) => (seen.get(hex) ?? 0) > 30);
      })()`;
      await expect.poll(() => opened.evaluate(colours), { timeout: 5000 }).toEqual([true, true, false]);
      await opened.getByRole('checkbox', { name: 'Compare lion' }).check();
      await expect.poll(() => opened.evaluate(colours), { timeout: 5000 }).toEqual([true, true, true]);
      for (const name of ['Held-out', 'Learning rate', 'Gradient norm', 'Tokens/s', 'Loss']) {
        await card.getByRole('radio', { name, exact: true }).check({ force: true });
        await card.getByRole('img', { name: new RegExp(`^${name} of 3 runs over steps`) }).waitFor();
      }
      for (const name of ['Tokens', 'Time']) {
        await card.getByRole('radio', { name, exact: true }).check({ force: true });
        await card.getByRole('img', { name: new RegExp(`over ${name.toLowerCase()}`) }).waitFor();
      }
      await card.getByRole('checkbox', { name: 'Logarithmic' }).check();
      await expect.poll(() => opened.evaluate(colours), { timeout: 5000 }).toEqual([true, true, true]);
      expect(await overflow(opened)).toBeLessThanOrEqual(0);
      if (process.env['WEFT_SHOTS'] !== undefined)
        await opened.screenshot({ path: join(process.env['WEFT_SHOTS'], `compare-${colorScheme}.png`), fullPage: true });

      // A name shows that run alone; the choice is kept.
      await opened.getByRole('button', { name: /^lion/ }).click();
      await opened.getByRole('heading', { name: 'lion', level: 1 }).waitFor();
      await opened.getByRole('button', { name: 'Compare 3 runs' }).click();
      await card.waitFor();
      await done(opened);
    }
    await shown.close();
  });

  describe('tokenizers explained', () => {
    test('byte pair encoding by keyboard alone: the textbook’s counts and merges, one step after the other', async () => {
      const opened = await open(`${server.url}/#tokenizer`);
      const training = opened.getByRole('region', { name: 'Training' });
      await training.getByText('The words as characters').waitFor();
      const pairs = async (): Promise<string> =>
        (await training.locator('.bars tbody tr').allInnerTexts()).map((row) => row.replaceAll(/\s+/g, ' ').trim()).join(', ');
      expect(await pairs()).toBe('l o 3, o w 3, w e 2, e r 1, e s 1, s t 1');
      await training.getByRole('slider', { name: 'Merges' }).focus();
      const names: string[] = [];
      for (let step = 0; step < 6; step++) {
        await opened.keyboard.press('ArrowRight');
        names.push((await training.locator('.step-name strong').textContent()) ?? '');
      }
      expect(names).toEqual([
        'Merge 1: l + o → lo',
        'Merge 2: lo + w → low',
        'Merge 3: low + e → lowe',
        'Merge 4: s + t → st',
        'Merge 5: lowe + r → lower',
        'Merge 6: lowe + st → lowest',
      ]);
      await opened.keyboard.press('Home');
      expect(await pairs()).toBe('l o 3, o w 3, w e 2, e r 1, e s 1, s t 1');
      expect(await training.getByRole('button', { name: 'Step back' }).getAttribute('aria-disabled')).toBe('true');

      const encoding = opened.getByRole('region', { name: 'Encoding' });
      expect(await encoding.getByRole('list', { name: 'Ids' }).innerText()).toMatch(/^low\s+8\s+lower\s+11\s+lowest\s+12$/);
      await encoding.getByRole('button', { name: 'lowest' }).focus();
      await opened.keyboard.press('Enter');
      await encoding.getByRole('slider', { name: 'Merges of the piece' }).focus();
      await opened.keyboard.press('End');
      expect(await encoding.locator('.states li').count()).toBe(6);
      await done(opened);
    });

    test('Unigram: what pruning takes, and the lattice with its best way', async () => {
      const opened = await open(`${server.url}/#tokenizer`);
      await opened.getByRole('radio', { name: 'Unigram' }).check();
      const training = opened.getByRole('region', { name: 'Training' });
      await training.getByText('What it begins with').waitFor();
      for (let step = 0; step < 3; step++) await training.getByRole('button', { name: 'Step on' }).click();
      await training.getByText('Round 1, pruning').waitFor();
      expect(await training.locator('.is-gone').count()).toBe(5);
      const encoding = opened.getByRole('region', { name: 'Encoding' });
      await encoding.getByRole('button', { name: '▁lowest' }).click();
      expect(await encoding.locator('.lattice-token.is-best .lattice-name').allInnerTexts()).toEqual(['▁lowe', 's', 't']);
      await done(opened);
    });

    test('other text is explained as one writes; what is refused is told in words', async () => {
      const opened = await open(`${server.url}/#tokenizer`);
      const encoding = opened.getByRole('region', { name: 'Encoding' });
      await opened.getByRole('radio', { name: 'WordPiece' }).check();
      await opened.getByRole('textbox', { name: 'Text to learn from' }).fill('hug hugs hugging');
      await opened.getByRole('textbox', { name: 'Text to encode' }).fill('hugs bug');
      await encoding.getByRole('button', { name: 'bug', exact: true }).click();
      await encoding.getByText('Nothing fits: the word is unknown').waitFor();
      expect(trouble).toEqual([]);
      await opened.getByRole('textbox', { name: 'Text to learn from' }).fill(' ');
      expect(await opened.getByRole('alert').textContent()).toContain('it learns from text');
      expect(trouble.splice(0)).toEqual([expect.stringContaining('400')]);
      await done(opened);
    });

    test('the tokenizer of the served model, and of none in the studio', async () => {
      const tokenizer = await trainTokenizer(['low lower lowest naïve low lower lowest naïve'], { vocabSize: 270 });
      const own = await serve(fakeModel({ tokenizer, name: 'own' }), { port: 0, page, graceSeconds: 0 });
      const opened = await open(`${own.url}/#tokenizer`);
      await opened.getByRole('radio', { name: 'own' }).check();
      await opened.getByRole('textbox', { name: 'Text to encode' }).fill('lower naïve');
      const encoding = opened.getByRole('region', { name: 'Encoding' });
      await encoding.getByText('11 characters').waitFor();
      await encoding.getByText('The steps below lead to the ids that the tokenizer itself gives.').waitFor();
      expect(await encoding.locator('.ids .number').allTextContents()).toEqual(Array.from(tokenizer.encode('lower naïve'), String));
      await encoding.getByRole('button', { name: 'ĠnaÃ¯ve' }).click();
      await encoding.getByText('The piece reads “␣naïve”.').waitFor();
      await done(opened);
      await own.close();

      const alone = await studio([join(folder, 'runs', 'first')], { port: 0, page, graceSeconds: 0 });
      const bare = await open(alone.url);
      await bare.getByRole('link', { name: 'Tokenizer' }).click();
      await bare.getByText('The words as characters').waitFor();
      expect(await bare.getByRole('radio').count()).toBe(5 + 3);
      await done(bare);
      await alone.close();
    });

    test('on a phone nothing is wider than the screen, and long words either', async () => {
      const opened = await open(`${server.url}/#tokenizer`, PHONE);
      for (const kind of ['Unigram', 'WordPiece', 'Words', 'Characters', 'BPE']) {
        await opened.getByRole('radio', { name: kind }).check();
        await opened
          .getByRole('textbox', { name: 'Text to learn from' })
          .fill(`Donaudampfschifffahrtsgesellschaft ${'x'.repeat(120)} low lower`);
        await opened.getByRole('textbox', { name: 'Text to encode' }).fill(`Donaudampfschifffahrtsgesellschaft ${'x'.repeat(110)}`);
        await opened.getByText('145 characters').waitFor();
        // A phone zooms out where something is wider.
        expect([kind, await overflow(opened), await opened.evaluate('innerWidth')]).toEqual([kind, 0, 360]);
      }
      await done(opened);
    });
  });

  describe('attention', () => {
    /** Layer 0: a head for the token before, one for the first, one for all alike; layer 1: three heads for the token itself. */
    const weight = (layer: number, head: number, { from, to }: { readonly from: number; readonly to: number }): number => {
      if (to > from) return 0;
      if (layer === 1) return to === from ? 1 : 0;
      return [to === Math.max(0, from - 1) ? 1 : 0, to === 0 ? 1 : 0, 1 / (from + 1)][head] ?? 0;
    };
    const openAttention = async (): Promise<AttentionReader> => ({
      layers: 2,
      read: async ({ length: size }) =>
        [0, 1].map((layer) =>
          hostTensor(
            'float32',
            [3, size, size],
            Float32Array.from({ length: 3 * size * size }, (_, index) =>
              weight(layer, Math.floor(index / size ** 2), { from: Math.floor(index / size) % size, to: index % size }),
            ),
          ),
        ),
      close: async () => undefined,
    });
    let attending: RunningServer;
    beforeAll(async () => {
      attending = await serve(fakeModel({ openAttention }), { port: 0, page, runs: [join(folder, 'runs', 'first')], graceSeconds: 0 });
    });
    afterAll(async () => await attending.close());

    test('by keyboard: a layer, one of its heads, and token by token what that looks at', async () => {
      const opened = await open(attending.url);
      await opened.getByRole('link', { name: 'Attention' }).click();
      await opened.getByRole('textbox', { name: 'Text to read' }).fill('readonly signal encoding');
      const tokens = opened.locator('[data-token]');
      const heads = opened.getByRole('group', { name: 'Heads.' }).getByRole('button');
      await opened.getByText('3 tokens').waitFor();
      expect(await tokens.allTextContents()).toEqual(['readonly', ' signal', ' encoding']);
      expect(await heads.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))).toEqual([
        'Head 1, looks at the one before, 100%',
        'Head 2, looks at the first, 100%',
        'Head 3, looks here and there',
      ]);

      // From the text over the layer and the heads to the tokens, a stop of the Tab key each.
      await opened.getByRole('textbox', { name: 'Text to read' }).focus();
      await opened.keyboard.press('Tab');
      await opened.keyboard.press('Tab');
      expect(await focused(opened)).toMatch(/^Head 1/);
      await opened.keyboard.press('ArrowRight');
      expect(await focused(opened)).toMatch(/^Head 2/);
      const close = opened.getByRole('region', { name: 'Layer 1, head 1' });
      await close.waitFor();
      await opened.keyboard.press('End');
      await opened.keyboard.press('Enter');
      await opened.getByRole('region', { name: 'Layer 1, head 3' }).waitFor();
      await opened.keyboard.press('Home');
      await opened.keyboard.press('Space');
      await close.waitFor();
      expect(await heads.nth(0).getAttribute('aria-pressed')).toBe('true');
      await opened.keyboard.press('Tab');
      expect(await focused(opened)).toBe('␣encoding: ␣signal 100%');
      await opened.keyboard.press('ArrowLeft');
      expect(await focused(opened)).toBe('␣signal: readonly 100%');
      expect(await close.locator('tbody tr').allInnerTexts()).toEqual([expect.stringMatching(/^readonly\s+1\s+100%$/)]);
      expect(await tokens.evaluateAll((all) => all.map((one) => one.getAttribute('style')?.slice('--weight: '.length, -1)))).toEqual([
        '1.000',
        '0.000',
        '0.000',
      ]);

      // The other layer: the same head and the same token.
      await opened.getByRole('radiogroup', { name: 'Layer' }).getByRole('radio', { name: '1' }).focus();
      await opened.keyboard.press('ArrowRight');
      const second = opened.getByRole('region', { name: 'Layer 2, head 1' });
      await second.waitFor();
      expect(await second.locator('tbody tr').allInnerTexts()).toEqual([expect.stringMatching(/^␣signal\s*itself\s+2\s+100%$/)]);
      await done(opened);
    });

    test('a pointer over a token or a row shows what it looks at, until it leaves', async () => {
      const opened = await open(`${attending.url}/#attention`);
      await opened.getByRole('textbox', { name: 'Text to read' }).fill('readonly signal encoding');
      await opened.getByText('3 tokens').waitFor();
      await opened.getByRole('button', { name: 'Head 3' }).click();
      const close = opened.getByRole('region', { name: 'Layer 1, head 3' });
      expect(await close.locator('tbody tr').count()).toBe(3);
      await opened.locator('[data-token="1"]').hover();
      expect(await close.locator('tbody tr').count()).toBe(2);
      expect(await opened.locator('[data-token="0"]').getAttribute('title')).toBe('50% of what ␣signal looks at');
      await opened.getByRole('heading', { name: 'Layer 1, head 3' }).hover();
      expect(await close.locator('tbody tr').count()).toBe(3);
      const picture = close.locator('.attention-large');
      const { width, height } = (await picture.boundingBox()) ?? { width: 0, height: 0 };
      await picture.hover({ position: { x: width / 6, y: height / 2 } });
      await close.getByText('␣signal looks at readonly: 50%').waitFor();
      await picture.click({ position: { x: width / 6, y: height / 6 } });
      await opened.getByRole('heading', { name: 'Layer 1, head 3' }).hover();
      expect(await close.locator('tbody tr').allInnerTexts()).toEqual([expect.stringMatching(/^readonly\s*itself\s+1\s+100%$/)]);
      await done(opened);
    });

    test('the pictures are drawn, in the colours of the scheme', async () => {
      const pixels = `(() => {
        const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        context.drawImage(document.querySelector('.attention-large canvas'), 0, 0);
        const at = (row, column) => [...context.getImageData(column, row, 1, 1).data].join();
        return [at(2, 1), at(2, 0), at(0, 2)];
      })()`;
      const colours = `['--indigo', '--sunk'].map((name) => {
        const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data].join();
      })`;
      const opened = await open(`${attending.url}/#attention`, { colorScheme: 'light' });
      await opened.locator('.attention-large').waitFor();
      const light = await opened.evaluate<readonly string[]>(pixels);
      expect(light).toEqual([...(await opened.evaluate<readonly string[]>(colours)), '0,0,0,0']);
      await opened.emulateMedia({ colorScheme: 'dark' });
      await expect.poll(() => opened.evaluate(pixels)).not.toEqual(light);
      expect(await opened.evaluate(pixels)).toEqual([...(await opened.evaluate<readonly string[]>(colours)), '0,0,0,0']);
      await done(opened);
    });

    test('on a phone nothing is wider than the screen, of a long text its end is read', async () => {
      const opened = await open(`${attending.url}/#attention`, PHONE);
      await opened.getByRole('textbox', { name: 'Text to read' }).fill(`${'x'.repeat(140)}\nGröße 文字`);
      await opened.getByText('128 tokens').waitFor();
      await opened.getByText('tokens of the text are left out: the last 128 are read.').waitFor();
      expect(await opened.locator('[data-token]').allTextContents()).toEqual(expect.arrayContaining(['文', '字']));
      expect([await overflow(opened), await opened.evaluate('innerWidth')]).toEqual([0, 360]);
      await opened.locator('[data-token="100"]').tap();
      expect(await opened.locator('[data-token="100"]').getAttribute('aria-pressed')).toBe('true');
      // All six views are in reach on the smallest of phones.
      await opened.setViewportSize({ width: 320, height: 640 });
      expect([await overflow(opened), await opened.evaluate('innerWidth')]).toEqual([0, 320]);
      expect(await opened.locator('.views a').count()).toBe(6);
      await done(opened);
    });

    test('a model without has no such view; what is refused is told in words', async () => {
      const opened = await open(`${server.url}/#attention`);
      await opened.getByRole('button', { name: 'Generate' }).waitFor();
      expect(await opened.getByRole('link', { name: 'Attention' }).count()).toBe(0);
      await done(opened);
      const refused = await open(`${attending.url}/#attention`);
      await refused.locator('.attention-large').waitFor();
      await refused.route('**/api/attention', async (route) => {
        await route.fulfill({ status: 400, json: { error: { message: 'Cannot read it as it is a test.' } } });
      });
      await refused.getByRole('textbox', { name: 'Text to read' }).fill('readonly');
      expect(await refused.getByRole('alert').textContent()).toBe('Cannot read it as it is a test.');
      expect(trouble.splice(0)).toEqual([expect.stringContaining('400')]);
      await done(refused);
    });
  });

  test('on a phone nothing is wider than the screen, and a tap shows the alternatives above the text’s end', async () => {
    const opened = await open(server.url, PHONE);
    await opened.getByRole('textbox', { name: 'Prompt' }).fill(`readonly ${'x'.repeat(200)}`);
    await opened.getByRole('button', { name: 'Generate' }).tap();
    await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
    expect(await overflow(opened)).toBeLessThanOrEqual(0);
    await opened.locator('[data-token="30"]').tap();
    const panel = await opened.getByRole('dialog').boundingBox();
    expect([panel?.x, panel?.width]).toEqual([0, 360]);
    const token = await opened.locator('[data-token="30"]').boundingBox();
    expect((token?.y ?? 0) + (token?.height ?? 0)).toBeLessThanOrEqual((panel?.y ?? 0) + 1);
    expect(token?.y).toBeGreaterThanOrEqual(0);
    await opened.getByRole('button', { name: 'Close' }).tap();
    for (const view of ['Training', 'Model']) {
      await opened.getByRole('link', { name: view }).tap();
      await opened.getByRole('heading', { level: 1 }).waitFor();
      expect([view, await overflow(opened)]).toEqual([view, 0]);
    }
    await done(opened);
  });

  test('light and dark follow the system, with enough contrast in both', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const opened = await open(server.url, { colorScheme });
      await opened.getByRole('button', { name: 'Generate' }).waitFor();
      const ratios = await opened.evaluate<Readonly<Record<string, number>>>(CONTRAST);
      for (const [pair, ratio] of Object.entries(ratios)) expect([colorScheme, pair, ratio >= 4.5]).toEqual([colorScheme, pair, true]);
      await done(opened);
    }
    const [light, dark] = await Promise.all(
      (['light', 'dark'] as const).map(async (colorScheme) => {
        const opened = await open(server.url, { colorScheme });
        const ground = await opened.evaluate('getComputedStyle(document.documentElement).backgroundColor');
        await opened.context().close();
        return ground;
      }),
    );
    expect(light).not.toBe(dark);
  });
});

/** Contrast of the pairs of ink and ground that text uses. https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
const CONTRAST = `(() => {
  const style = getComputedStyle(document.documentElement);
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const luminance = (name) => {
    canvas.fillStyle = style.getPropertyValue(name);
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pairs = [['--ink', '--ground'], ['--ink', '--paper'], ['--ink-soft', '--ground'], ['--ink-soft', '--paper'], ['--ink-soft', '--sunk'], ['--indigo', '--paper'], ['--madder', '--madder-wash'], ['--on-indigo', '--indigo'], ['--ink', '--indigo-wash'], ['--indigo', '--indigo-wash'], ['--madder', '--paper']];
  return Object.fromEntries(pairs.map(([a, b]) => { const [x, y] = [luminance(a), luminance(b)]; return [a + ' on ' + b, (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)]; }));
})()`;
