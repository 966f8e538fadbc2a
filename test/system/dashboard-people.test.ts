import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { accessibilityProblems, isTrue, picture, SCREENS } from '../helpers/browser.js';
import { APPROVAL, plant, sessionRows, show } from '../helpers/dashboard-scene.js';
import { eventually } from '../helpers/eventually.js';

const SECOND = { ...APPROVAL, id: '4fa94c01d2', operationId: '40126', host: '10.0.8.4' };

test('who is on site approves or denies with one click, under a name', async (t) => {
  const agent = plant(3);
  agent.waiting = [APPROVAL, SECOND];
  const { page } = await show(t, agent);
  await page.getByLabel('Your name, for the record').fill('Ada');
  await page.getByRole('button', { name: 'Approve 10.0.8.3:8080' }).click();
  await page.getByText('10.0.8.3:8080 was approved.').waitFor();
  await page.getByRole('button', { name: 'Deny 10.0.8.4:8080' }).click();
  await page.getByRole('heading', { name: 'Waiting for your approval' }).waitFor({ state: 'detached' });
  assert.deepEqual(agent.answers, [
    { id: '3fa94c01d2', verdict: 'approve', by: 'Ada', way: 'dashboard' },
    { id: '4fa94c01d2', verdict: 'deny', by: 'Ada', way: 'dashboard' },
  ]);
});

for (const screen of ['panel', 'phone'] as const) {
  test(`on a ${screen} no request slides under a pointer that is about to press another one`, async (t) => {
    const agent = plant(3);
    agent.waiting = [APPROVAL, SECOND];
    const { page } = await show(t, agent, { viewport: SCREENS[screen] });
    const first = page.getByRole('button', { name: 'Approve 10.0.8.3:8080' });
    const second = page.getByRole('button', { name: 'Approve 10.0.8.4:8080' });
    await page.locator('.approvals button:not([aria-disabled=true])').nth(3).waitFor();
    const before = await second.boundingBox();
    const [operation] = agent.recent;
    assert.ok(operation !== undefined);
    const denied = {
      ...operation,
      operationId: '40125',
      outcome: 'refused',
      code: 'approval-denied',
    } as const;
    agent.recent = [denied, ...agent.recent];
    agent.waiting = [SECOND];
    // What was asked stays below what became of it, out of sight, so that the next one keeps its place.
    await page.locator('.approvals').getByText('Denied.', { exact: true }).waitFor();
    assert.deepEqual(await second.boundingBox(), before);
    assert.equal(await first.getAttribute('aria-disabled'), 'true');
    assert.deepEqual(await accessibilityProblems(page), []);
    await picture(page, `approval-settled-${screen}`);
    await first.click({ force: true });
    // Then it goes, and in that moment the one that takes its place cannot be pressed.
    const isOff = await page.evaluate<string>(`new Promise((resolve) => {
      const list = document.querySelector('.approvals ul');
      new MutationObserver(() => {
        if (list.children.length === 1) resolve(list.querySelector('.primary').getAttribute('aria-disabled'));
      }).observe(list, { childList: true });
    })`);
    assert.equal(isOff, 'true');
    assert.equal(agent.answers.length, 0);
    await second.click();
    await eventually(() => agent.answers.length === 1 || undefined, 'the answer');
    assert.deepEqual(agent.answers[0]?.id, SECOND.id);
  });
}

test('a new request is in the title, and is told to who cannot see it', async (t) => {
  const agent = plant(3);
  const { page } = await show(t, agent);
  await isTrue(page, `document.title === '3 · gw-7 · Gatehouse'`);
  agent.waiting = [APPROVAL, SECOND];
  await isTrue(page, `document.title === '(2) 3 · gw-7 · Gatehouse'`);
  await page
    .getByRole('status')
    .getByText('2 requests wait for your approval, the last one for 10.0.8.4:8080 through boiler-house.')
    .waitFor({ state: 'attached' });
  agent.waiting = [];
  await isTrue(page, `document.title === '3 · gw-7 · Gatehouse'`);
});

test('what was done is said, and then no more', async (t) => {
  const agent = plant(3);
  agent.waiting = [APPROVAL];
  const { page } = await show(t, agent);
  await page.getByRole('button', { name: 'Deny 10.0.8.3:8080' }).click();
  const said = page.getByText('10.0.8.3:8080 was denied.');
  await said.waitFor();
  await said.waitFor({ state: 'detached' });
});

/** Asks for the end of the session of the row with the focus, and confirms it. */
async function endByKeyboard(page: Page): Promise<void> {
  await page.keyboard.press('Delete');
  await page.getByRole('button', { name: 'End session', exact: true }).focus();
  await page.keyboard.press('Enter');
}

function hasFocus(page: Page, selector: string): Promise<void> {
  return isTrue(page, `document.activeElement?.matches(${JSON.stringify(selector)})`);
}

test('the focus goes to the next session when one was ended, and to the title after the last one', async (t) => {
  const agent = plant(3);
  const { page } = await show(t, agent);
  const rows = sessionRows(page);
  await rows.nth(3).waitFor();
  // The dialog closes before the page hears that the session is gone.
  await rows.nth(2).focus();
  await endByKeyboard(page);
  await rows.nth(3).waitFor({ state: 'detached' });
  await hasFocus(page, '[role=row][aria-rowindex="3"]');
  // The page hears it before the dialog closes.
  let release = (): void => undefined;
  agent.closing = new Promise((resolve) => (release = resolve));
  const second = await rows.nth(2).getAttribute('data-id');
  await endByKeyboard(page);
  await page.getByRole('button', { name: 'Ending …' }).waitFor();
  agent.list = agent.list.filter(({ id }) => id !== second);
  await rows.nth(2).waitFor({ state: 'detached' });
  release();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await hasFocus(page, '[role=row][aria-rowindex="2"]');
  await endByKeyboard(page);
  await page.getByText('Nobody is connected.').waitFor();
  await hasFocus(page, '#sessions-title');
});

test('the question whether to end a session stays until it is known what became of it', async (t) => {
  const agent = plant(3);
  const { page } = await show(t, agent);
  await sessionRows(page).nth(1).waitFor();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/api/sessions/*', async (route) => {
    await held;
    await route.fulfill({ status: 504, json: { error: 'still-closing', message: 'Not gone within 20 s.' } });
  });
  await sessionRows(page).nth(1).focus();
  await endByKeyboard(page);
  await page.getByRole('button', { name: 'Ending …' }).waitFor();
  // A browser lets a second Escape through what stopped the first one.
  for (let times = 0; times < 3; times += 1) await page.keyboard.press('Escape');
  await page.mouse.click(5, 5);
  assert.equal(
    await page.locator('dialog').evaluate((one) => (one as unknown as { open: boolean }).open),
    true,
  );
  release();
  await page.getByRole('alert').getByText('Not gone within 20 s.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});
