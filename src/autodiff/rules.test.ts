/** Every gradient rule against finite differences of the operation's definition. */

import { describe, expect, test } from 'vitest';

import { checkOp, failures } from '../../test/oracle/check-op.ts';
import { OP_CASES } from '../../test/oracle/op-cases.ts';

/** Central differences in float64 agree to about ten digits with a right rule; a rule that is nearly right does not. */
const TOLERANCE = 1e-6;

describe.for(Object.entries(OP_CASES).filter(([, cases]) => cases.some(({ differentiable }) => differentiable > 0)))('%s', ([, cases]) => {
  test.for(cases.filter(({ differentiable }) => differentiable > 0).map((each) => [each.name, each] as const))('%s', async ([, each]) => {
    expect(failures(await checkOp(each), TOLERANCE)).toEqual([]);
  });
});
