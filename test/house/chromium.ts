/** Where Chromium is on this machine, and how it is started: for tests in a real browser, which are skipped without one. */

import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser's program; undefined when there is none. `WEFT_CHROMIUM` names another. */
export const CHROMIUM: string | undefined = [process.env['WEFT_CHROMIUM'] ?? '', ...PLACES].find((path) => path !== '' && existsSync(path));

/** What it is started with. */
export const CHROMIUM_ARGUMENTS: readonly string[] =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
    ' ',
  );
