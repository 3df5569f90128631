/** Every operation's value and gradient on ONNX Runtime against the float64 interpreter. */

import { describe, expect, test } from 'vitest';

import { checkOp, failures } from '../../test/oracle/check-op.ts';
import { OP_CASES } from '../../test/oracle/op-cases.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';

describe.for(Object.entries(OP_CASES))('%s', ([, cases]) => {
  test.for(cases.map((each) => [each.name, each] as const))('%s', async ([, each]) => {
    expect(failures(await checkOp(each, runOnnx))).toEqual([]);
  });
});
