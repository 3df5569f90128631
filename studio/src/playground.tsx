/** The playground: a prompt, the text that the model makes of it, and the settings of sampling. */

import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { PageModel } from '../../src/serve/index.ts';
import { Announcer } from './announcer.tsx';
import { Output } from './output.tsx';
import { SamplingControls } from './sampling-controls.tsx';
import { requestOf, settingsFor, storeSettings, storedSettings } from './sampling.ts';
import { useGeneration } from './use-generation.ts';
import type { Token } from './use-generation.ts';

/** The view. */
export function Playground({ model }: { readonly model: PageModel }): JSX.Element {
  const settings = useMemo(() => settingsFor(model.contextLength), [model.contextLength]);
  const [values, setValues] = useState(() => storedSettings(settings));
  const [prompt, setPrompt] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  const { current, start, stop, clear } = useGeneration();
  const busy = current.phase === 'waiting' || current.phase === 'running';

  useEffect(() => storeSettings(values), [values]);
  const begin = (text: string, kept?: readonly Token[]): void =>
    start({ model: model.name, ...requestOf(values, settings), prompt: text }, kept);

  return (
    <div class="playground">
      <div
        class="playground-main"
        onKeyDown={(event) => {
          if (event.key === 'Escape' && busy && !event.defaultPrevented) stop();
        }}
      >
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
          onBranch={(kept) => begin(current.prompt, kept)}
          onContinue={() => begin(current.prompt, current.tokens)}
        />
        <Announcer generation={current} />
      </div>
      <SamplingControls settings={settings} values={values} onChange={setValues} lastSeed={current.seed} />
    </div>
  );
}
