/** The playground: a chat or a text, the settings of sampling, and the request as code. */

import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { PageModel } from '../../src/serve/index.ts';
import { Segments } from './chart-controls.tsx';
import { Chat } from './chat.tsx';
import { Completion } from './completion.tsx';
import { formTrouble } from './reply-form.ts';
import { SamplingControls } from './sampling-controls.tsx';
import { fitSettings, requestOf, settingsFor, storeSettings, storedSettings } from './sampling.ts';

const MODES = [
  ['chat', 'Chat'],
  ['text', 'Text'],
] as const;

/** The view. A conversation stays when another model is chosen; a text, made of the tokens of one model, does not. */
export function Playground({ model }: { readonly model: PageModel }): JSX.Element {
  const settings = useMemo(() => settingsFor(model.contextLength), [model.contextLength]);
  const [kept, setValues] = useState(() => storedSettings(settings));
  const [asked, setAsked] = useState<'chat' | 'text'>('chat');
  const [lastSeed, setLastSeed] = useState<number>();
  const [insisted, setInsisted] = useState(false);
  const schema = useRef<HTMLTextAreaElement>(null);
  const values = useMemo(() => fitSettings(kept, settings), [kept, settings]);
  const sampling = useMemo(() => requestOf(values, settings), [values, settings]);
  const trouble = formTrouble(values);

  useEffect(() => storeSettings(values), [values]);
  const check = (): boolean => {
    if (trouble === undefined) return true;
    setInsisted(true);
    schema.current?.focus();
    return false;
  };
  const view = { model, sampling, onCheck: check, onSeed: setLastSeed };
  const mode = model.hasChatTemplate ? asked : 'text';
  return (
    <div class="playground">
      {/* Both stay, so that neither loses what is in it. */}
      <div class="playground-modes">
        {model.hasChatTemplate && <Segments name="mode" label="Mode" options={MODES} value={mode} onChange={setAsked} />}
        <div hidden={mode !== 'chat'}>
          <Chat {...view} />
        </div>
        <div hidden={mode !== 'text'}>
          <Completion key={model.name} {...view} />
        </div>
      </div>
      <SamplingControls
        settings={settings}
        values={values}
        onChange={(changed) => {
          setInsisted(false);
          setValues(changed);
        }}
        lastSeed={lastSeed}
        trouble={trouble}
        insisted={insisted}
        schemaField={schema}
      />
    </div>
  );
}
