/** How a tokenizer is trained, as lines for people. */

import type {
  CountTraining,
  Marking,
  MergeStep,
  MergeTraining,
  PairScore,
  TrainingExplanation,
  UnigramRound,
  UnigramTraining,
  WordSymbols,
} from '../../tokenizers/index.ts';
import { cellsOf, cutCells, fillLines, padCells } from './cells.ts';
import { continued, labelledLines } from './columns.ts';
import { NAMES, type Page, more, roomOf, visible } from './explanation-lines.ts';
import { counted, whole } from './numbers.ts';

const SHOWN_WORDS = 12;
const SHOWN_PAIRS = 12;
const SHOWN_TOKENS = 18;

/** The training, step by step. */
export function trainingLines(told: TrainingExplanation, page: Page): string[] {
  const { style } = page;
  const room = roomOf(page);
  const { words, distinctWords, totalWords, alphabet, distinctSymbols } = told;
  const wide = Math.min(20, Math.max(...words.slice(0, SHOWN_WORDS).map(({ word }) => cellsOf(visible(word)))));
  return [
    style.bold('Training') + style.dim(` of ${NAMES[told.type]}`),
    ...labelledLines('Words', [`${counted(totalWords, 'word')}, ${whole(distinctWords)} distinct`], style),
    ...words
      .slice(0, SHOWN_WORDS)
      .map(({ word, count, symbols }) =>
        continued(
          `${style.dim(`${whole(count)} ×`)} ${padCells(cutCells(visible(word), wide), wide)}   ${cutCells(spaced(symbols), room - wide - 8)}`,
        ),
      ),
    ...more(distinctWords - SHOWN_WORDS, 'words', style),
    ...(told.type === 'words' || told.type === 'characters'
      ? []
      : labelledLines('Marking', fillLines(MARKINGS[told.marking].split(' '), room, ' '), style)),
    ...labelledLines(
      'Alphabet',
      fillLines(
        alphabet.map(({ symbol, count }) => `${visible(symbol)} ${count}`),
        room,
      ),
      style,
    ),
    ...more(distinctSymbols - alphabet.length, 'symbols', style),
    ...stepLines(told, page),
    '',
    ...vocabularyLines(told, page),
  ];
}

const MARKINGS: { readonly [M in Marking]: string } = {
  none: 'none: spaces are lost. --marking space puts ▁ before each word (▁low), --marking end puts </w> behind it.',
  space: '▁ before each word stands for the space, as in SentencePiece: from ▁low the space can be told again.',
  end: '</w> behind each word stands for its end, as in Sennrich et al. 2016.',
  continuing: '## before a symbol says that it goes on a word, as in BERT.',
};

function stepLines(told: TrainingExplanation, page: Page): string[] {
  switch (told.type) {
    case 'bpe':
    case 'wordpiece':
      return mergeLines(told, page);
    case 'unigram':
      return unigramLines(told, page);
    case 'words':
    case 'characters':
      return countLines(told, page);
  }
}

function mergeLines(told: MergeTraining, page: Page): string[] {
  const { style } = page;
  const { rule, steps, pairs, distinctPairs, type } = told;
  const rules = {
    count: 'In every step the pair that occurs most is merged; among equals the one with the lowest ids.',
    likelihood:
      'In every step the pair with the highest freq(ab) / (freq(a) · freq(b)) is merged; among equals the one with the lowest ids.',
  };
  const other =
    type === 'wordpiece'
      ? ` Behind each count stands ${rule === 'count' ? 'the likelihood score, by which --rule likelihood goes' : 'its score'}.`
      : '';
  let before = told.words;
  return [
    ...labelledLines('Rule', fillLines((rules[rule] + other).split(' '), roomOf(page), ' '), style),
    ...steps.flatMap((step) => {
      const lines = mergeStepLines(step, told, { ...page, before });
      before = step.words;
      return lines;
    }),
    '',
    ...labelledLines(
      'Then',
      told.stopped === 'pairs'
        ? ['No pair is left.']
        : [
            `It ends after ${counted(steps.length, 'merge')}, as asked. Pairs that are left:`,
            ...pairLines(pairs, distinctPairs, told, page),
          ],
      style,
    ),
  ];
}

function mergeStepLines(
  { step, pairs, distinctPairs, best, ties, merged, words }: MergeStep,
  told: MergeTraining,
  page: Page & { readonly before: readonly WordSymbols[] },
): string[] {
  const { style, before } = page;
  const room = roomOf(page);
  const tie = ties === 0 ? '' : style.dim(`, as ${ties === 1 ? 'is one other' : `are ${ties} others`}`);
  const score = told.rule === 'count' ? `count ${best.count}` : `score ${best.likelihood.toPrecision(3)}, count ${best.count}`;
  const changed = words.filter(({ symbols }, index) => symbols.length !== before[index]?.symbols.length);
  return [
    '',
    ...labelledLines(`Merge ${step}`, pairLines(pairs, distinctPairs, told, page), style),
    continued(`${style.accent(`${visible(best.left)} + ${visible(best.right)} → ${visible(merged)}`)}   ${score}${tie}`),
    ...fillLines(
      changed.slice(0, 2 * SHOWN_WORDS).map(({ symbols }) => spaced(symbols)),
      room,
    ).map((line) => continued(line)),
    ...more(changed.length - 2 * SHOWN_WORDS, 'words', style),
  ];
}

