/** A tokenizer explained: one that is trained on a few words, or a served model's own. */

import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';

import type { PageModel } from '../../src/serve/index.ts';
import { explain } from './api.ts';
import type { ExplainRequest } from './api.ts';
import { EncodingSteps } from './encoding-steps.tsx';
import { TrainingSteps } from './training-steps.tsx';
import { Trouble } from './trouble.tsx';
import { useAsked } from './use-asked.ts';

const KINDS = { bpe: 'BPE', unigram: 'Unigram', wordpiece: 'WordPiece', words: 'Words', characters: 'Characters' } as const;
type Kind = keyof typeof KINDS;

const ABOUT: { readonly [K in Kind]: string } = {
  bpe: 'Byte pair encoding begins with characters and merges the most frequent pair, again and again.',
  unigram: 'A unigram language model begins with everything that occurs twice, and drops what the text needs least.',
  wordpiece: 'WordPiece is trained as BPE is, and encodes by the longest token that fits.',
  words: 'Every word is a token; what is not known is unknown.',
  characters: 'Every character is a token.',
};

const MARKINGS = { none: 'none', space: '▁ before', end: '</w> behind' } as const;
type Marking = keyof typeof MARKINGS;

/** Bounds of the server. */
const LONGEST = { text: 1000, train: 2000 } as const;

/** The view. */
export function TokenizerView({ model }: { readonly model: PageModel | undefined }): JSX.Element {
  const [text, setText] = useState('low lower lowest');
  const [train, setTrain] = useState('low lower lowest');
  const [kind, setKind] = useState<Kind | 'own'>('bpe');
  const [marking, setMarking] = useState<Marking>('none');
  const [merges, setMerges] = useState('');
  const [rule, setRule] = useState<'count' | 'likelihood'>('count');
  const ids = { text: useId(), train: useId(), merges: useId() };
  const own = kind === 'own' && model !== undefined;
  const shownKind: Kind = kind === 'own' ? 'bpe' : kind;
  const { told, trouble, busy } = useAsked(
    own ? { text, model: model.name } : requestOf({ text, train, kind: shownKind, marking, merges, rule }),
    explain,
  );
  return (
    <div class="tokenizer">
      <section class="card tokenizer-ask" aria-label="What to explain">
        <fieldset class="choice">
          <legend class="unseen">Kind of tokenizer</legend>
          <div class="segments">
            {(Object.keys(KINDS) as Kind[]).map((one) => (
              <label key={one}>
                <input type="radio" name="kind" value={one} checked={!own && shownKind === one} onChange={() => setKind(one)} />
                <span>{KINDS[one]}</span>
              </label>
            ))}
            {model !== undefined && (
              <label>
                <input type="radio" name="kind" value="own" checked={own} onChange={() => setKind('own')} />
                <span>{model.name}</span>
              </label>
            )}
          </div>
        </fieldset>
        <p class="hint">{own ? 'The tokenizer that the model was trained with.' : ABOUT[shownKind]}</p>
        <div class="tokenizer-texts">
          {!own && (
            <div>
              <label class="label" for={ids.train}>
                Text to learn from
              </label>
              <textarea
                id={ids.train}
                rows={3}
                maxLength={LONGEST.train}
                spellcheck={false}
                value={train}
                onInput={(event) => setTrain(event.currentTarget.value)}
              />
            </div>
          )}
          <div>
            <label class="label" for={ids.text}>
              Text to encode
            </label>
            <textarea
              id={ids.text}
              rows={3}
              maxLength={LONGEST.text}
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </div>
        </div>
        {!own && (
          <div class="tokenizer-settings">
            {shownKind === 'bpe' && (
              <fieldset class="choice">
                <legend>Mark of a space</legend>
                <div class="segments">
                  {(Object.keys(MARKINGS) as Marking[]).map((one) => (
                    <label key={one}>
                      <input type="radio" name="marking" checked={marking === one} onChange={() => setMarking(one)} />
                      <span>{MARKINGS[one]}</span>
                    </label>
                  ))}
                </div>
              </fieldset>
            )}
            {shownKind === 'wordpiece' && (
              <fieldset class="choice">
                <legend>Pairs are taken by</legend>
                <div class="segments">
                  {(['count', 'likelihood'] as const).map((one) => (
                    <label key={one}>
                      <input type="radio" name="rule" checked={rule === one} onChange={() => setRule(one)} />
                      <span>{one}</span>
                    </label>
                  ))}
                </div>
              </fieldset>
            )}
            {(shownKind === 'bpe' || shownKind === 'wordpiece' || shownKind === 'unigram') && (
              <div class="choice">
                <label for={ids.merges}>Tokens to learn</label>
                <input
                  id={ids.merges}
                  class="merges"
                  type="number"
                  min={0}
                  max={60}
                  placeholder={shownKind === 'unigram' ? 'some' : '10'}
                  value={merges}
                  onInput={(event) => setMerges(event.currentTarget.value)}
                />
              </div>
            )}
          </div>
        )}
      </section>
      <Trouble told={told} trouble={trouble} />
      {told !== undefined && (
        <div class="tokenizer-told" aria-busy={busy}>
          {told.training !== null && <TrainingSteps training={told.training} />}
          <EncodingSteps encoding={told.encoding} />
        </div>
      )}
    </div>
  );
}

function requestOf(given: {
  readonly text: string;
  readonly train: string;
  readonly kind: Kind;
  readonly marking: Marking;
  readonly merges: string;
  readonly rule: 'count' | 'likelihood';
}): ExplainRequest {
  const { text, train, kind, marking, merges, rule } = given;
  const count = Math.min(60, Math.max(0, Math.round(Number(merges))));
  return {
    text,
    train,
    type: kind,
    ...(kind === 'bpe' ? { marking } : {}),
    ...(kind === 'wordpiece' ? { rule } : {}),
    ...(merges === '' || Number.isNaN(count) || kind === 'words' || kind === 'characters' ? {} : { merges: count }),
  };
}
