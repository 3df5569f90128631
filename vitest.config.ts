/** How the tests run: one process a file, at most two at a time; `weft/<room>` means the room's source. */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { defineConfig, type ViteUserConfig } from 'vitest/config';

const source = fileURLToPath(new URL('./src/', import.meta.url));
const rooms = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());

const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      { find: /^weft$/, replacement: `${source}index.ts` },
      ...rooms.map(({ name }) => ({ find: new RegExp(`^weft/${name}$`), replacement: `${source}${name}/index.ts` })),
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'bench/**/*.test.ts', 'test/**/*.test.ts', 'studio/**/*.test.{ts,tsx}'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    passWithNoTests: true,
    // Colours would change what the terminal tests read.
    env: { NO_COLOR: '1', FORCE_COLOR: '0' },
  },
});

export default config;