// eslint-disable-next-line max-params -- a list, its length, what it belongs to and where it goes
function pairLines(pairs: readonly PairScore[], distinctPairs: number, { type, rule }: MergeTraining, page: Page): string[] {
  const both = type === 'wordpiece' || rule === 'likelihood';
  const items = pairs
    .slice(0, SHOWN_PAIRS)
    .map(({ left, right, count, likelihood }) => `${pairName(left, right, type)} ${count}${both ? ` (${likelihood.toPrecision(2)})` : ''}`);
  return fillLines(distinctPairs > SHOWN_PAIRS ? [...items, `… ${whole(distinctPairs - SHOWN_PAIRS)} more`] : items, roomOf(page));
}

/** `lo`; with a mark between the halves where these are longer, so that they can be told apart. */
function pairName(left: string, right: string, type: MergeTraining['type']): string {
  const short = [...left].length === 1 && [...right].length === 1 && type === 'bpe';
  return short ? visible(left + right) : `${visible(left)}·${visible(right)}`;
}

function unigramLines(told: UnigramTraining, page: Page): string[] {
  const { style } = page;
  const { seeds, distinctSeeds, rounds, best, distinctWords } = told;
  const shown = seeds.slice(0, SHOWN_TOKENS);
  const wide = Math.min(20, Math.max(5, ...shown.map(({ token }) => cellsOf(visible(token)))));
  return [
    '',
    ...labelledLines(
      'Seeds',
      [
        `${whole(distinctSeeds)} tokens to begin with: every character, and what occurs twice or more`,
        style.dim(`${padCells('token', wide)}  count  score    log p`),
        ...shown.map(
          ({ token, count, score, logProbability, required }) =>
            `${padCells(cutCells(visible(token), wide), wide)} ${whole(count).padStart(6)} ${whole(score).padStart(6)} ${logProbability.toFixed(3).padStart(8)}${required ? style.dim('  stays') : ''}`,
        ),
      ],
      style,
    ),
    ...more(distinctSeeds - shown.length, 'seeds', style),
    continued(style.dim('score = count × length; p = score / sum of scores')),
    ...rounds.flatMap((round, index) => roundLines(round, index + 1, page)),
    '',
    ...labelledLines('Best', ['The words as the last probabilities cut them:'], style),
    ...fillLines(
      best.slice(0, 2 * SHOWN_WORDS).map(({ symbols }) => spaced(symbols)),
      roomOf(page),
    ).map((line) => continued(line)),
    ...more(distinctWords - 2 * SHOWN_WORDS, 'words', style),
  ];
}

function roundLines({ iterations, pruned, removed, size }: UnigramRound, number: number, page: Page): string[] {
  const { style } = page;
  const room = roomOf(page);
  const wide = Math.min(20, Math.max(5, ...pruned.map(({ token }) => cellsOf(visible(token)))));
  return [
    '',
    ...iterations.flatMap(({ loss, tokens, size: left, dropped }, index) =>
      labelledLines(
        index === 0 ? `Round ${number}` : '',
        [
          `${style.accent(`iteration ${index + 1}`)}   −log p of a word ${loss.toFixed(3)} before it; ${counted(left, 'token')} after it`,
          ...fillLines(
            tokens.slice(0, SHOWN_TOKENS).map(({ token, logProbability }) => `${visible(token)} ${logProbability.toFixed(2)}`),
            room,
          ),
          ...(dropped.length === 0 ? [] : fillLines(['not needed:', ...dropped.map((token) => visible(token))], room, '  ').map(style.dim)),
        ],
        style,
      ),
    ),
    ...(removed === 0
      ? [continued(style.dim('small enough: nothing is pruned'))]
      : [
          continued(
            `${style.accent('pruning')}   ${counted(removed, 'token')} with the smallest loss ${removed === 1 ? 'goes' : 'go'}, ${whole(size)} stay`,
          ),
          continued(style.dim(`${padCells('token', wide)}  used      loss  instead`)),
          ...pruned.slice(0, SHOWN_TOKENS).map(({ token, frequency, loss, alternative, removed: gone }) => {
            const line = `${padCells(cutCells(visible(token), wide), wide)} ${whole(frequency).padStart(5)} ${loss.toFixed(4).padStart(9)}  ${cutCells(spaced(alternative), room - wide - 24)}`;
            return continued(gone ? `${line}${style.bad('  goes')}` : style.dim(`${line}  stays`));
          }),
        ]),
  ];
}

function countLines({ counts, distinct, type }: CountTraining, page: Page): string[] {
  const { style } = page;
  return [
    ...labelledLines(
      'Counts',
      fillLines(
        counts.map(({ token, count }) => `${visible(token)} ${count}`),
        roomOf(page),
      ),
      style,
    ),
    ...more(distinct - counts.length, type, style),
  ];
}

function vocabularyLines({ vocabulary, vocabSize }: TrainingExplanation, page: Page): string[] {
  const { style } = page;
  const shown = vocabulary.slice(0, 5 * SHOWN_TOKENS);
  return [
    ...labelledLines(
      'Vocabulary',
      [
        counted(vocabSize, 'token'),
        ...fillLines(
          shown.map(
            ({ id, token, logProbability }) =>
              `${id} ${visible(token)}${logProbability === undefined ? '' : ` ${logProbability.toFixed(2)}`}`,
          ),
          roomOf(page),
        ),
      ],
      style,
    ),
    ...more(vocabSize - shown.length, 'tokens', style),
  ];
}

function spaced(symbols: readonly string[]): string {
  return symbols.map((symbol) => visible(symbol)).join(' ');
}
