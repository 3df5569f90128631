/** Reads a model card (`weft.json`): what is there and of the right kind, nothing else. */

/** One score on held-out text, in bits per byte. */
export interface Score {
  readonly label: string;
  readonly bitsPerByte: number;
  /** Whether it is the model's own. */
  readonly own: boolean;
}

/** The parts of a card that the page shows. */
export interface Card {
  readonly name: string | undefined;
  readonly createdAt: Date | undefined;
  readonly architecture: string | undefined;
  readonly config: readonly (readonly [name: string, value: string | number | boolean])[];
  /** The files, folders or globs of its text. */
  readonly files: readonly string[];
  readonly data: Readonly<Record<string, number>>;
  readonly training: Readonly<Record<string, number>>;
  readonly heldOut: Readonly<Record<string, number>>;
  /** The model and its baselines, the best first. */
  readonly scores: readonly Score[];
}

const BASELINES: Readonly<Record<string, string>> = {
  gzip: 'gzip −9',
  brotli: 'brotli',
  zstd: 'zstd',
  xz: 'xz',
  ngram: 'byte 5-gram',
  fivegram: 'byte 5-gram',
  wittenbell: 'byte 5-gram (Witten-Bell)',
  bytefivegram: 'byte 5-gram',
  byte5gram: 'byte 5-gram',
  unigram: 'byte frequencies',
  uniform: 'no model at all',
};

/** What one asks first of a model's build; the rest comes as the card has it. */
const FIRST: readonly string[] = ['layers', 'width', 'heads', 'kvHeads', 'headWidth', 'hidden', 'contextLength', 'vocabSize'];
const place = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

/** The card of a `weft.json`; undefined when it is none. */
export function readCard(value: unknown): Card | undefined {
  const card = record(value);
  if (card === undefined) return undefined;
  const heldOut = numbers(card['heldOut']);
  const own = heldOut['bitsPerByte'];
  const scores: Score[] = own === undefined ? [] : [{ label: 'this model', bitsPerByte: own, own: true }];
  for (const [key, bits] of Object.entries(flatten(card['baselines'])))
    scores.push({ label: baselineLabel(key), bitsPerByte: bits, own: false });
  const created = typeof card['createdAt'] === 'string' || typeof card['createdAt'] === 'number' ? new Date(card['createdAt']) : undefined;
  const config = record(card['config']) ?? record(card['model']) ?? {};
  return {
    name: text(card['name']),
    createdAt: created === undefined || Number.isNaN(created.getTime()) ? undefined : created,
    architecture: text(card['architecture']) ?? text(config['architecture']),
    config: Object.entries(config)
      .filter((entry): entry is [string, string | number | boolean] => ['string', 'number', 'boolean'].includes(typeof entry[1]))
      .toSorted(([a], [b]) => place(a) - place(b)),
    files: strings(record(card['data'])?.['files']),
    data: numbers(card['data']),
    training: numbers(card['training']),
    heldOut,
    scores: scores.toSorted((a, b) => a.bitsPerByte - b.bitsPerByte),
  };
}

/** gzipBitsPerByte → gzip −9, someThing → some thing */
export function baselineLabel(key: string): string {
  const name = key.replace(/\.?bitsPerByte$/i, '');
  return BASELINES[name.toLowerCase().replace(/[^a-z0-9]/g, '')] ?? words(name);
}

/** tokensSeen → tokens seen */
export function words(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}

/** Bits per byte by name, whether they stand as `{gzipBitsPerByte: 2}`, `{gzip: 2}` or `{gzip: {bitsPerByte: 2}}`. */
function flatten(value: unknown): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [key, entry] of Object.entries(record(value) ?? {})) {
    const bits = typeof entry === 'number' ? entry : record(entry)?.['bitsPerByte'];
    if (typeof bits === 'number' && Number.isFinite(bits)) found[key] = bits;
  }
  return found;
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function numbers(value: unknown): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(record(value) ?? {}).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
    ),
  );
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
