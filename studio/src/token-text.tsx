/** The tokens as running text, each on a thread whose colour tells its probability. */

import type { JSX } from 'preact';
import { memo } from 'preact/compat';

import { percent, visible } from './format.ts';
import type { Token } from './use-generation.ts';

/** @param props.current - the token that the Tab key reaches; `looked`: the one whose alternatives are shown */
export function TokenText({
  tokens,
  current,
  looked,
}: {
  readonly tokens: readonly Token[];
  readonly current: number;
  readonly looked: number | undefined;
}): JSX.Element {
  return (
    <>
      {tokens.map((token, index) => (
        <TokenSpan key={index} token={token} index={index} reachable={index === current} looked={index === looked} />
      ))}
    </>
  );
}

interface SpanProps {
  readonly token: Token;
  readonly index: number;
  readonly reachable: boolean;
  readonly looked: boolean;
}

const TokenSpan = memo(function TokenSpan({ token, index, reachable, looked }: SpanProps): JSX.Element {
  const classes = ['token', token.text === '' && (SPECIAL.test(token.piece) ? 'is-end' : 'is-part'), looked && 'is-looked']
    .filter(Boolean)
    .join(' ');
  return (
    <span
      class={classes}
      role="button"
      tabIndex={reachable ? 0 : -1}
      data-token={index}
      style={{ '--surprise': surprise(token.logProbability).toFixed(3) }}
      aria-label={`${visible(token.piece)}, ${percent(token.logProbability)}`}
    >
      {token.text.split(/(\n)/).map((part, place) =>
        part === '\n' ? (
          <span key={place} class="newline">
            {'\n'}
          </span>
        ) : (
          part
        ),
      )}
    </span>
  );
});

/** A special token, as it ends a text; other tokens without text are parts of characters, or of a text that ended the reply. */
const SPECIAL = /^<.+>$/;

const MOST_BITS = 10;

/** How surprising a token was: 0 for a certain one, 1 for one of 0.1% (10 bits) or less. */
export function surprise(logProbability: number): number {
  return Math.min(1, -logProbability / Math.LN2 / MOST_BITS);
}
