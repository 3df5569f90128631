/** The generated text, token by token, with a look at what else each could have been. */

import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';

import { CopyButton } from './copy-button.tsx';
import { Facts } from './facts.tsx';
import { InspectedTokens } from './inspected-tokens.tsx';
import { Legend } from './legend.tsx';
import { Notice } from './notice.tsx';
import { isBusy } from './progress.ts';
import { progressOf } from './use-generation.ts';
import type { Generation, Token } from './use-generation.ts';

interface Props {
  readonly generation: Generation;
  /** Whether the text is to be generated as a whole, from its beginning: nothing is offered to go on from. */
  readonly settled: boolean;
  /** Generates anew behind these tokens. */
  readonly onBranch: (kept: readonly Token[]) => void;
  readonly onContinue: () => void;
}

const MOST_PROMPT = 600; // Characters of the prompt shown before the text.

/** The card. */
export function Output({ generation, settled, onBranch, onContinue }: Props): JSX.Element {
  const { phase, prompt, tokens, failure, dropped } = generation;
  const card = useRef<HTMLElement>(null);
  const busy = isBusy(generation);
  return (
    <section class="card output" aria-label="Text" ref={card}>
      <div class="card-head">
        <h2>Text</h2>
        <Facts progress={progressOf(generation)} />
      </div>
      {failure !== undefined && <Notice failure={failure} />}
      {dropped > 0 && <p class="quiet">The first {dropped} tokens of the prompt do not fit the model’s context and were left out.</p>}
      {phase === 'idle' ? (
        <Welcome />
      ) : (
        <InspectedTokens
          tokens={tokens}
          within={card}
          writing={busy}
          onChoose={
            settled
              ? undefined
              : (index, alternative) => {
                  const taken = tokens[index];
                  if (taken !== undefined)
                    onBranch([...tokens.slice(0, index), { ...taken, ...alternative, text: textOf(alternative.piece) }]);
                }
          }
        >
          {prompt !== '' && <span class="given">{prompt.length > MOST_PROMPT ? `…${prompt.slice(-MOST_PROMPT)}` : prompt}</span>}
        </InspectedTokens>
      )}
      {tokens.length > 0 && (
        <div class="output-foot">
          <Legend />
          <span class="spacer" />
          {!busy && (
            <>
              <CopyButton text={prompt + tokens.map((token) => token.text).join('')} />
              {!settled && (
                <button type="button" class="link" onClick={onContinue}>
                  Go on
                </button>
              )}
            </>
          )}
        </div>
      )}
    </section>
  );
}

function Welcome(): JSX.Element {
  return (
    <div class="welcome">
      <p>The text appears here, a token at a time.</p>
      <p class="quiet">
        Each token runs on a thread: <span class="thread-sure">blue</span> where the model was sure, <span class="thread-odd">red</span>{' '}
        where chance had to choose. Point at a token, tap it, or go to it with the arrow keys, to see what else it could have been, and to
        take another way from there.
      </p>
    </div>
  );
}

/** The text that a chosen token adds: none when it is a part of a character, or special. */
function textOf(piece: string): string {
  return piece.startsWith('bytes:') || /^<\|.+\|>$/.test(piece) ? '' : piece;
}
