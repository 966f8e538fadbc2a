import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { accessibilityProblems, openPage, picture, SCREENS, startBrowser } from '../helpers/browser.js';
import { plain } from '../../web/model/format.js';
import { eventually } from '../helpers/eventually.js';
import { at, LivelyAgent, plantOperations } from '../helpers/lively-agent.js';

interface Shown {
  readonly agent: LivelyAgent;
  readonly page: Page;
}

type Look = Parameters<typeof openPage>[3] & { readonly sessions?: number; readonly token?: string };

/** A plant as it is on a working day. */
function plant(sessions: number): LivelyAgent {
  const agent = new LivelyAgent(sessions);
  agent.recent = plantOperations();
  agent.refusals = [
    { code: 'policy-denied', count: 14, lastAt: at(-95_000) },
    { code: 'target-refused', count: 3, lastAt: at(-199_000) },
  ];
  agent.links = [
    { at: at(-7_200_000), state: 'connected' },
    { at: at(-1_500_000), state: 'disconnected', reason: 'no route to plant.example.com' },
    { at: at(-1_440_000), state: 'connected' },
  ];
  return agent;
}

async function show(t: TestContext, agent: LivelyAgent, look: Look = {}): Promise<Shown> {
  const { token, ...options } = look;
  const { url, server } = await agent.listen(token);
  t.after(() => server.stop());
  const page = await openPage(t, await startBrowser(t), url, {
    mayFail: /Failed to load resource/,
    ...options,
  });
  return { agent, page };
}

function sessionRows(page: Page) {
  return page.getByRole('grid', { name: 'Sessions' }).getByRole('row');
}

const APPROVAL = {
  id: '3fa94c01d2',
  sessionId: '3fa94c01d2',
  operationId: '40125',
  deviceId: '1207',
  conduit: 'boiler-house',
  host: '10.0.8.3',
  port: 8080,
  askedAt: at(-28_000),
  expiresAt: at(272_000),
};

for (const [screen, viewport] of Object.entries(SCREENS)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const sessions of [0, 24, 1_000]) {
      test(`${sessions} sessions on a ${screen}, ${colorScheme}: nothing is cut off, axe-core finds nothing`, async (t) => {
        const agent = sessions === 0 ? new LivelyAgent(0) : plant(sessions);
        if (sessions === 24) agent.waiting = [APPROVAL];
        if (sessions === 0) {
          const reason = 'The name plant.example.com has no address.';
          agent.more = { cloud: { url: 'https://plant.example.com', state: 'disconnected', reason } };
        }
        const { page } = await show(t, agent, { viewport, colorScheme });
        await page.getByRole('heading', { name: 'Sessions' }).waitFor();
        if (sessions > 0)
          await page.locator('.grid-body .cell-uplinkRate', { hasText: '/s' }).first().waitFor();
        await picture(page, `${sessions}-sessions-${screen}-${colorScheme}`);
        assert.deepEqual(await accessibilityProblems(page), []);
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        assert.ok(width <= viewport.width, `the page is ${width} pixels wide`);
      });
    }
  }
}

test('the dialog about a session is fit for everybody, too', async (t) => {
  const { page } = await show(t, plant(24), { viewport: SCREENS.phone });
  await sessionRows(page).nth(2).click();
  await page.getByRole('dialog').getByText('Operation', { exact: true }).waitFor();
  assert.deepEqual(await accessibilityProblems(page), []);
  await picture(page, 'session-dialog-phone');
  await page.getByRole('button', { name: 'End session …' }).click();
  await page.getByRole('dialog', { name: /^End the session to .*\?$/ }).waitFor();
  assert.deepEqual(await accessibilityProblems(page), []);
});

test('the form for the token is fit for everybody, too', async (t) => {
  const { page } = await show(t, plant(1), { token: 'a-token-of-some-length' });
  await page.getByLabel('Admin token').waitFor();
  assert.deepEqual(await accessibilityProblems(page), []);
  await picture(page, 'token-form');
});

test('whatever a session is called, it is shown as text', async (t) => {
  const agent = plant(4);
  const names = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '\u202e0.0.0.1', '&lt;b&gt;'];
  agent.list = agent.list.map((session, index) => ({
    ...session,
    host: names[index] ?? '',
    conduit: names[index] ?? '',
  }));
  const { page } = await show(t, agent);
  const grid = page.getByRole('grid', { name: 'Sessions' });
  for (const name of names) await grid.getByText(plain(name), { exact: true }).first().waitFor();
  assert.equal(await page.locator('#app script, .grid img').count(), 0);
  await picture(page, 'hostile-names');
});

