import { expect, test } from 'vitest';

import { createStyle } from './style.ts';

test.for([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [true, { FORCE_COLOR: '0' }, false],
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
] as const)('terminal %s with %j has colours: %s', ([terminal, env, expected]) => {
  expect(createStyle(terminal, env).colorful).toBe(expected);
});
