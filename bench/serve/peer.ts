/**
 * npm's `node-llama-cpp`, with the prebuilt llama.cpp of its `@node-llama-cpp/linux-x64`: a package of its own in `peer/`, installed when
 * it is missing, so that Weft does not depend on it. Nothing is downloaded besides packages of npm, and nothing is built.
 * There is no lock file, as the packages for other systems are left out, which `npm ci` does not accept.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const FOLDER = fileURLToPath(new URL('peer/', import.meta.url));
const ENTRY = `${FOLDER}node_modules/node-llama-cpp/dist/index.js`;

/** The native sampler. */
export interface PeerSampler {
  applyConfig(config: { readonly temperature: number }): void;
  dispose(): void;
}

/** The native context: `AddonContext` of node-llama-cpp's `bindings/AddonTypes.d.ts`, as far as it is used. */
export interface NativeContext {
  initBatch(size: number): void;
  /** Gives the row of each token whose logits are asked for. */
  addToBatch(sequence: number, past: number, tokens: Uint32Array, logitIndexes: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
  sampleToken(row: number, sampler: PeerSampler): Promise<number>;
  sampleToken(
    row: number,
    sampler: PeerSampler,
    probabilities: false,
    confidence: false,
    logits: true,
    totalLogitWeight: false,
  ): Promise<readonly [token: number, probabilities: undefined, confidence: undefined, logits: readonly number[] | undefined]>;
  disposeSequence(sequence: number): void;
}

/** `LlamaContext`. */
export interface PeerContext {
  readonly _ctx: NativeContext;
  dispose(): Promise<void>;
}

/** `LlamaModel`. */
export interface PeerModel {
  readonly _model: object;
  createContext(options: Readonly<Record<string, unknown>>): Promise<PeerContext>;
  dispose(): Promise<void>;
}

/** `Llama`. */
export interface PeerLlama {
  readonly _bindings: { readonly AddonSampler: new (model: object) => PeerSampler };
  loadModel(options: Readonly<Record<string, unknown>>): Promise<PeerModel>;
}

interface PeerModule {
  getLlama(options: Readonly<Record<string, unknown>>): Promise<PeerLlama>;
}

/** Installs it where it is missing; whether it is there. */
export function installPeer(): boolean {
  if (existsSync(ENTRY)) return true;
  try {
    const args = ['install', '--ignore-scripts', '--no-save', '--no-package-lock', '--omit=optional', '--no-audit', '--no-fund'];
    execFileSync('npm', args, { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    return false;
  }
  return existsSync(ENTRY);
}

/** The installed package. */
export async function peerModule(): Promise<PeerModule> {
  return (await import(pathToFileURL(ENTRY).href)) as PeerModule;
}
