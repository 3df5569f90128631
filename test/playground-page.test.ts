/** The playground and the live view of the engine in a real browser: chats, settings, the request as code, what the engine does. */

import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import { saveModel } from '../src/formats/index.ts';
import { loadTextModel } from '../src/generate/index.ts';
import type { TextModel } from '../src/generate/index.ts';
import { llama } from '../src/models/index.ts';
import { initialize } from '../src/nn/index.ts';
import { addKey, createApp, serve } from '../src/serve/index.ts';
import type { RunningServer } from '../src/serve/index.ts';
import { fakeModel } from '../src/serve/fake-model.fixture.ts';
import type { FakeModel } from '../src/serve/fake-model.fixture.ts';
import { PLAIN_TEMPLATE } from '../src/serve/real-model.fixture.ts';
import { trainTokenizer } from '../src/tokenizers/index.ts';
import { CHROMIUM } from './house/chromium.ts';
import { PHONE, buildPage, focused, openVisits, overflow } from './house/visits.ts';
import type { Visits } from './house/visits.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A folder with a model of random weights that knows the letters of ASCII and how to lay out a chat. */
async function writeChatModel(folder: string): Promise<void> {
  const letters = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');
  const tokenizer = await trainTokenizer([`${letters}\n`], { type: 'characters' });
  const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 1024, vocabSize: tokenizer.vocabSize });
  const weights = initialize(model.parameters, { seed: 1 });
  for (const { shape, data } of weights.values())
    if (shape.length === 2) for (let at = 0; at < data.length; at++) data[at] = (data[at] as number) * 8;
  // The end of text is seldom the likeliest.
  weights.get('head.weight')?.data.fill(0, (tokenizer.endOfText ?? 0) * 32, (tokenizer.endOfText ?? 0) * 32 + 32);
  await saveModel(folder, { model, weights, tokenizer, chatTemplate: PLAIN_TEMPLATE });
}

