import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Where the pictures of a run are, for people to look at: below dist. */
const PICTURES = fileURLToPath(new URL('../../test-output/dashboard/', import.meta.url));

/** What the browser itself says of an agent that is away for a moment, or for good when a test ends. */
const AWAY =
  /Failed to load resource: net::ERR_(INCOMPLETE_CHUNKED_ENCODING|CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)/;

/** Longest wait for anything in the page, in ms. */
const LIMIT_MS = 20_000;

/** Sizes of screen that the dashboard is made for. */
export const SCREENS = {
  desk: { width: 1_600, height: 1_000 },
  panel: { width: 1_024, height: 768 },
  phone: { width: 390, height: 844 },
} as const;

/** Chromium without a window, until the end of the test. */
export async function startBrowser(t: TestContext): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  t.after(() => browser.close());
  return browser;
}

/**
 * A page that shows `url`. The test fails when the page throws, logs an error (a violation of the policy for content is
 * one), or asks anything of another place.
 */
export async function openPage(
  t: TestContext,
  browser: Browser,
  url: string,
  options: BrowserContextOptions & { readonly mayFail?: RegExp } = {},
): Promise<Page> {
  const { mayFail = AWAY, ...contextOptions } = options;
  const context = await browser.newContext({ viewport: SCREENS.desk, ...contextOptions });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.setDefaultTimeout(LIMIT_MS);
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !mayFail.test(message.text())) wrong.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) wrong.push(`asks for ${request.url()}`);
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(wrong, []);
  });
  await page.goto(url);
  return page;
}

/** Waits until `expression` is true in the page. Not by Playwright's own way, whose `eval` the page's policy forbids. */
export async function isTrue(page: Page, expression: string): Promise<void> {
  const deadlineMs = Date.now() + LIMIT_MS;
  while (!(await page.evaluate<boolean>(expression))) {
    if (Date.now() > deadlineMs) throw new Error(`not true within ${LIMIT_MS / 1_000} s: ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Keeps a picture of what the page shows. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), animations: 'disabled' });
}

/** What axe-core finds wrong with the page for people who use it without eyes, mouse or colours. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Not by a script element: the page's policy for content allows only its own.
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const found = await page.evaluate<{
    violations: { id: string; help: string; nodes: { html: string }[] }[];
  }>(`(() => { ${axe}; })(); axe.run(document)`);
  return found.violations.map(
    ({ id, help, nodes }) => `${id}: ${help} ${nodes.map(({ html }) => html).join(' ')}`,
  );
}
