/** The page's frame: its head, its views and how one gets from one to the other. */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import type { PageModel, PageRun } from '../../src/serve/index.ts';
import { fetchModels, fetchRuns, isLoading } from './api.ts';
import { AttentionView } from './attention-view.tsx';
import { EngineView } from './engine-view.tsx';
import { Mark } from './mark.tsx';
import { ModelCard } from './model-card.tsx';
import { Playground } from './playground.tsx';
import { TokenizerView } from './tokenizer-view.tsx';
import { Training } from './training.tsx';
import { usePolling } from './use-polling.ts';

const VIEWS = {
  playground: 'Playground',
  engine: 'Engine',
  attention: 'Attention',
  training: 'Training',
  model: 'Model',
  tokenizer: 'Tokenizer',
} as const;
type View = keyof typeof VIEWS;

/** The whole page. */
export function App(): JSX.Element {
  const [models, setModels] = useState<readonly PageModel[]>();
  const [runs, setRuns] = useState<readonly PageRun[]>([]);
  const [now, setNow] = useState(0);
  const [lost, setLost] = useState(false);
  const [name, setName] = useState<string>();
  const asked = useView();

  usePolling(async () => {
    try {
      // The models change only with the server: asked for until they are there, and again when it was away.
      if (models === undefined || lost) {
        const served = await fetchModels();
        if (served.data.length > 0 || !(await isLoading())) setModels(served.data);
      }
      const found = await fetchRuns();
      setRuns((before) => (JSON.stringify(before) === JSON.stringify(found.data) ? before : found.data));
      setNow(found.now);
      setLost(false);
    } catch (error) {
      setLost(true);
      throw error;
    }
  }, 2);

  const model = models?.find((one) => one.name === name) ?? models?.[0];
  const shown: { readonly [V in View]: boolean } = {
    playground: model !== undefined,
    engine: model !== undefined,
    attention: model?.hasAttention === true,
    training: runs.length > 0 || model === undefined,
    model: model !== undefined,
    tokenizer: models !== undefined,
  };
  const views = (Object.keys(VIEWS) as View[]).filter((view) => shown[view]);
  const view = asked !== undefined && views.includes(asked) ? asked : (views[0] ?? 'training');
  useEffect(() => {
    document.title = model === undefined ? 'Weft studio' : `${model.name} · Weft`;
  }, [model?.name]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => jumpToMain(event)}>
        Skip to the content
      </a>
      <header class="head">
        <div class="head-row">
          <div class="brand">
            <Mark />
            <span class="wordmark">Weft</span>
            {model === undefined && models !== undefined && <span class="brand-part">studio</span>}
          </div>
          {views.length > 1 && (
            <nav class="views" aria-label="Views">
              {views.map((one) => (
                <a key={one} href={`#${one}`} aria-current={one === view ? 'page' : undefined}>
                  <span>{VIEWS[one]}</span>
                </a>
              ))}
            </nav>
          )}
          {models !== undefined && models.length > 1 ? (
            <label class="pick-model">
              <span class="unseen">Model</span>
              <select value={model?.name} onChange={(event) => setName(event.currentTarget.value)}>
                {models.map((one) => (
                  <option key={one.name}>{one.name}</option>
                ))}
              </select>
            </label>
          ) : (
            model !== undefined && <span class="served">{model.name}</span>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {lost && (
          <p class="notice" role="status">
            The server does not answer. The page tries again by itself.
          </p>
        )}
        {models === undefined && !lost && (
          <p class="quiet" role="status">
            Loading …
          </p>
        )}
        {model !== undefined && (
          <div hidden={view !== 'playground'}>
            <Playground model={model} />
          </div>
        )}
        {model !== undefined && view === 'engine' && <EngineView />}
        {model !== undefined && view === 'attention' && <AttentionView key={model.name} model={model} />}
        {models !== undefined && view === 'training' && <Training runs={runs} now={now} />}
        {model !== undefined && view === 'model' && <ModelCard model={model} />}
        {models !== undefined && view === 'tokenizer' && <TokenizerView model={model} />}
      </main>
    </>
  );
}

/** The view that the address names. */
function useView(): View | undefined {
  const read = (): View | undefined => {
    const name = location.hash.slice(1);
    return Object.hasOwn(VIEWS, name) ? (name as View) : undefined;
  };
  const [view, setView] = useState(read);
  useEffect(() => {
    const follow = (): void => setView(read());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return view;
}

/** Moves the focus without a change of the address, which names the view. */
function jumpToMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
