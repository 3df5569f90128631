/** Builds the page into `dist/studio`, where the server finds it beside its compiled rooms. */

import { fileURLToPath } from 'node:url';

import { preact } from '@preact/preset-vite';
import { defineConfig } from 'vite';
import type { UserConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const config: UserConfig = defineConfig({
  root: here('.'),
  base: './',
  plugins: [preact()],
  build: {
    outDir: here('../dist/studio'),
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page allows no inline script, and one file a kind is quickest from the same machine.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  // For `npx vite --config studio/vite.config.ts` beside a running server.
  server: { proxy: { '/api': 'http://localhost:8080', '/v1': 'http://localhost:8080' } },
});

export default config;
