/** The request as it is now, as code to copy. */

import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';

import { Segments } from './chart-controls.tsx';
import { CopyButton } from './copy-button.tsx';
import { snippet } from './snippets.ts';
import type { SnippetKind, SnippetRequest } from './snippets.ts';

const KINDS = [
  ['curl', 'curl'],
  ['openai', 'TypeScript, openai'],
  ['weft', 'TypeScript, weft'],
] as const;

const HINTS: Readonly<Record<SnippetKind, string>> = {
  curl: 'WEFT_API_KEY is the key, where the server asks for one.',
  openai: 'npm install openai. WEFT_API_KEY is the key, where the server asks for one.',
  weft: 'Without a server: the model in the program itself. Put the folder of the model in.',
};

/** Folded until one asks for it. */
export function SnippetsCard({ request }: { readonly request: SnippetRequest }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details class="card snippets" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>This request as code</h2>
      </summary>
      {open && <Snippets request={request} />}
    </details>
  );
}

/** The code itself, in one language at a time. */
export function Snippets({ request }: { readonly request: SnippetRequest }): JSX.Element {
  const id = useId();
  const [kind, setKind] = useState<SnippetKind>('curl');
  const text = snippet(kind, request, location.origin);
  return (
    <div class="snippet">
      <div class="snippet-head">
        <Segments name={id} label="Language" options={KINDS} value={kind} onChange={setKind} />
        <CopyButton text={text} />
      </div>
      <pre tabIndex={0} role="region" aria-label="The request as code">
        {text}
      </pre>
      <p class="hint">{HINTS[kind]}</p>
    </div>
  );
}
