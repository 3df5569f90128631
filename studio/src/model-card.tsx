/** What the model is, what it read, how good it is, and how to ask it from elsewhere. */

import type { ComponentChildren, JSX } from 'preact';

import type { PageModel } from '../../src/serve/index.ts';
import { readCard, words } from './card.ts';
import type { Card } from './card.ts';
import { bytes, compact, digits, duration, whole } from './format.ts';
import { ScoreBars } from './score-bars.tsx';
import { Snippets } from './snippets-card.tsx';
import type { SnippetRequest } from './snippets.ts';

/** The view. */
export function ModelCard({ model }: { readonly model: PageModel }): JSX.Element {
  const card = readCard(model.card);
  return (
    <article class="model-card" aria-label={`Model ${model.name}`}>
      <header class="model-head">
        <h1>{model.name}</h1>
        <p class="quiet">{introduction(model, card)}</p>
      </header>
      <dl class="figures figures-large">
        <Figure label="parameters" value={compact(model.parameters)} />
        <Figure label="context, in tokens" value={whole(model.contextLength)} />
        <Figure label="vocabulary" value={whole(model.vocabSize)} />
        {card?.heldOut['bitsPerByte'] !== undefined && <Figure label="bits per byte" value={card.heldOut['bitsPerByte'].toFixed(3)} />}
        {card?.heldOut['perplexity'] !== undefined && <Figure label="perplexity" value={digits(card.heldOut['perplexity'])} />}
      </dl>
      <div class="model-columns">
        <div>
          {card !== undefined && card.scores.length > 0 && (
            <Section title="On held-out text">
              <ScoreBars scores={card.scores} />
            </Section>
          )}
          {card !== undefined && Object.keys(card.training).length > 0 && (
            <Section title="How it was trained">
              <Facts values={card.training} />
            </Section>
          )}
        </div>
        <div>
          {card !== undefined && Object.keys(card.data).length > 0 && (
            <Section title="What it read">
              <Facts values={card.data} />
              {card.files.length > 0 && <Files files={card.files} />}
            </Section>
          )}
          {card !== undefined && card.config.length > 0 && (
            <Section title="How it is built">
              <dl class="facts-list">
                {card.config.map(([name, value]) => (
                  <Fact key={name} name={NAMES[name] ?? words(name)} value={setting(value)} />
                ))}
              </dl>
            </Section>
          )}
        </div>
      </div>
      <Section title="Ask it from elsewhere">
        <p class="quiet">
          It speaks the OpenAI API
          {model.hasChatTemplate ? '.' : ': completions. It has no chat template, so it continues text and does not converse.'}
        </p>
        <Snippets request={exampleFor(model)} />
      </Section>
      {card === undefined && (
        <p class="quiet">The model folder has no card (weft.json), so nothing is known of its data and its numbers.</p>
      )}
    </article>
  );
}

const TOKENS: Readonly<Record<PageModel['tokenizer'], string>> = {
  bpe: 'BPE tokens',
  unigram: 'Unigram tokens',
  wordpiece: 'WordPiece tokens',
  words: 'words',
  characters: 'characters',
};

function introduction(model: PageModel, card: Card | undefined): string {
  const kind = card?.architecture === undefined ? 'A language model' : `A language model of the ${card.architecture} kind`;
  const made = card?.createdAt === undefined ? '' : `, made on ${card.createdAt.toLocaleDateString('en', { dateStyle: 'long' })}`;
  return `${kind} over ${TOKENS[model.tokenizer]}${made}.`;
}

function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <section class="card" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
      </div>
      {children}
    </section>
  );
}

function Figure({ label, value }: { readonly label: string; readonly value: string }): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Facts({ values }: { readonly values: Readonly<Record<string, number>> }): JSX.Element {
  return (
    <dl class="facts-list">
      {Object.entries(values).map(([key, value]) => (
        <Fact key={key} name={NAMES[key] ?? words(key)} value={write(key, value)} />
      ))}
    </dl>
  );
}

/** Where a key does not read well by itself. */
const NAMES: Readonly<Record<string, string>> = {
  bytes: 'text',
  heldOutBytes: 'kept for testing',
  seconds: 'time',
  trainLoss: 'training loss',
  tokensPerSecond: 'tokens a second',
  kvHeads: 'key-value heads',
  hidden: 'feed-forward width',
  vocabSize: 'vocabulary',
  ropeTheta: 'rotary base',
  tiedHead: 'head tied to the embedding',
};

function setting(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'number' && Number.isInteger(value) ? whole(value) : String(value);
}

function write(key: string, value: number): string {
  if (/loss$/i.test(key)) return value.toFixed(3);
  if (/bytes$/i.test(key)) return bytes(value);
  if (/seconds$/i.test(key) && !/per/i.test(key)) return duration(value);
  return Number.isInteger(value) ? whole(value) : digits(value);
}

/** Where the text came from; a long list is folded. */
function Files({ files }: { readonly files: readonly string[] }): JSX.Element {
  const list = (
    <ul class="files">
      {files.map((file) => (
        <li key={file}>
          <code>{file}</code>
        </li>
      ))}
    </ul>
  );
  if (files.length <= FEW) return list;
  return (
    <details class="numbers">
      <summary>{whole(files.length)} files and folders</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Files">
        {list}
      </div>
    </details>
  );
}

const FEW = 6;

function Fact({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{value}</dd>
    </div>
  );
}

/** A short request, to begin from. */
function exampleFor({ name: model, hasChatTemplate }: PageModel): SnippetRequest {
  const sampling = { maxTokens: 64 };
  return hasChatTemplate
    ? { kind: 'chat', model, sampling, messages: [{ role: 'user', content: 'Hello!' }] }
    : { kind: 'completion', model, sampling, prompt: 'Once' };
}
