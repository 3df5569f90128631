/**
 * Keys and values of beginnings of prompts, in blocks, so that the next prompt with the same beginning need not read it again; and
 * the account of all blocks, those of running sequences too.
 *
 * Decided: blocks are nodes of a tree whose edges are the tokens themselves, not hashes of them: two prompts cannot be mistaken for
 * each other. Each namespace (a client's, where clients have keys) is a tree of its own, so that nobody learns by the time of an
 * answer what others asked. A block is given up when memory runs out, the one longest unused first, and never before those behind it.
 * What a prompt's token is computed to does not depend on how the prompt was cut (see batch-runner.ts), so a text is the same, bit
 * for bit, whether its beginning was found here or not. Tokens that were generated are not kept: a step computes them otherwise.
 */

import type { Block } from './cache-arena.ts';

/** Tokens of a block. */
export const BLOCK_TOKENS = 32;

/** See {@link createPrefixCache}. */
export interface PrefixCache {
  /** Blocks that are free or can be made so. */
  readonly available: number;
  /** Blocks in use: by running sequences, and kept. */
  readonly used: number;
  readonly total: number;
  /** The blocks of the longest beginning of `tokens` that is kept, at most `most` of them. */
  find(tokens: Uint32Array, most: number, namespace: string): readonly Block[];
  /** Whether a beginning of at least so many blocks is kept. */
  has(tokens: Uint32Array, blocks: number, namespace: string): boolean;
  /** Keeps the blocks of a prompt; `read` fills one that is not kept yet. Keeps fewer where memory is short. */
  keep(tokens: Uint32Array, namespace: string, read: (index: number, block: Block) => void): void;
  /** Takes `count` blocks for a running sequence; false when there are not so many, and then none is taken. */
  take(count: number): boolean;
  /** Gives blocks of a running sequence back. */
  give(count: number): void;
  /** Drops all that is kept. */
  clear(): void;
}

interface PrefixNode {
  readonly key: string;
  readonly parent: PrefixNode | undefined;
  readonly block: Block | undefined;
  readonly children: Map<string, PrefixNode>;
  /** A number that grows with each use. */
  used: number;
}

/**
 * An account of `total` blocks, and the prefixes that are kept in those that nobody runs on.
 *
 * @param numbersPerToken of keys and values
 */
export function createPrefixCache(total: number, numbersPerToken: number): PrefixCache {
  const roots = new Map<string, PrefixNode>();
  const nodes = new Set<PrefixNode>();
  const spare: Block[] = [];
  let taken = 0;
  let clock = 0;

  const keyOf = (tokens: Uint32Array, index: number): string => tokens.subarray(index * BLOCK_TOKENS, (index + 1) * BLOCK_TOKENS).join();
  const childOf = (node: PrefixNode | undefined, tokens: Uint32Array, index: number): PrefixNode | undefined =>
    node?.children.get(keyOf(tokens, index));
  const evict = (): boolean => {
    let oldest: PrefixNode | undefined;
    for (const node of nodes) if (node.children.size === 0 && (oldest === undefined || node.used < oldest.used)) oldest = node;
    if (oldest === undefined) return false;
    nodes.delete(oldest);
    oldest.parent?.children.delete(oldest.key);
    // One array is held back, so that a full cache does not allocate for each block anew; more would be memory nobody uses.
    if (oldest.block !== undefined && spare.length === 0) spare.push(oldest.block);
    return true;
  };
  const rootOf = (namespace: string): PrefixNode => {
    const root = roots.get(namespace) ?? { key: '', parent: undefined, block: undefined, children: new Map(), used: 0 };
    roots.set(namespace, root);
    return root;
  };

  return {
    total,
    get available() {
      return total - taken;
    },
    get used() {
      return taken + nodes.size;
    },
    find(tokens, most, namespace) {
      const found: Block[] = [];
      let node: PrefixNode | undefined = roots.get(namespace);
      while (found.length < most) {
        node = childOf(node, tokens, found.length);
        if (node?.block === undefined) break;
        node.used = ++clock;
        found.push(node.block);
      }
      return found;
    },
    has(tokens, blocks, namespace) {
      let node: PrefixNode | undefined = roots.get(namespace);
      for (let index = 0; index < blocks && node !== undefined; index++) node = childOf(node, tokens, index);
      return node !== undefined;
    },
    keep(tokens, namespace, read) {
      let node = rootOf(namespace);
      for (let index = 0; (index + 1) * BLOCK_TOKENS <= tokens.length; index++) {
        const key = keyOf(tokens, index);
        let next = node.children.get(key);
        if (next === undefined) {
          // Of its own beginning nothing is given up for what follows it: those blocks were used last.
          if (taken + nodes.size >= total && !evictOther(node)) return;
          const block = spare.pop() ?? { count: BLOCK_TOKENS, data: new Float32Array(BLOCK_TOKENS * numbersPerToken) };
          read(index, block);
          next = { key, parent: node, block, children: new Map(), used: 0 };
          node.children.set(key, next);
          nodes.add(next);
        }
        next.used = ++clock;
        node = next;
      }
    },
    take(count) {
      if (taken + count > total) return false;
      while (taken + nodes.size + count > total && evict());
      taken += count;
      return true;
    },
    give(count) {
      taken -= count;
    },
    clear() {
      roots.clear();
      nodes.clear();
      spare.length = 0;
    },
  };

  /** Gives up a block, but not `own`. */
  function evictOther(own: PrefixNode): boolean {
    if (!nodes.has(own)) return evict();
    own.children.set('', own); // Not a leaf meanwhile.
    const evicted = evict();
    own.children.delete('');
    return evicted;
  }
}