describe.skipIf(CHROMIUM === undefined)('the playground', () => {
  let visits: Visits;
  let folder: string;
  let page: string;
  let model: FakeModel;
  let other: FakeModel;
  let server: Pick<RunningServer, 'url' | 'close'>;
  let real: TextModel;
  let realServer: RunningServer;
  let hold: ((index: number) => Promise<void> | void) | undefined;
  // Inside the project, where the packages that snippets import are.
  const scratch = (mkdirSync(join(root, '.cache'), { recursive: true }), mkdtempSync(join(root, '.cache', 'snippets-')));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-playground-'));
    page = join(folder, 'page');
    await buildPage(page);
    await writeChatModel(join(folder, 'chatty'));
    real = await loadTextModel(join(folder, 'chatty'), { threads: 1 });
    model = fakeModel({ chatTemplate: PLAIN_TEMPLATE, contextLength: 512, slots: 2, beforeToken: (index) => hold?.(index) });
    other = fakeModel({ name: 'other', chatTemplate: PLAIN_TEMPLATE });
    const app = await createApp({ models: [model, other], page, graceSeconds: 0 });
    await app.listen({ port: 0, host: 'localhost' });
    server = { url: `http://localhost:${(app.server.address() as AddressInfo).port}`, close: async () => await app.close() };
    realServer = await serve(real, { port: 0, page, graceSeconds: 0 });
    visits = await openVisits();
  });
  afterEach(() => (hold = undefined));
  afterAll(async () => {
    await visits?.close();
    await server?.close();
    await realServer?.close();
    await real?.close();
    await rm(folder, { recursive: true, force: true });
    rmSync(scratch, { recursive: true, force: true });
  });

  const open = async (url: string, options: BrowserContextOptions = {}): Promise<Page> => await visits.open(url, options);
  const message = (opened: Page): Locator => opened.getByRole('textbox', { name: 'Message', exact: true });
  const turns = (opened: Page): Locator => opened.getByRole('list', { name: 'Conversation' }).locator(':scope > li');
  const send = async (opened: Page, text: string): Promise<void> => {
    const before = await turns(opened).count();
    await message(opened).fill(text);
    await message(opened).press('Enter');
    await turns(opened)
      .nth(before + 1)
      .waitFor();
    await opened.getByRole('button', { name: 'Send' }).waitFor();
  };
  const prompts = (): readonly string[] => model.log.prompts.map((ids) => model.tokenizer.decode(ids));

  /** Holds every generation before its token `index`, until it is let go. */
  function holdAt(index: number): () => void {
    const waiting: (() => void)[] = [];
    hold = (at) => (at < index ? undefined : new Promise((resolve) => waiting.push(resolve)));
    return () => {
      hold = undefined;
      for (const go of waiting.splice(0)) go();
    };
  }

  test('by keyboard alone: a message of two lines, its reply as it streams, stopped, another behind it', async () => {
    const opened = await open(server.url);
    await message(opened).waitFor();
    // From the head over mode, probabilities and system message to the message.
    const stops: string[] = [];
    for (let presses = 0; presses < 12 && stops.at(-1) !== 'Message'; presses++) {
      await opened.keyboard.press('Tab');
      stops.push(
        await opened.evaluate(
          'document.activeElement.getAttribute("aria-label") ?? document.activeElement.labels?.[0]?.textContent.trim() ?? document.activeElement.textContent',
        ),
      );
      // Whatever has the focus shows it.
      const outlined = `(() => { const style = (document.activeElement.matches('.segments input') ? document.activeElement.nextSibling : document.activeElement); return getComputedStyle(style).outlineStyle; })()`;
      expect([stops.at(-1), await opened.evaluate(outlined)]).toEqual([stops.at(-1), expect.not.stringMatching('none')]);
    }
    expect(stops).toEqual(
      [
        'Skip to the content',
        'Playground',
        'Engine',
        'Model',
        'Tokenizer',
        'Model',
        'Chat',
        'Token probabilities',
        'System message',
        'Message',
      ].map((name) => expect.stringContaining(name) as string),
    );

    const release = holdAt(5);
    await opened.keyboard.type('Who wrote');
    await opened.keyboard.press('Shift+Enter');
    await opened.keyboard.type('this?');
    await opened.keyboard.press('Enter');
    const reply = turns(opened).nth(1);
    await reply.locator('[data-token="4"]').waitFor();
    expect(await message(opened).inputValue()).toBe('');
    expect(await reply.locator('[data-token]').count()).toBe(5);
    expect(await opened.getByRole('status').allTextContents()).toContain('Generating.');
    expect(await opened.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Message');

    const aborted = model.log.aborted;
    await opened.keyboard.press('Escape');
    await opened.getByRole('button', { name: 'Send' }).waitFor();
    await expect.poll(async () => await opened.getByRole('status').allTextContents()).toContain('Stopped after 5 tokens.');
    release();
    await expect.poll(() => model.log.aborted).toBe(aborted + 1);
    expect(await reply.locator('.facts').textContent()).toMatch(/^5 tokens.*stopped$/);
    const said = (await reply.locator('[data-token]').allTextContents()).join('');
    expect(await opened.getByRole('log').first().textContent()).toBe(said);

    await opened.keyboard.type('And then?');
    await opened.keyboard.press('Enter');
    await expect.poll(async () => await turns(opened).count()).toBe(4);
    await opened.getByRole('button', { name: 'Send' }).waitFor();
    const first = '<user>Who wrote\nthis?<|endoftext|>';
    expect(prompts().at(-1)).toBe(`${first}<assistant>${said}<|endoftext|><user>And then?<|endoftext|><assistant>`);
    await visits.done(opened);
  });

  test('a token of a reply shows what else it could have been, by keyboard and by pointer', async () => {
    const opened = await open(server.url);
    await opened.getByRole('spinbutton', { name: 'Length' }).fill('20');
    await send(opened, 'Hello');
    await turns(opened).nth(1).locator('[data-token="0"]').focus();
    await opened.keyboard.press('ArrowRight');
    const panel = opened.getByRole('dialog');
    await panel.waitFor();
    expect(await focused(opened)).toMatch(/, [<\d. ]+%$/);
    await opened.keyboard.press('Enter');
    await opened.locator('.inspector .close:focus').waitFor();
    expect(await panel.locator('.way').count()).toBeGreaterThanOrEqual(8);
    expect(await panel.locator('.way.is-taken').count()).toBe(1);
    expect(await panel.locator('button.way').count()).toBe(0);
    await opened.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(await opened.evaluate('document.activeElement.dataset.token')).toBe('1');
    await message(opened).focus();
    await turns(opened).nth(1).locator('[data-token="7"]').hover();
    await panel.waitFor();

    // Without them, the text alone.
    await opened.getByRole('checkbox', { name: 'Token probabilities' }).uncheck();
    const asked = opened.waitForRequest('**/v1/chat/completions');
    await send(opened, 'Hello again');
    expect((await asked).postDataJSON()).not.toHaveProperty('logprobs');
    expect(await turns(opened).nth(3).locator('[data-token]').count()).toBe(0);
    expect((await turns(opened).nth(3).locator('.paper').textContent())?.length).toBeGreaterThan(20);
    expect(await turns(opened).nth(3).locator('.facts').textContent()).toMatch(/^20 tokens/);
    await visits.done(opened);
  });

  test('what was said is mended: a message sent again, a reply asked anew and edited, all cleared', async () => {
    const opened = await open(server.url);
    await opened.getByRole('spinbutton', { name: 'Length' }).fill('6');
    await opened.getByRole('textbox', { name: 'System message' }).fill('Be brief.');
    await send(opened, 'One');
    await send(opened, 'Two');
    const before = model.log.prompts.length;
    await opened.getByRole('button', { name: 'Regenerate' }).click();
    await expect.poll(() => model.log.prompts.length).toBe(before + 1);
    expect(model.log.options.at(-1)?.seed).not.toBe(model.log.options.at(-2)?.seed);
    await opened.getByRole('button', { name: 'Send' }).waitFor();
    expect(await turns(opened).count()).toBe(4);
    const said = (await turns(opened).nth(1).locator('[data-token]').allTextContents()).join('');
    expect(prompts().at(-1)).toBe(
      `<system>Be brief.<|endoftext|><user>One<|endoftext|><assistant>${said}<|endoftext|><user>Two<|endoftext|><assistant>`,
    );

    // The last reply is put right: what comes next is told so.
    await opened.getByRole('button', { name: 'Edit the reply' }).click();
    await opened.getByRole('textbox', { name: 'The reply' }).fill('Two it is.');
    await opened.getByRole('button', { name: 'Keep', exact: true }).click();
    expect(await turns(opened).nth(3).innerText()).toMatch(/edited\s+Two it is\./);
    expect(await focused(opened)).toBe('Edit the reply');
    await send(opened, 'Three');
    expect(prompts().at(-1)).toContain('<user>Two<|endoftext|><assistant>Two it is.<|endoftext|><user>Three');

    // An earlier message: what came after it goes.
    await opened.getByRole('button', { name: 'Edit your message' }).nth(1).click();
    await opened.keyboard.press('Escape');
    expect(await turns(opened).count()).toBe(6);
    await opened.getByRole('button', { name: 'Edit your message' }).nth(1).click();
    await opened.locator('.editor textarea:focus').waitFor();
    await opened.keyboard.type('!');
    await opened.keyboard.press('Enter');
    await expect.poll(async () => await turns(opened).count()).toBe(4);
    await opened.getByRole('button', { name: 'Send' }).waitFor();
    expect(prompts().at(-1)).toMatch(/<user>Two!<\|endoftext\|><assistant>$/);

    await opened.getByRole('button', { name: 'Clear' }).click();
    expect(await turns(opened).count()).toBe(0);
    expect(await opened.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Message');
    await visits.done(opened);
  });

  test('every setting reaches the server, and is there at the next visit', async () => {
    const opened = await open(server.url);
    await opened.getByText('Penalties').click();
    const numbers = {
      Temperature: 0.5,
      Length: 12,
      'Top-p': 0.9,
      'Top-k': 7,
      'Min-p': 0.05,
      'Repetition penalty': 1.1,
      'Presence penalty': 0.5,
      'Frequency penalty': -0.5,
    };
    for (const [name, value] of Object.entries(numbers)) await opened.getByRole('spinbutton', { name, exact: true }).fill(String(value));
    await opened.getByRole('textbox', { name: 'Seed' }).fill('42');
    await opened.getByRole('textbox', { name: 'Stop at' }).fill('never\n\\n\\n\\n');
    const asked = opened.waitForRequest('**/v1/chat/completions');
    await send(opened, 'Hello');
    expect((await asked).postDataJSON()).toEqual({
      model: 'fake',
      messages: [{ role: 'user', content: 'Hello' }],
      temperature: 0.5,
      max_completion_tokens: 12,
      top_p: 0.9,
      top_k: 7,
      min_p: 0.05,
      repetition_penalty: 1.1,
      presence_penalty: 0.5,
      frequency_penalty: -0.5,
      seed: 42,
      stop: ['never', '\n\n\n'],
      logprobs: true,
      top_logprobs: 8,
      stream: true,
      stream_options: { include_usage: true },
    });
    // The same for a text.
    await opened.getByRole('radio', { name: 'Text', exact: true }).check({ force: true });
    await opened.getByRole('textbox', { name: 'Prompt' }).fill('export');
    await opened.getByRole('button', { name: 'Generate' }).click();
    await opened.getByRole('button', { name: 'Go on', exact: true }).waitFor();
    expect(model.log.options.at(-1)).toMatchObject({
      temperature: 0.5,
      topP: 0.9,
      topK: 7,
      minP: 0.05,
      repetitionPenalty: 1.1,
      presencePenalty: 0.5,
      frequencyPenalty: -0.5,
      seed: 42,
      maxTokens: 12,
      stop: ['never', '\n\n\n'],
    });
    await opened.reload();
    expect(await opened.getByRole('spinbutton', { name: 'Top-k' }).inputValue()).toBe('7');
    expect(await opened.getByRole('textbox', { name: 'Stop at' }).inputValue()).toBe('never\n\\n\\n\\n');
    await opened.getByRole('button', { name: 'Reset' }).click();
    expect(await opened.getByRole('button', { name: 'Reset' }).isDisabled()).toBe(true);

    // What a browser kept wrong is as if it were not there.
    for (const kept of ['{', 'null', '{"temperature":{},"stop":7,"form":"no","schema":[]}']) {
      await opened.evaluate(`localStorage.setItem('weft.sampling', ${JSON.stringify(kept)})`);
      // The page keeps its own on the way out, so a fresh visit reads it.
      await opened.addInitScript(`localStorage.setItem('weft.sampling', ${JSON.stringify(kept)})`);
      await opened.reload();
      expect(await opened.getByRole('spinbutton', { name: 'Temperature' }).inputValue()).toBe('0.8');
    }
    await visits.done(opened);
  });

  test('what is refused, and what breaks off, is told with its code, and nothing that was written is lost', async () => {
    const opened = await open(server.url);
    await message(opened).fill('x'.repeat(600));
    await message(opened).press('Enter');
    const alert = opened.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(
      /^Cannot serve the request as the model's maximum context length is 512 tokens.*Shorten the prompt\. context_length_exceeded$/,
    );
    expect(await message(opened).inputValue()).toBe('x'.repeat(600));
    expect(await turns(opened).count()).toBe(0);
    expect(visits.trouble.splice(0)).toEqual([expect.stringContaining('400')]);

    // A connection that fails.
    await opened.route('**/v1/chat/completions', async (route) => await route.abort());
    await message(opened).fill('Hello');
    await message(opened).press('Enter');
    await expect.poll(async () => await alert.textContent()).toContain('The server does not answer any more.');
    expect(await message(opened).inputValue()).toBe('Hello');
    await opened.unroute('**/v1/chat/completions');
    visits.trouble.length = 0;

    // One that fails on the way: what came stays.
    hold = (index) => {
      if (index === 3) throw new Error('broken');
    };
    await message(opened).press('Enter');
    await expect
      .poll(async () => await alert.textContent())
      .toBe('The server failed. Its log has the reason under this x-request-id. WEFT_SERVE_FAILED');
    expect(await turns(opened).nth(1).locator('[data-token]').count()).toBe(3);
    hold = undefined;
    await opened.getByRole('button', { name: 'Regenerate' }).click();
    await opened.getByRole('button', { name: 'Send' }).waitFor();
    expect(await alert.count()).toBe(0);

    // Stopped before there is anything: as if it had not been sent.
    const release = holdAt(0);
    await message(opened).fill('Wait');
    await message(opened).press('Enter');
    await opened.getByRole('button', { name: 'Stop' }).click();
    await opened.getByRole('button', { name: 'Send' }).waitFor();
    expect(await message(opened).inputValue()).toBe('Wait');
    expect(await turns(opened).count()).toBe(2);
    release();
    await visits.done(opened);
  });

  test('the end of a reply stays in view while it grows, unless one looks elsewhere', async () => {
    const opened = await open(server.url, { viewport: { width: 900, height: 500 } });
    await opened.getByRole('spinbutton', { name: 'Length' }).fill('300');
    let release = holdAt(200);
    await message(opened).fill('Hello');
    await message(opened).press('Enter');
    const reply = turns(opened).nth(1);
    await reply.locator('[data-token="199"]').waitFor();
    await opened.waitForTimeout(100);
    const end =
      "document.querySelector('.turns-end').getBoundingClientRect().bottom <= document.querySelector('.composer').getBoundingClientRect().top + 1";
    expect(await opened.evaluate(end)).toBe(true);
    expect(await opened.evaluate('scrollY')).toBeGreaterThan(0);
    await opened.evaluate('scrollTo(0, 0)');
    await opened.waitForTimeout(100);
    release();
    release = holdAt(250);
    await reply.locator('[data-token="249"]').waitFor();
    expect(await opened.evaluate('scrollY')).toBe(0);
    await message(opened).focus();
    await opened.keyboard.press('Escape');
    release();
    await visits.done(opened);
  });

  test('another model goes on with the conversation', async () => {
    const opened = await open(server.url);
    await opened.getByRole('spinbutton', { name: 'Length' }).fill('300');
    await send(opened, 'Hello');
    await opened.getByRole('combobox', { name: 'Model' }).selectOption('other');
    // Its context is shorter.
    expect(await opened.getByRole('spinbutton', { name: 'Length' }).inputValue()).toBe('255');
    await opened.getByRole('spinbutton', { name: 'Length' }).fill('4');
    await opened.getByRole('button', { name: 'Regenerate' }).click();
    await turns(opened).nth(1).getByRole('heading', { name: 'other' }).waitFor();
    await opened.getByRole('button', { name: 'Send' }).waitFor();
    expect(other.log.prompts.length).toBe(1);
    await visits.done(opened);
  });

  test('a schema is checked before it is sent, and the reply keeps to it, in chats and in texts', async () => {
    const opened = await open(realServer.url);
    await opened.getByRole('radio', { name: 'JSON schema' }).check({ force: true });
    await message(opened).fill('Who?');
    await message(opened).press('Enter');
    const field = opened.getByRole('textbox', { name: 'Schema' });
    expect(await opened.evaluate('document.activeElement.matches(".schema")')).toBe(true);
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await opened.getByText('There is no schema yet.').waitFor();
    await field.fill('{"type": ');
    await opened.getByText('This is not JSON').waitFor();
    expect(await turns(opened).count()).toBe(0);

    const schema = {
      type: 'object',
      properties: { mood: { enum: ['good', 'bad'] }, age: { type: 'integer', minimum: 0, maximum: 99 } },
      required: ['mood', 'age'],
      additionalProperties: false,
    };
    const valid = (text: string): void => {
      const reply = JSON.parse(text) as { readonly mood: string; readonly age: number };
      expect(Object.keys(reply).sort()).toEqual(['age', 'mood']);
      expect(schema.properties.mood.enum).toContain(reply.mood);
      expect(Number.isInteger(reply.age) && reply.age >= 0 && reply.age <= 99).toBe(true);
    };
    await field.fill(JSON.stringify(schema));
    await message(opened).press('Enter');
    await opened.getByRole('button', { name: 'Send' }).waitFor();
    await expect.poll(async () => await turns(opened).nth(1).locator('.facts').textContent()).toContain('ended by itself');
    valid((await turns(opened).nth(1).locator('[data-token]').allTextContents()).join(''));

    await opened.getByRole('radio', { name: 'Text', exact: true }).check({ force: true });
    await opened.getByRole('button', { name: 'Generate' }).click();
    await opened.getByText('ended by itself').last().waitFor();
    valid((await opened.getByRole('region', { name: 'Text' }).locator('[data-token]').allTextContents()).join(''));
    // It was made as a whole: nothing to go on from.
    expect(await opened.getByRole('button', { name: 'Go on', exact: true }).count()).toBe(0);

    // A schema that the server cannot follow.
    await field.fill('{"type": "object", "patternProperties": {"(?=a)": {}}, "not": {}}');
    await opened.getByRole('radio', { name: 'Chat', exact: true }).check({ force: true });
    await message(opened).fill('Again');
    await message(opened).press('Enter');
    expect(await opened.getByRole('alert').textContent()).toMatch(/^Cannot .* as .*WEFT_GENERATE_SCHEMA$/);
    expect(visits.trouble.splice(0)).toEqual([expect.stringContaining('400')]);
    await visits.done(opened);
  });

  test('the request as code: what was set is in it, and each way of asking gives the reply that the page shows', async () => {
    const opened = await open(realServer.url, { permissions: ['clipboard-read', 'clipboard-write'] });
    for (const [name, value] of Object.entries({ Length: 30, 'Top-k': 9, 'Min-p': 0.01 }))
      await opened.getByRole('spinbutton', { name, exact: true }).fill(String(value));
    await opened.getByRole('textbox', { name: 'Seed' }).fill('7');
    await opened.getByRole('textbox', { name: 'Stop at' }).fill('never said');
    await opened.getByRole('textbox', { name: 'System message' }).fill('It\'s "quoted" `here`: $HOME \\');
    await send(opened, "Isn't it?");
    const reply = async (): Promise<string> => (await turns(opened).nth(1).locator('[data-token]').allTextContents()).join('');
    const expected = await reply();
    expect(expected.length).toBeGreaterThan(20);
    await opened.locator('summary', { hasText: 'This request as code' }).first().click();
    const code = opened.getByRole('region', { name: 'The request as code' });
    const told = async (language: string): Promise<string> => {
      await opened.getByRole('radio', { name: language, exact: true }).check({ force: true });
      return (await code.textContent()) ?? '';
    };

    const curl = await told('curl');
    for (const part of [`'${realServer.url}/v1/chat/completions'`, '"top_k": 9', '"seed": 7', '"never said"', 'Bearer $WEFT_API_KEY'])
      expect(curl).toContain(part);
    await opened.getByRole('button', { name: 'Copy' }).last().click();
    await opened.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await opened.evaluate('navigator.clipboard.readText()')).toBe(curl);
    if (spawnSync('curl', ['--version']).status === 0) {
      const { stdout } = await promisify(execFile)('sh', ['-c', `${curl} --silent --noproxy '*'`]);
      const answer = JSON.parse(stdout) as { readonly choices: readonly [{ readonly message: { readonly content: string } }] };
      expect(answer.choices[0].message.content).toBe(expected);
    }
    const sources = {
      openai: await told('TypeScript, openai'),
      weft: (await told('TypeScript, weft')).replace('path/to/model', join(folder, 'chatty')),
    };
    for (const [name, source] of Object.entries(sources)) {
      const file = join(scratch, `${name}.ts`);
      writeFileSync(file, source);
      const written: string[] = [];
      const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
      try {
        await import(/* @vite-ignore */ pathToFileURL(file).href);
      } finally {
        spy.mockRestore();
      }
      expect([name, written.join('')]).toEqual([name, expected]);
    }

    // What is being written counts at once; the same for texts.
    await message(opened).fill('One more');
    expect(await told('curl')).toContain('"content": "One more"');
    await opened.getByRole('radio', { name: 'Text', exact: true }).check({ force: true });
    await opened.getByRole('textbox', { name: 'Prompt' }).fill('Once upon');
    await opened.locator('summary', { hasText: 'This request as code' }).last().click();
    const text = await told('TypeScript, openai');
    expect(text).toContain("prompt: 'Once upon'");
    writeFileSync(join(scratch, 'openai-text.ts'), text);

    const options = { noEmit: true, noUnusedLocals: false, isolatedDeclarations: false, declaration: false, rootDir: root };
    const paths = { weft: [join(root, 'src/index.ts')], 'weft/*': [join(root, 'src/*/index.ts')] };
    writeFileSync(
      join(scratch, 'tsconfig.json'),
      JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { ...options, paths }, include: ['*.ts'] }),
    );
    const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', scratch, '--pretty', 'false'], {
      encoding: 'utf8',
      cwd: scratch,
    });
    expect(stdout.split('\n').filter((line) => /^(openai|openai-text|weft)\.ts/.test(line))).toEqual([]);
    await visits.done(opened);
  });

  test('the engine at work: what runs and waits, slots, cache and speed; nobody asks when nobody looks', async () => {
    const opened = await open(`${server.url}/#engine`);
    const card = opened.getByRole('region', { name: 'Engine of fake' });
    await card.getByText('idle').waitFor();
    await opened.getByRole('region', { name: 'Engine of other' }).waitFor();
    const figure = async (name: string): Promise<number> => {
      const text = await card.locator('.figures > div', { hasText: name }).locator('dd').textContent();
      return Number(text?.replaceAll(',', ''));
    };
    const before = await figure('tokens since the start');
    const release = holdAt(4);
    const ask = async (): Promise<Response> =>
      await fetch(`${server.url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: 'a', max_tokens: 40 }),
      });
    const requests = [ask(), ask(), ask()];
    await card.getByText('2 at work, 1 waiting').waitFor();
    expect([await figure('requests running'), await figure('requests waiting')]).toEqual([2, 1]);
    await card.getByRole('group', { name: 'Slots: 2 of 2 sequences' }).waitFor();
    await card.getByRole('group', { name: 'Cache: 2 of 2 blocks of 512 tokens' }).waitFor();
    await expect.poll(async () => await figure('tokens since the start')).toBe(before + 8);
    release();
    await Promise.all(requests);
    await card.getByText('idle').waitFor();
    await expect.poll(async () => await figure('tokens since the start')).toBe(before + 120);
    // The burst is drawn, in the colour of the scheme.
    await card.getByRole('img', { name: /^Tokens a second over the last minute, (?!0 )[\d.,]+ at most$/ }).waitFor();
    const drawn = `(() => { const c = document.querySelector('.rate-chart canvas'); const d = c.getContext('2d', { willReadFrequently: true }).getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i] > 0) n++; return n; })()`;
    expect(await opened.evaluate(drawn)).toBeGreaterThan(500);

    // However often the page is hidden and shown, one asks at a time.
    let asked = 0;
    await opened.evaluate("for (let times = 0; times < 6; times++) document.dispatchEvent(new Event('visibilitychange'))");
    opened.on('request', (request) => (asked += Number(request.url().endsWith('/api/engine'))));
    await opened.waitForTimeout(3500);
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(asked).toBeLessThanOrEqual(5);
    await opened.getByRole('link', { name: 'Playground' }).click();
    await message(opened).waitFor();
    await opened.waitForTimeout(300);
    asked = 0;
    await opened.waitForTimeout(2500);
    expect(asked).toBe(0);
    await visits.done(opened);
  });

  test('a real engine tells its cache and what of prompts was known', async () => {
    const opened = await open(`${realServer.url}/#engine`);
    const ask = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'a'.repeat(200), max_tokens: 3 }),
    };
    for (let times = 0; times < 2; times++) expect((await fetch(`${realServer.url}/v1/completions`, ask)).status).toBe(200);
    await opened.getByRole('group', { name: /^Cache: [1-9]\d* of [\d,]+ blocks of \d+ tokens$/ }).waitFor();
    await opened.getByRole('group', { name: /^Prefix hits: [1-9][\d.]*% of [\d,]+ tokens of prompts$/ }).waitFor();
    await visits.done(opened);
  });

  test('with keys the page shows what the key may see, and says what it may not do', async () => {
    const keys = join(folder, 'keys.json');
    const reads = await addKey(keys, 'reader', { scopes: ['read'], models: ['other'] });
    const app = await createApp({ models: [model, other], page, graceSeconds: 0, keys });
    await app.listen({ port: 0, host: 'localhost' });
    const url = `http://localhost:${(app.server.address() as AddressInfo).port}`;
    const opened = await open(url, { httpCredentials: { username: 'me', password: reads } });
    await opened.getByText('other', { exact: true }).first().waitFor();
    expect(await opened.getByRole('combobox', { name: 'Model' }).count()).toBe(0);
    await message(opened).fill('Hello');
    await message(opened).press('Enter');
    expect(await opened.getByRole('alert').textContent()).toMatch(/may not do that.*Use a key with the scope generate\. WEFT_SERVE_SCOPE$/);
    expect(await message(opened).inputValue()).toBe('Hello');
    expect(visits.trouble.splice(0)).toEqual([expect.stringContaining('403')]);
    await opened.getByRole('link', { name: 'Engine' }).click();
    await opened.getByRole('region', { name: 'Engine of other' }).waitFor();
    expect(await opened.getByRole('region', { name: /^Engine of/ }).count()).toBe(1);
    await visits.done(opened);
    await app.close();
  });

  test('on phones nothing is wider than the screen, in light and dark, and what is pressed is large enough', async () => {
    for (const [width, colorScheme] of [
      [320, 'light'],
      [360, 'dark'],
      [400, 'light'],
    ] as const) {
      const opened = await open(server.url, { ...PHONE, viewport: { width, height: 740 }, colorScheme });
      const fits = async (what: string): Promise<void> =>
        expect([what, await overflow(opened), await opened.evaluate('innerWidth')]).toEqual([what, 0, width]);
      await fits('empty');
      await opened.getByRole('textbox', { name: 'System message' }).fill('y'.repeat(60));
      await message(opened).fill(`Donaudampfschifffahrt ${'x'.repeat(80)}`);
      await opened.getByRole('button', { name: 'Send' }).tap();
      await turns(opened).nth(1).locator('[data-token="9"]').waitFor();
      await opened.getByRole('button', { name: 'Send' }).waitFor();
      // The end of the reply is in view, above where one writes.
      const box = await opened.locator('.composer').boundingBox();
      expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(741);
      const end = await opened.locator('.turns-end').first().boundingBox();
      expect(end?.y).toBeLessThanOrEqual((box?.y ?? 0) + 1);
      await fits('a reply');
      await turns(opened).nth(1).locator('[data-token="9"]').tap();
      const panel = await opened.getByRole('dialog').boundingBox();
      expect([panel?.x, panel?.width]).toEqual([0, width]);
      await opened.getByRole('button', { name: 'Close' }).tap();
      await opened.getByText('Penalties').tap();
      await opened.locator('.setting .segments span', { hasText: 'JSON schema' }).tap();
      await opened.getByRole('button', { name: 'Example' }).tap();
      await fits('settings');
      await opened.locator('summary', { hasText: 'This request as code' }).first().tap();
      for (const language of ['curl', 'TypeScript, openai', 'TypeScript, weft']) {
        await opened.locator('.snippet .segments span', { hasText: language }).first().tap();
        await fits(language);
      }
      const smallest = `Math.min(...[...document.querySelectorAll('.composer textarea, .system textarea, .setting textarea, .setting input:is([type=number], [type=text])')].map((field) => parseFloat(getComputedStyle(field).fontSize)))`;
      expect(await opened.evaluate(smallest)).toBeGreaterThanOrEqual(16);
      for (const button of await opened.locator('.composer .button, .views a').all())
        expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(36);
      await opened.getByRole('link', { name: 'Engine' }).tap();
      await opened.getByRole('region', { name: 'Engine of fake' }).waitFor();
      await fits('engine');
      await visits.done(opened);
    }
  });

  test('light and dark: the chart of the engine and the bubbles change with the system', async () => {
    const opened = await open(server.url, { colorScheme: 'light' });
    await opened.getByRole('spinbutton', { name: 'Length' }).fill('3');
    await send(opened, 'Hello');
    const bubble = "getComputedStyle(document.querySelector('.turn.is-user')).backgroundColor";
    const light = await opened.evaluate(bubble);
    await opened.emulateMedia({ colorScheme: 'dark' });
    expect(await opened.evaluate(bubble)).not.toBe(light);
    await visits.done(opened);
  });
});
