/** Every benchmark of tokenizers, one after the other: `npm run bench:tokenizers`. Each can be run alone, see the head of its file. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

for (const name of ['encode', 'hard-inputs', 'sentencepiece', 'training']) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', fileURLToPath(new URL(`${name}.ts`, import.meta.url))], {
    stdio: 'inherit',
  });
  if (status !== 0) console.error(`${name} failed`);
}
