/** Visits to the page in a real browser, for tests: what the browser complains about fails them. */

import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import { expect } from 'vitest';

import { CHROMIUM, CHROMIUM_ARGUMENTS } from './chromium.ts';

/** A phone of a small size. */
export const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** See {@link openVisits}. */
export interface Visits {
  /** What the browser complained of since the last page was opened, and requests that went elsewhere. */
  readonly trouble: string[];
  open(url: string, options?: BrowserContextOptions): Promise<Page>;
  /** Ends a visit, and fails when there was trouble. */
  done(page: Page): Promise<void>;
  close(): Promise<void>;
}

/** Builds the page into a folder: what is tested is the page as its sources are now, not what was built last. */
export async function buildPage(folder: string): Promise<void> {
  await build({
    configFile: fileURLToPath(new URL('../../studio/vite.config.ts', import.meta.url)),
    logLevel: 'error',
    build: { outDir: folder },
  });
}

/** Starts the browser. */
export async function openVisits(): Promise<Visits> {
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: [...CHROMIUM_ARGUMENTS] });
  const trouble: string[] = [];
  return {
    trouble,
    async open(url, options = {}) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      trouble.length = 0;
      page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && trouble.push(message.text())));
      page.on('pageerror', (error) => void trouble.push(String(error)));
      page.on('request', (request) => {
        const outside = new URL(request.url()).hostname !== 'localhost' && !request.url().startsWith('data:');
        if (outside) trouble.push(`went elsewhere: ${request.url()}`);
      });
      await page.goto(url);
      return page;
    },
    async done(page) {
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    close: async () => await browser.close(),
  };
}

/** How many CSS pixels the page is wider than the window. */
export async function overflow(page: Page): Promise<number> {
  return await page.evaluate('document.documentElement.scrollWidth - innerWidth');
}

/** The name of what has the focus. */
export async function focused(page: Page): Promise<string> {
  return await page.evaluate('document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent');
}
