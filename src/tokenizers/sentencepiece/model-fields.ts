/**
 * The fields of a `.model` file: number and kind by our name. Source: `sentencepiece_model.proto` of google/sentencepiece 0.2.0.
 *
 * One table serves reading and writing. It is in the order of the numbers, in which protobuf libraries write.
 */

/** How a field is held: a scalar, a list of texts, the names of an enumeration's numbers, or a message. */
export type FieldKind = 'string' | 'strings' | 'int32' | 'uint64' | 'float' | 'bool' | 'bytes' | readonly string[] | MessageKind;

/** A message within a message. */
export interface MessageKind {
  readonly fields: Fields;
  readonly repeated: boolean;
}

/** The fields of a message: number and kind by name. */
export type Fields = Readonly<Record<string, readonly [number, FieldKind]>>;

const PIECE: Fields = {
  piece: [1, 'string'],
  score: [2, 'float'],
  type: [3, ['', 'normal', 'unknown', 'control', 'user-defined', 'unused', 'byte']],
};

const TRAINER: Fields = {
  input: [1, 'strings'],
  modelPrefix: [2, 'string'],
  modelType: [3, ['', 'unigram', 'bpe', 'word', 'char']],
  vocabSize: [4, 'int32'],
  acceptLanguage: [5, 'strings'],
  selfTestSampleSize: [6, 'int32'],
  inputFormat: [7, 'string'],
  characterCoverage: [10, 'float'],
  inputSentenceSize: [11, 'uint64'],
  miningSentenceSize: [12, 'int32'],
  trainingSentenceSize: [13, 'int32'],
  seedSentencepieceSize: [14, 'int32'],
  shrinkingFactor: [15, 'float'],
  numThreads: [16, 'int32'],
  numSubIterations: [17, 'int32'],
  maxSentenceLength: [18, 'int32'],
  shuffleInputSentence: [19, 'bool'],
  maxSentencepieceLength: [20, 'int32'],
  splitByUnicodeScript: [21, 'bool'],
  splitByWhitespace: [22, 'bool'],
  splitByNumber: [23, 'bool'],
  treatWhitespaceAsSuffix: [24, 'bool'],
  splitDigits: [25, 'bool'],
  allowWhitespaceOnlyPieces: [26, 'bool'],
  controlSymbols: [30, 'strings'],
  userDefinedSymbols: [31, 'strings'],
  vocabularyOutputPieceScore: [32, 'bool'],
  hardVocabLimit: [33, 'bool'],
  useAllVocab: [34, 'bool'],
  byteFallback: [35, 'bool'],
  requiredChars: [36, 'string'],
  unkId: [40, 'int32'],
  bosId: [41, 'int32'],
  eosId: [42, 'int32'],
  padId: [43, 'int32'],
  unkSurface: [44, 'string'],
  unkPiece: [45, 'string'],
  bosPiece: [46, 'string'],
  eosPiece: [47, 'string'],
  padPiece: [48, 'string'],
  trainExtremelyLargeCorpus: [49, 'bool'],
  enableDifferentialPrivacy: [50, 'bool'],
  differentialPrivacyNoiseLevel: [51, 'float'],
  differentialPrivacyClippingThreshold: [52, 'uint64'],
  pretokenizationDelimiter: [53, 'string'],
  seedSentencepiecesFile: [54, 'string'],
};

const NORMALIZER: Fields = {
  name: [1, 'string'],
  precompiledCharsmap: [2, 'bytes'],
  addDummyPrefix: [3, 'bool'],
  removeExtraWhitespaces: [4, 'bool'],
  escapeWhitespaces: [5, 'bool'],
  normalizationRuleTsv: [6, 'string'],
};

const SAMPLE: Fields = { input: [1, 'string'], expected: [2, 'string'] };

const SELF_TEST: Fields = { samples: [1, { fields: SAMPLE, repeated: true }] };

/** The whole file. */
export const MODEL: Fields = {
  pieces: [1, { fields: PIECE, repeated: true }],
  trainer: [2, { fields: TRAINER, repeated: false }],
  normalizer: [3, { fields: NORMALIZER, repeated: false }],
  selfTest: [4, { fields: SELF_TEST, repeated: false }],
  denormalizer: [5, { fields: NORMALIZER, repeated: false }],
};
