/** A prompt, and the text that the model makes of it. */

import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

import type { PageModel } from '../../src/serve/index.ts';
import { Announcer } from './announcer.tsx';
import { Output } from './output.tsx';
import { isBusy } from './progress.ts';
import type { SamplingRequest } from './sampling.ts';
import { SnippetsCard } from './snippets-card.tsx';
import { useEscape } from './use-escape.ts';
import { progressOf, useGeneration } from './use-generation.ts';
import type { Token } from './use-generation.ts';

interface Props {
  readonly model: PageModel;
  readonly sampling: SamplingRequest;
  /** Whether the settings can be sent; tells the person what is wrong when they cannot. */
  readonly onCheck: () => boolean;
  readonly onSeed: (seed: number) => void;
}

/** The main column of the playground, for text. */
export function Completion({ model, sampling, onCheck, onSeed }: Props): JSX.Element {
  const [prompt, setPrompt] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  const { current, start, stop, clear } = useGeneration(onSeed);
  const busy = isBusy(current);
  useEscape(busy, stop);
  const begin = (text: string, kept?: readonly Token[]): void => {
    if (onCheck()) start({ model: model.name, ...sampling, prompt: text }, kept);
  };
  return (
    <div class="playground-main">
      <section class="card prompt">
        <label class="label" for="prompt">
          Prompt
        </label>
        <textarea
          id="prompt"
          ref={box}
          rows={4}
          spellcheck={false}
          autocomplete="off"
          placeholder="Begin a text. The model goes on with it."
          value={prompt}
          onInput={(event) => setPrompt(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey) || busy) return;
            event.preventDefault();
            begin(prompt);
          }}
        />
        <div class="actions">
          {busy ? (
            <button type="button" class="button stop" onClick={stop}>
              <span class="stop-sign" aria-hidden="true" /> Stop
            </button>
          ) : (
            <button type="button" class="button primary" onClick={() => begin(prompt)}>
              Generate
            </button>
          )}
          <kbd class="keys">{busy ? 'Esc' : /Mac|iP(hone|ad)/.test(navigator.platform) ? '⌘ Enter' : 'Ctrl + Enter'}</kbd>
          <span class="spacer" />
          {(prompt !== '' || current.phase !== 'idle') && (
            <button
              type="button"
              class="link"
              onClick={() => {
                clear();
                setPrompt('');
                box.current?.focus();
              }}
            >
              Clear
            </button>
          )}
        </div>
      </section>
      <Output
        generation={current}
        settled={sampling.responseFormat !== undefined}
        onBranch={(kept) => begin(current.prompt, kept)}
        onContinue={() => begin(current.prompt, current.tokens)}
      />
      <SnippetsCard request={{ kind: 'completion', model: model.name, sampling, prompt: prompt === '' ? 'Once' : prompt }} />
      <Announcer progress={progressOf(current)} />
    </div>
  );
}
