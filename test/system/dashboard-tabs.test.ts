import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { isTrue } from '../helpers/browser.js';
import { APPROVAL, plant, sessionRows, show } from '../helpers/dashboard-scene.js';
import { eventually } from '../helpers/eventually.js';

/** More than a browser has connections to one address. */
const TABS = 6;

/** Every page of a browser without windows believes to be in sight. */
async function hide(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
    document.dispatchEvent(new Event('visibilitychange'));`);
}

test('tabs that nobody looks at leave their connections to the one in sight, and know who waits', async (t) => {
  const agent = plant(3);
  const { page: first } = await show(t, agent);
  const tabs = [first];
  while (tabs.length < TABS) {
    const tab = await first.context().newPage();
    await tab.goto(first.url());
    tabs.push(tab);
  }
  for (const tab of tabs) {
    await tab.getByText('Live', { exact: true }).waitFor();
    await hide(tab, true);
  }
  const last = await first.context().newPage();
  await last.goto(first.url(), { timeout: 30_000 });
  await sessionRows(last).nth(3).waitFor();
  await last
    .getByRole('button', { name: /^End the session/ })
    .first()
    .click();
  await last.getByRole('button', { name: 'End session', exact: true }).click();
  await last.getByText(/ was ended\.$/).waitFor();
  await eventually(() => agent.list.length === 2 || undefined, 'one session less');

  agent.waiting = [APPROVAL];
  await isTrue(first, `document.title === '(1) gw-7 · Gatehouse'`);
  assert.equal(await sessionRows(first).count(), 4, 'nothing else is asked for');
  await hide(first, false);
  await sessionRows(first).nth(3).waitFor({ state: 'detached' });
  await first.getByText('Live', { exact: true }).waitFor();
  await isTrue(first, `document.title === '(1) 2 · gw-7 · Gatehouse'`);
});
