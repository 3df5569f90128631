/** How a text becomes ids: its tokens in colour, and each piece step by step. */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { type Encoding, type Piece, type Steps, shown } from './explained.ts';
import { whole } from './format.ts';
import { Lattice } from './lattice.tsx';
import { Stepper } from './stepper.tsx';
import { Symbols } from './symbols.tsx';

const SHOWN_PIECES = 60;
const SHOWN_TOKENS = 200;

/** The card. */
export function EncodingSteps({ encoding }: { readonly encoding: Encoding }): JSX.Element {
  const { text, tokens, pieces, normalization, splitting, agrees, notes } = encoding;
  const [chosen, setChosen] = useState(0);
  const [looked, setLooked] = useState<number>();
  useEffect(() => {
    setChosen(0);
    setLooked(undefined);
  }, [text, encoding.type]);
  const piece = pieces[Math.min(chosen, pieces.length - 1)];
  return (
    <section class="card" aria-label="Encoding">
      <div class="card-head">
        <h2>From text to ids</h2>
        <span class="facts">
          {whole([...text].length)} characters · {whole(tokens.length)} {tokens.length === 1 ? 'token' : 'tokens'}
        </span>
      </div>
      <p class="paper dyed" aria-label="The text, its tokens coloured">
        {dyed(text, tokens).map((part, index) =>
          part.token === undefined ? (
            part.text
          ) : (
            <span
              key={index}
              class={`dye-${part.token % 3}${looked === part.token ? ' is-looked' : ''}`}
              onPointerEnter={() => setLooked(part.token)}
              onPointerLeave={() => setLooked(undefined)}
            >
              {part.text}
            </span>
          ),
        )}
      </p>
      <ol class="ids" aria-label="Ids">
        {tokens.slice(0, SHOWN_TOKENS).map(({ id, token, bytes }, index) => (
          <li
            key={index}
            class={looked === index ? `dye-${index % 3} is-looked` : `dye-${index % 3}`}
            title={`bytes ${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`}
            onPointerEnter={() => setLooked(index)}
            onPointerLeave={() => setLooked(undefined)}
          >
            <span class="id-token">{shown(token) === '' ? '∅' : shown(token)}</span>
            <span class="number">{id}</span>
          </li>
        ))}
        {tokens.length > SHOWN_TOKENS && <li class="hint">and {whole(tokens.length - SHOWN_TOKENS)} more</li>}
      </ol>
      {notes.map((note) => (
        <p key={note} class="notice">
          {note}
        </p>
      ))}
      {agrees === true && <p class="hint checked">The steps below lead to the ids that the tokenizer itself gives.</p>}
      {normalization.length > 0 && (
        <ol class="normalized">
          {normalization.map((step, index) => (
            <li key={index}>
              <span class="hint">{step.name}</span> <code>{step.text}</code>
            </li>
          ))}
        </ol>
      )}
      {piece !== undefined && (
        <>
          <div class="pieces" role="group" aria-label={`Pieces, cut by ${splitting.join(', ')}`}>
            {pieces.slice(0, SHOWN_PIECES).map((one, index) => (
              <button
                key={index}
                type="button"
                class="piece-button"
                aria-pressed={one === piece}
                title={one.text === undefined ? undefined : `“${one.text}”`}
                onClick={() => setChosen(index)}
              >
                {shown(one.piece)}
              </button>
            ))}
            {pieces.length > SHOWN_PIECES && <span class="hint">and {whole(pieces.length - SHOWN_PIECES)} more</span>}
          </div>
          {piece.text !== undefined && <p class="hint readable">The piece reads “{shown(piece.text)}”.</p>}
          <PieceSteps key={`${chosen} ${piece.piece} ${encoding.type}`} piece={piece} />
        </>
      )}
    </section>
  );
}

/** The text cut where tokens begin and end; a token that shares its characters with one before it has no part. */
function dyed(text: string, tokens: Encoding['tokens']): { readonly text: string; readonly token: number | undefined }[] {
  const parts: { text: string; token: number | undefined }[] = [];
  let position = 0;
  for (const [index, { start, end }] of tokens.entries()) {
    if (end <= position) continue;
    if (start > position) parts.push({ text: text.slice(position, start), token: undefined });
    parts.push({ text: text.slice(Math.max(start, position), end), token: index });
    position = end;
  }
  if (position < text.length) parts.push({ text: text.slice(position), token: undefined });
  return parts;
}

function PieceSteps({ piece }: { readonly piece: Piece }): JSX.Element {
  const { steps } = piece;
  switch (steps.how) {
    case 'merges':
      return <Merges steps={steps} />;
    case 'lattice':
      return <Lattice steps={steps} />;
    case 'longest-match':
      return <Matches steps={steps} />;
    case 'lookup':
      return (
        <p class="hint">
          {steps.found ? 'The piece is in the vocabulary as a whole.' : 'The piece is not in the vocabulary: it is unknown.'}
        </p>
      );
    case 'added':
      return <p class="hint">A token that was added to the vocabulary; it is taken whole wherever the text has it.</p>;
  }
}

function Merges({ steps }: { readonly steps: Steps<'merges'> }): JSX.Element {
  const [at, setAt] = useState(0);
  const { symbols, merges } = steps;
  if (merges.length === 0) {
    return (
      <>
        <Symbols symbols={symbols} />
        <p class="hint">{symbols.length > 1 ? 'No merge fits.' : 'One symbol: there is nothing to merge.'}</p>
      </>
    );
  }
  const done = merges[at - 1];
  return (
    <Stepper
      label="Merges of the piece"
      count={merges.length + 1}
      at={at}
      name={done === undefined ? 'The piece as symbols' : `Merge ${done.rank + 1} of training: ${shown(done.left)} + ${shown(done.right)}`}
      onChange={setAt}
    >
      <ol class="states">
        <li class={at === 0 ? 'is-here' : undefined}>
          <Symbols symbols={symbols} />
        </li>
        {merges.slice(0, at).map((merge, index) => (
          <li key={index} class={index === at - 1 ? 'is-here' : undefined}>
            <Symbols symbols={merge.symbols} fresh={index === at - 1 ? merge.left + merge.right : undefined} />
          </li>
        ))}
      </ol>
      {at === merges.length && <p class="hint">No other merge fits: these are the tokens.</p>}
    </Stepper>
  );
}

function Matches({ steps }: { readonly steps: Steps<'longest-match'> }): JSX.Element {
  const [at, setAt] = useState(0);
  const { matches } = steps;
  if (matches.length === 0) return <p class="hint">The word is too long: it is unknown as a whole.</p>;
  const here = matches[at];
  return (
    <Stepper
      label="Matches"
      count={matches.length}
      at={at}
      name={here?.found === null ? 'Nothing fits: the word is unknown' : `The longest token that fits: ${shown(here?.found ?? '')}`}
      onChange={setAt}
    >
      <ul class="tried">
        {here?.tried.map((token) => (
          <li key={token} class={token === here.found ? 'is-found' : undefined}>
            <span class="symbol">{shown(token)}</span> <span class="hint">{token === here.found ? 'in the vocabulary' : 'no token'}</span>
          </li>
        ))}
      </ul>
    </Stepper>
  );
}
