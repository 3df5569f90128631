/** How a tokenizer is trained, one step at a time. */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import type { PageExplanation } from '../../src/serve/index.ts';
import { type CountTraining, type MergeTraining, type UnigramTraining, logarithm, shown } from './explained.ts';
import { whole } from './format.ts';
import { Stepper } from './stepper.tsx';
import { type BarRow, Bars, Symbols } from './symbols.tsx';

const SHOWN_PAIRS = 12;
const SHOWN_WORDS = 14;
const SHOWN_TOKENS = 24;

/** The card. */
export function TrainingSteps({ training }: { readonly training: NonNullable<PageExplanation['training']> }): JSX.Element {
  const [at, setAt] = useState(0);
  const key = `${training.type} ${JSON.stringify(training.words[0])} ${training.marking} ${training.vocabSize}`;
  useEffect(() => setAt(0), [key]);
  return (
    <section class="card" aria-label="Training">
      <div class="card-head">
        <h2>How it learns</h2>
        <span class="facts">
          {whole(training.totalWords)} words, {whole(training.distinctWords)} distinct · {whole(training.vocabSize)} tokens in the end
        </span>
      </div>
      {'rule' in training ? (
        <MergeSteps training={training} at={at} onChange={setAt} />
      ) : 'rounds' in training ? (
        <UnigramSteps training={training} at={at} onChange={setAt} />
      ) : (
        <Counts training={training} />
      )}
    </section>
  );
}

interface StepsProps<T> {
  readonly training: T;
  readonly at: number;
  readonly onChange: (at: number) => void;
}

function MergeSteps({ training, at, onChange }: StepsProps<MergeTraining>): JSX.Element {
  const { steps, rule, type } = training;
  const here = Math.min(at, steps.length);
  const done = steps[here - 1];
  const next = steps[here];
  const pairs = (next?.pairs ?? training.pairs).slice(0, SHOWN_PAIRS);
  const distinct = next?.distinctPairs ?? training.distinctPairs;
  const most = Math.max(...pairs.map((pair) => pair[rule]), 0);
  const scored = type === 'wordpiece' || rule === 'likelihood';
  const rows = pairs.map((pair, index): BarRow => ({
    key: `${pair.left} ${pair.right}`,
    name: `${shown(pair.left)} ${shown(pair.right)}`,
    share: most === 0 ? 0 : pair[rule] / most,
    numbers: [whole(pair.count), ...(scored ? [pair.likelihood.toPrecision(2)] : [])],
    kind: index === 0 && next !== undefined ? 'best' : undefined,
  }));
  return (
    <Stepper
      label="Merges"
      count={steps.length + 1}
      at={here}
      name={
        done === undefined
          ? 'The words as characters'
          : `Merge ${here}: ${shown(done.best.left)} + ${shown(done.best.right)} → ${shown(done.merged)}`
      }
      onChange={onChange}
    >
      <div class="step-columns">
        <div>
          <h3>Words</h3>
          <Words words={done?.words ?? training.words} fresh={done?.merged} distinct={training.distinctWords} />
        </div>
        <div>
          <h3>Pairs of neighbours</h3>
          {rows.length === 0 ? (
            <p class="hint">No pair is left.</p>
          ) : (
            <Bars head={['pair', 'count', ...(scored ? ['score'] : [])]} rows={rows} />
          )}
          {distinct > rows.length && <p class="hint">and {whole(distinct - rows.length)} more</p>}
          <p class="hint">
            {next === undefined
              ? training.stopped === 'size' && 'It ends here, as many merges as were asked for.'
              : next.ties > 0
                ? 'The first is merged next: of pairs that are equally good, the one with the lowest ids.'
                : 'The first is merged next.'}
            {scored && ` It goes by the ${rule === 'count' ? 'count' : 'score'}; the score is freq(ab) / (freq(a) · freq(b)).`}
          </p>
        </div>
      </div>
    </Stepper>
  );
}

function Words({
  words,
  fresh,
  distinct,
}: {
  readonly words: MergeTraining['words'];
  readonly fresh?: string | undefined;
  readonly distinct: number;
}): JSX.Element {
  return (
    <>
      <ul class="words">
        {words.slice(0, SHOWN_WORDS).map(({ word, count, symbols }) => (
          <li key={word}>
            <span class="word-count">{whole(count)} ×</span>
            <Symbols symbols={symbols} fresh={fresh} />
          </li>
        ))}
      </ul>
      {distinct > SHOWN_WORDS && <p class="hint">and {whole(distinct - SHOWN_WORDS)} more</p>}
    </>
  );
}

interface UnigramStep {
  readonly name: string;
  readonly body: JSX.Element;
}

