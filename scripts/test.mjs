/**
 * `npm test`: installs and builds when needed, then runs the checks (types, lint, format, unused code) and every test.
 * `npm test -- src/data` runs the tests of one room alone, without the checks.
 */

import { build, install, requireNode, root, run, say, tool } from './prepare.mjs';

requireNode();
install();
build();
const args = process.argv.slice(2);
const checks = args.length > 0 ? 0 : run(process.execPath, [`${root}scripts/check.mjs`]);
const tests = tool('vitest', ['run', ...args]);
if (checks !== 0) say('The checks failed: see above.');
process.exitCode = checks === 0 && tests === 0 ? 0 : 1;
