/** A cache that is read and written in place, as decoding does it, against the interpreter. */

import { expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost, toHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { createRandom } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { axes, buildGraph, cachedAttention, constant, input, state } from '../graph/index.ts';
import type { Graph, Tensor } from '../graph/index.ts';
import { rotaryAngles } from '../nn/index.ts';
import { compileGraph } from '../runtime/index.ts';

const [HEADS, KEY_HEADS, LONGEST] = [4, 2, 8];

function graphOf(time: number, width: number, rotary: boolean): Graph {
  const fed = (name: string, heads: number): Tensor => input(name, 'float32', axes('B T C', 1, time, heads * width));
  const cache = (name: string): Tensor => state(name, axes('B G M D', 1, KEY_HEADS, LONGEST, width));
  const { cos, sin } = rotaryAngles(LONGEST, width, 100);
  const [output, keys, values] = cachedAttention(
    {
      queries: fed('q', HEADS),
      keys: fed('k', KEY_HEADS),
      values: fed('v', KEY_HEADS),
      pastKeys: cache('keys'),
      pastValues: cache('values'),
      lastPositions: input('lastPositions', 'int32', axes('B', 1)),
      totalLength: input('totalLength', 'int32', []),
      ...(rotary ? { angles: { cos: constant(cos), sin: constant(sin) } } : {}),
    },
    { heads: HEADS, kvHeads: KEY_HEADS, scale: 0.4 },
  ) as [Tensor, Tensor, Tensor];
  return buildGraph({ output, 'next:keys': keys, 'next:values': values });
}

test.for([
  ['heads that the operator takes', 16, true],
  ['heads that it takes, but does not turn', 8, true],
  ['heads that it does not take', 6, true],
  ['heads that it does not take, without positions', 5, false],
] as const)('%s (width %i)', async ([, width, rotary]) => {
  const random = createRandom(width);
  const empty = (): NdArray => fill('float32', [1, KEY_HEADS, LONGEST, width], () => 0);
  const own: Record<string, HostTensor> = { keys: toHost(empty()), values: toHost(empty()) };
  let expected: Record<string, NdArray> = { keys: empty(), values: empty() };
  let length = 0;
  for (const time of [3, 1, 1, 2, 1]) {
    length += time;
    const graph = graphOf(time, width, rotary);
    const tokens = (heads: number): NdArray => fill('float32', [1, time, heads * width], () => Math.fround(random.normal()));
    const feeds = {
      q: tokens(HEADS),
      k: tokens(KEY_HEADS),
      v: tokens(KEY_HEADS),
      lastPositions: fill('int32', [1], () => length - 1),
      totalLength: fill('int32', [], () => length),
    };
    const results = evaluateGraph(graph, { ...feeds, ...expected });
    expected = { keys: results.get('next:keys')!, values: results.get('next:values')! };

    const session = await compileGraph(graph, { threads: 1 });
    const output = toHost(fill('float32', [1, time, HEADS * width], () => 0));
    const fed = Object.fromEntries(Object.entries(feeds).map(([name, array]) => [name, toHost(array)]));
    const binding = session.bind({ ...fed, ...own }, { output, 'next:keys': own['keys']!, 'next:values': own['values']! });
    binding.runSync();
    binding.close();
    session.close();
    expect(relativeError(fromHost(output), results.get('output'))).toBeLessThan(1e-4);
    for (const name of ['keys', 'values']) expect(relativeError(fromHost(own[name]!), expected[name]), name).toBeLessThan(1e-4);
  }
});
