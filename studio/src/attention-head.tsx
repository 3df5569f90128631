/** One head closely: the tokens as text, and what each of them attends to, shaded and in numbers. */

import type { JSX, TargetedMouseEvent } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';

import { nameOf, rowOf, shade, share, spoken, textsOf, topWeights } from './attention.ts';
import type { HeadMap } from './attention.ts';
import { AttentionMap } from './attention-map.tsx';
import { Bars } from './symbols.tsx';

interface Props {
  readonly name: string;
  readonly map: HeadMap;
  readonly pieces: readonly string[];
}

const SHOWN = 8;

/** The card. A token stays picked that was tapped or reached by keyboard; one under the pointer is shown for the moment. */
export function AttentionHead({ name, map, pieces }: Props): JSX.Element {
  const [picked, setPicked] = useState(pieces.length - 1);
  const [pointed, setPointed] = useState<Place>();
  const looked = pointed?.token ?? picked;
  const group = useRef<HTMLDivElement>(null);
  const row = rowOf(map, looked);
  const { top, rest } = topWeights(row, SHOWN);
  const texts = useMemo(() => textsOf(pieces), [pieces]);
  const labels = useMemo(() => pieces.map((_, token) => spoken(pieces, map, token)), [pieces, map]);
  const to = pointed?.to === undefined || pointed.to > looked ? undefined : pointed.to;
  const lookedName = nameOf(pieces[looked] ?? '');
  const focus = (token: number): void => {
    const next = Math.max(0, Math.min(pieces.length - 1, token));
    setPicked(next);
    setPointed(undefined);
    group.current?.querySelector<HTMLElement>(`[data-token="${next}"]`)?.focus();
  };
  return (
    <section class="card attention-head" aria-label={name}>
      <div class="card-head">
        <h2>{name}</h2>
        <span class="facts">
          {pieces.length} {pieces.length === 1 ? 'token' : 'tokens'}
        </span>
      </div>
      <div class="attention-columns">
        <figure>
          <div
            class="attention-large"
            onPointerMove={(event) => setPointed(placeOf(event, pieces.length))}
            onPointerLeave={() => setPointed(undefined)}
            onClick={(event) => setPicked(placeOf(event, pieces.length).token)}
          >
            <AttentionMap map={map} />
            <span class="attention-line" style={{ '--from': `${(100 * looked) / pieces.length}%`, '--size': `${100 / pieces.length}%` }} />
          </div>
          <figcaption class="hint" aria-hidden="true">
            {to === undefined ? (
              'A row a token. Point at it, in the picture or in the text.'
            ) : (
              <>
                <span class="symbol">{lookedName}</span> looks at <span class="symbol">{nameOf(pieces[to] ?? '')}</span>:{' '}
                {share(row[to] ?? 0)}
              </>
            )}
          </figcaption>
        </figure>
        <div class="attention-words">
          <div
            class="paper attention-text"
            role="group"
            aria-label="Tokens. Move with the arrow keys; each says what it looks at."
            ref={group}
            onPointerOver={(event) => {
              const token = tokenOf(event.target);
              if (event.pointerType === 'mouse') setPointed(token === undefined ? undefined : { token });
            }}
            onPointerLeave={() => setPointed(undefined)}
            onClick={(event) => setPicked(tokenOf(event.target) ?? picked)}
            onFocusIn={(event) => setPicked(tokenOf(event.target) ?? picked)}
            onKeyDown={(event) => {
              const moves: Readonly<Record<string, number>> = {
                ArrowLeft: picked - 1,
                ArrowRight: picked + 1,
                Home: 0,
                End: pieces.length - 1,
              };
              const next = moves[event.key];
              if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
              event.preventDefault();
              focus(next);
            }}
          >
            {texts.map((text, token) => (
              <span
                key={token}
                class={classOf(text, token, { looked, to })}
                role="button"
                tabIndex={token === picked ? 0 : -1}
                data-token={token}
                aria-pressed={token === picked}
                aria-label={labels[token]}
                title={token > looked ? undefined : `${share(row[token] ?? 0)} of what ${lookedName} looks at`}
                style={{ '--weight': shade(row[token] ?? 0).toFixed(3) }}
              >
                {withLineEnds(text)}
              </span>
            ))}
          </div>
          <div class="attention-top">
            <h3>
              What <span class="symbol">{lookedName}</span> looks at
            </h3>
            <Bars
              head={['token', 'place', 'share']}
              rows={top.map(({ token, weight }) => ({
                key: String(token),
                name: nameOf(pieces[token] ?? ''),
                share: weight,
                numbers: [String(token + 1), share(weight)],
                kind: 'best',
                ...(token === looked ? { note: 'itself' } : {}),
              }))}
            />
            {rest >= 0.0005 && <p class="hint">All others together: {share(rest)}</p>}
          </div>
        </div>
      </div>
    </section>
  );
}

/** A row and a column of the picture; a row alone where the text is pointed at. */
interface Place {
  readonly token: number;
  readonly to?: number;
}

/** Where in the picture a pointer is. */
function placeOf(event: TargetedMouseEvent<HTMLElement>, size: number): Place {
  const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
  const at = (share: number): number => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
  return { token: at((event.clientY - top) / height), to: at((event.clientX - left) / width) };
}

/** The token that an event came from. */
function tokenOf(target: EventTarget | null): number | undefined {
  const element = target instanceof Element ? target.closest<HTMLElement>('[data-token]') : null;
  return element === null ? undefined : Number(element.dataset['token']);
}

function classOf(text: string, token: number, { looked, to }: { readonly looked: number; readonly to: number | undefined }): string {
  return [
    'attention-token',
    text === '' && 'is-part',
    token === looked && 'is-looked',
    token === to && token !== looked && 'is-seen',
    token > looked && 'is-ahead',
  ]
    .filter(Boolean)
    .join(' ');
}

/** A text whose line ends are shown and kept. */
function withLineEnds(text: string): JSX.Element | string {
  if (!text.includes('\n')) return text;
  return (
    <>
      {text.split(/(\n)/).map((part, place) =>
        part === '\n' ? (
          <span key={place} class="newline">
            {'\n'}
          </span>
        ) : (
          part
        ),
      )}
    </>
  );
}
