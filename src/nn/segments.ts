/**
 * Several texts in one sequence, without cross-talk: attention is block-diagonal, and positions begin anew with each text, so that every
 * text is computed as it would be alone. Krell et al. 2021, "Efficient Sequence Packing without Cross-contamination", section 3.2.
 */

import { axes, equal, reshape, scalar, where } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import type { Segments } from './context.ts';

/** Added to the scores of what must not be seen: its exponential is 0, and unlike -∞ it never makes a NaN. */
const HIDDEN = -1e9;

/** 0 where a query and a key belong to one text, else a very negative number: B T -> B 1 T S. */
export function segmentBias({ ids }: Segments): Tensor {
  const [batch, time] = ids.shape;
  if (batch === undefined || time === undefined) throw new RangeError('segments are B T');
  const one = axes('H', 1);
  const queries = reshape(ids, [batch, ...one, time, ...axes('S', 1)]); // B 1 T 1
  const keys = reshape(ids, [batch, ...one, ...axes('T', 1), { name: 'S', size: time.size }]); // B 1 1 S
  return where(equal(queries, keys), scalar(0), scalar(HIDDEN));
}