test('the keyboard moves through the sessions, opens one and ends one', async (t) => {
  const agent = plant(1_000);
  const { page } = await show(t, agent, { viewport: SCREENS.panel });
  const search = page.getByRole('searchbox', { name: 'Search sessions' });
  await search.focus();
  await sessionRows(page).nth(1).waitFor();
  // Past the eleven headings to the one row that is in the order of Tab.
  const isRow = `document.activeElement?.getAttribute('role') === 'row'`;
  for (let presses = 0; presses < 15 && !(await page.evaluate<boolean>(isRow)); presses += 1)
    await page.keyboard.press('Tab');
  const reaches = (index: number): Promise<void> =>
    page.locator(`[role=row][aria-rowindex="${index}"]:focus`).waitFor();
  await reaches(2);
  await page.keyboard.press('ArrowDown');
  await reaches(3);
  await page.keyboard.press('End');
  await reaches(1_001);
  await page.keyboard.press('Home');
  await reaches(2);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: /^Session to / }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await reaches(2);
  await page.keyboard.press('Delete');
  await page.getByRole('button', { name: 'End session' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await eventually(() => agent.list.length === 999 || undefined, 'one session less');
});

test('a thousand sessions can be sorted, searched and scrolled through to the last one', async (t) => {
  const { page } = await show(t, plant(1_000));
  const rows = sessionRows(page);
  await rows.nth(1).waitFor();
  assert.ok((await rows.count()) < 80, 'only what is in sight is drawn');
  await page.getByRole('button', { name: 'Target', exact: true }).click();
  await page.locator('.cell-target[aria-sort=ascending]').waitFor();
  assert.match((await rows.nth(1).textContent()) ?? '', /^10\.0\.5\.1:5900/);
  await page.evaluate(`document.querySelector('.grid-body').scrollTop = 1e6`);
  await page.locator('[role=row][aria-rowindex="1001"]').waitFor();
  assert.ok((await rows.count()) < 80);
  await page.getByRole('searchbox').fill('line-3-plcs 10.0.6.2');
  await page
    .getByRole('status')
    .getByText(/^\d+ of 1,000/)
    .waitFor();
});

test('a thousand sessions leave the page smooth: how long its frames take', async (t) => {
  const { page } = await show(t, plant(1_000), { viewport: SCREENS.panel });
  await sessionRows(page).nth(1).waitFor();
  // Twelve messages come while the list is scrolled and sorted by what changes each second.
  await page.getByRole('button', { name: /^Up.s / }).click();
  const { frames, tasks } = await page.evaluate<{
    frames: number[];
    tasks: number[];
  }>(`new Promise((resolve) => {
    const tasks = [], frames = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ entryTypes: ['longtask'] });
    const body = document.querySelector('.grid-body');
    const began = performance.now();
    let last = began;
    const frame = (now) => {
      frames.push(now - last);
      last = now;
      body.scrollTop = (body.scrollTop + 40) % (body.scrollHeight - body.clientHeight);
      if (now - began < 12_000) requestAnimationFrame(frame);
      else resolve({ frames, tasks });
    };
    requestAnimationFrame(frame);
  })`);
  const sorted = [...frames].sort((a, b) => a - b);
  const part = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  const longest = tasks.length === 0 ? 'none' : tasks.map((ms) => `${Math.round(ms)} ms`).join(', ');
  // For people to read: how long frames take is the machine's affair as well.
  t.diagnostic(
    `${frames.length} frames: median ${part(0.5)} ms, 99 % below ${part(0.99)} ms, longest ${part(1)} ms`,
  );
  t.diagnostic(
    `load of the machine: ${loadavg()
      .map((one) => one.toFixed(1))
      .join(', ')}`,
  );
  t.diagnostic(`tasks of more than 50 ms: ${longest}`);
  assert.ok(frames.length > 0);
});

test('who is on site approves or denies with one click, under a name', async (t) => {
  const agent = plant(3);
  agent.waiting = [APPROVAL, { ...APPROVAL, id: '4fa94c01d2', host: '10.0.8.4' }];
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

test('a switch that is off says so, and why', async (t) => {
  const agent = plant(0);
  agent.more = { switch: { state: 'off', reason: 'The file /run/gatehouse/switch says "off".' } };
  const { page } = await show(t, agent);
  await page.getByText('Remote access is switched off on site.').waitFor();
  await page.getByText('says "off"').waitFor();
  await picture(page, 'switched-off');
});
