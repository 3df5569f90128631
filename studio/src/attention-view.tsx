/** What the heads of a served model attend to in a text. */

import type { JSX } from 'preact';
import { useId, useMemo, useState } from 'preact/hooks';

import type { PageAttention, PageModel } from '../../src/serve/index.ts';
import { readAttention } from './api.ts';
import { headMaps } from './attention.ts';
import { AttentionHead } from './attention-head.tsx';
import { AttentionHeads } from './attention-heads.tsx';
import { Segments } from './chart-controls.tsx';
import { whole } from './format.ts';
import { Trouble } from './trouble.tsx';
import { useAsked } from './use-asked.ts';

/** Words that come about twice: a head that looks for what stood behind them the last time shows itself. */
const TEXT = 'The cat sat on the mat. The cat was tired, and the mat was warm.';
/** The server's bound, in characters. */
const LONGEST = 20_000;

/** The view. */
export function AttentionView({ model }: { readonly model: PageModel }): JSX.Element {
  const [text, setText] = useState(TEXT);
  const [layer, setLayer] = useState(0);
  const { told, trouble, busy } = useAsked({ model: model.name, prompt: text, layer }, readAttention);
  const id = useId();
  return (
    <div class="attention">
      <section class="card prompt" aria-label="What to read">
        <label class="label" for={id}>
          Text to read
        </label>
        <textarea
          id={id}
          rows={3}
          maxLength={LONGEST}
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <p class="hint attention-about">
          To say what follows a token, the model looks back at the tokens before it. Each head of a layer shares out its attention in a way
          of its own.
        </p>
        {told !== undefined && told.layers > 1 && (
          <fieldset class="choice">
            <legend aria-hidden="true">Layer</legend>
            <Segments
              name="layer"
              label="Layer"
              options={Array.from({ length: told.layers }, (_, index) => [String(index), String(index + 1)] as const)}
              value={String(layer)}
              onChange={(value) => setLayer(Number(value))}
            />
          </fieldset>
        )}
      </section>
      <Trouble told={told} trouble={trouble} />
      {told !== undefined && <Told told={told} busy={busy} />}
    </div>
  );
}

/** An answer: its heads side by side, and the picked one large. */
function Told({ told, busy }: { readonly told: PageAttention; readonly busy: boolean }): JSX.Element {
  const [picked, setPicked] = useState(0);
  const maps = useMemo(() => headMaps(told), [told]);
  const pieces = useMemo(() => told.tokens.map(({ piece }) => piece), [told]);
  const head = Math.min(picked, maps.length - 1);
  const map = maps[head];
  return (
    <div class="attention-told" aria-busy={busy}>
      {told.dropped > 0 && (
        <p class="quiet">
          The first {whole(told.dropped)} tokens of the text are left out: the last {whole(told.tokens.length)} are read.
        </p>
      )}
      <AttentionHeads layer={told.layer} maps={maps} picked={head} onPick={setPicked} />
      {map !== undefined && (
        <AttentionHead key={pieces.join('\0')} name={`Layer ${told.layer + 1}, head ${head + 1}`} map={map} pieces={pieces} />
      )}
    </div>
  );
}
