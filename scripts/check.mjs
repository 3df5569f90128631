/** `npm run check`: types, lint, format and unused code; all run, and one failure fails the whole. */

import { install, requireNode, say, tool } from './prepare.mjs';

/** What each check is called and the tool that does it. */
const CHECKS = [
  { name: 'types', program: 'tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'types of the page', program: 'tsc', args: ['-p', 'studio/tsconfig.json'] },
  { name: 'lint', program: 'oxlint', args: ['--type-aware', '--deny-warnings', '--quiet'] },
  { name: 'format', program: 'oxfmt', args: ['--check', '.'] },
  { name: 'unused code', program: 'knip', args: ['--no-progress', '--no-config-hints'] },
];

requireNode();
install();
const failed = CHECKS.filter(({ name, program, args }) => {
  const code = tool(program, args, { quiet: true });
  say(`${code === 0 ? 'ok    ' : 'failed'} ${name}`);
  return code !== 0;
}).map(({ name }) => name);
if (failed.length > 0) {
  say(`error [WEFT_CHECK] Cannot pass as ${failed.length} of ${CHECKS.length} checks failed: ${failed.join(', ')}`);
  say('  See the lines above; `npm run format` mends the format.');
  process.exitCode = 1;
}