function UnigramSteps({ training, at, onChange }: StepsProps<UnigramTraining>): JSX.Element {
  const steps = unigramSteps(training);
  const here = Math.min(at, steps.length - 1);
  const step = steps[here];
  return (
    <Stepper label="Rounds of training" count={steps.length} at={here} name={step?.name ?? ''} onChange={onChange}>
      {step?.body}
    </Stepper>
  );
}

function unigramSteps({ seeds, distinctSeeds, rounds, vocabulary, best, distinctWords }: UnigramTraining): UnigramStep[] {
  const widest = Math.max(...seeds.map(({ score }) => score));
  const first: UnigramStep = {
    name: 'What it begins with',
    body: (
      <>
        <p class="hint">
          Every character, and every part of a word that occurs twice or more. The score, count × length, gives the first probability.
        </p>
        <Bars
          head={['token', 'count', 'score', 'log p']}
          rows={seeds.slice(0, SHOWN_TOKENS).map(({ token, count, score, logProbability, required }) => ({
            key: token,
            name: shown(token),
            share: score / widest,
            numbers: [whole(count), whole(score), logarithm(logProbability)],
            ...(required ? { note: 'stays' } : {}),
          }))}
        />
        {distinctSeeds > SHOWN_TOKENS && <p class="hint">and {whole(distinctSeeds - SHOWN_TOKENS)} more</p>}
      </>
    ),
  };
  const between = rounds.flatMap(({ iterations, pruned, removed, size }, round) => [
    ...iterations.map(({ loss, tokens, size: left }, index): UnigramStep => {
      const most = Math.exp(tokens[0]?.logProbability ?? 0);
      return {
        name: `Round ${round + 1}, iteration ${index + 1}`,
        body: (
          <>
            <p class="hint">
              How often each token is expected over all ways to cut the words, and the probability that this gives. A word cost{' '}
              {loss.toFixed(2)} nats before; {whole(left)} tokens.
            </p>
            <Bars
              head={['token', 'expected', 'log p']}
              rows={tokens.slice(0, SHOWN_TOKENS).map(({ token, expected, logProbability }) => ({
                key: token,
                name: shown(token),
                share: Math.exp(logProbability) / most,
                numbers: [expected.toFixed(2), logarithm(logProbability)],
              }))}
            />
          </>
        ),
      };
    }),
    ...(removed === 0
      ? []
      : [
          {
            name: `Round ${round + 1}, pruning`,
            body: (
              <>
                <p class="hint">
                  {whole(removed)} {removed === 1 ? 'token goes' : 'tokens go'} without which the text loses least; {whole(size)} stay.
                </p>
                <Bars
                  head={['token', 'used', 'loss', 'instead']}
                  rows={pruned.slice(0, SHOWN_TOKENS).map(({ token, frequency, loss, alternative, removed: gone }) => ({
                    key: token,
                    name: shown(token),
                    share: loss / Math.max(...pruned.map((one) => one.loss), Number.MIN_VALUE),
                    numbers: [whole(frequency), loss.toFixed(4), alternative.map(shown).join(' ')],
                    kind: gone ? ('gone' as const) : undefined,
                    ...(gone ? { note: 'goes' } : {}),
                  }))}
                />
              </>
            ),
          },
        ]),
  ]);
  const last: UnigramStep = {
    name: 'The words in the end',
    body: (
      <div class="step-columns">
        <div>
          <h3>Words</h3>
          <Words words={best} distinct={distinctWords} />
        </div>
        <div>
          <h3>Vocabulary</h3>
          <Bars
            head={['token', 'log p']}
            rows={vocabulary.slice(0, SHOWN_TOKENS).map(({ token, logProbability = 0 }) => ({
              key: token,
              name: shown(token),
              share: Math.exp(logProbability - (vocabulary[0]?.logProbability ?? 0)),
              numbers: [logarithm(logProbability)],
            }))}
          />
        </div>
      </div>
    ),
  };
  return [first, ...between, last];
}

function Counts({ training }: { readonly training: CountTraining }): JSX.Element {
  const { counts, distinct, type } = training;
  const most = Math.max(...counts.map(({ count }) => count));
  return (
    <>
      <p class="hint">
        {type === 'words'
          ? 'Every word is a token, the most frequent first.'
          : 'Every character is a token, in the order of the code points.'}
      </p>
      <Bars
        head={[type === 'words' ? 'word' : 'character', 'count']}
        rows={counts
          .slice(0, SHOWN_TOKENS)
          .map(({ token, count }) => ({ key: token, name: shown(token), share: count / most, numbers: [whole(count)] }))}
      />
      {distinct > SHOWN_TOKENS && <p class="hint">and {whole(distinct - SHOWN_TOKENS)} more</p>}
    </>
  );
}
