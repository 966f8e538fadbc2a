import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { plain } from '../../web/model/format.js';
import { accessibilityProblems, isTrue, picture, SCREENS } from '../helpers/browser.js';
import { APPROVAL, longPlant, plant, sessionRows, show } from '../helpers/dashboard-scene.js';
import { eventually } from '../helpers/eventually.js';
import { poll } from '../helpers/generations.js';
import { LivelyAgent } from '../helpers/lively-agent.js';

/** What the plots show, for the browser. */
const DRAWINGS = `[...document.querySelectorAll('.plot canvas')].map((canvas) => canvas.toDataURL())`;

/** Which of the elements of `selector` do not show all of their text. */
function cutOff(page: Page, selector: string): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})]
    .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ textContent }) => textContent)`);
}

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

test('with a thousand sessions that come and go the page stays small and answers; how long its frames take', async (t) => {
  const agent = plant(1_000);
  agent.churn = 20;
  const { page } = await show(t, agent, { viewport: SCREENS.panel });
  const rows = sessionRows(page);
  await rows.nth(1).waitFor();
  // Twelve messages come while the list is scrolled and sorted by what changes each second, and the plots move.
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
  const elements = await page.evaluate<number>(`document.querySelectorAll('*').length`);
  t.diagnostic(`${elements} elements`);
  assert.ok(agent.looks > 5, `${agent.looks} messages`);
  assert.ok((await rows.count()) < 80, 'only what is in sight is drawn');
  assert.ok(elements < 2_000, `${elements} elements`);
  await page.getByRole('button', { name: 'Target', exact: true }).click();
  await page.locator('.cell-target[aria-sort=ascending]').waitFor();
});

test('the plots of an open page move', async (t) => {
  const { page } = await show(t, plant(24));
  const throughput = page.getByRole('region', { name: 'Throughput' });
  await throughput.getByRole('img').waitFor();
  const drawn = await page.evaluate<string[]>(DRAWINGS);
  await isTrue(
    page,
    `((before) => ${DRAWINGS}.every((now, index) => now !== before[index]))
    (${JSON.stringify(drawn)})`,
  );
  assert.equal(drawn.length, 2);
});

test('a switch that is off says so, and why', async (t) => {
  const agent = plant(0);
  agent.more = { switch: { state: 'off', reason: 'The file /run/gatehouse/switch says "off".' } };
  const { page } = await show(t, agent);
  await page.getByText('Remote access is switched off on site.').waitFor();
  await page.getByText('says "off"').waitFor();
  await picture(page, 'switched-off');
});

for (const [screen, viewport] of Object.entries(SCREENS)) {
  test(`on a ${screen} the longest names fit, and no port is cut off`, async (t) => {
    const { page } = await show(t, longPlant(12), { viewport });
    await sessionRows(page).nth(3).waitFor();
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    assert.ok(width <= viewport.width, `the page is ${width} pixels wide`);
    assert.deepEqual(await cutOff(page, 'main .card, .approvals li, .card-head, .links li > span'), []);
    // What is cut off is the name before it, and an address that fits is not.
    const ports = await page.evaluate<string[]>(`[...document.querySelectorAll('.grid-body .cell-target')]
      .filter((cell) => cell.lastElementChild.getBoundingClientRect().right > cell.getBoundingClientRect().right + 0.5)
      .map(({ textContent }) => textContent)`);
    assert.deepEqual(ports, []);
    const shortened = await cutOff(page, '.grid-body .cell-target .host');
    assert.ok(!shortened.includes('10.250.250.250'), 'an IPv4 address with the longest port fits');
    const states = await page
      .locator('.links li > span:nth-child(2)')
      .evaluateAll((all) =>
        all.map(
          (one) => (one as unknown as { getClientRects(): { length: number } }).getClientRects().length,
        ),
      );
    assert.ok(
      states.every((lines) => lines === 1),
      'a state is one word',
    );
    await page.evaluate('scrollTo(0, 0)');
    await picture(page, `long-names-${screen}`);
  });

  test(`on a ${screen} the heads of the plots keep their height, whatever the numbers are`, async (t) => {
    const { page } = await show(t, plant(24), { viewport });
    const heads = page.locator('.plot .card-head');
    await heads.first().waitFor();
    const heights = `[...document.querySelectorAll('.plot .card-head')].map(({ offsetHeight }) => offsetHeight)`;
    const before = await page.evaluate<number[]>(heights);
    for (const text of ['0 B/s', '99.9 MiB/s']) {
      await page.evaluate(
        `for (const one of document.querySelectorAll('.reading strong')) one.textContent = '${text}'`,
      );
      assert.deepEqual(await page.evaluate<number[]>(heights), before);
      assert.deepEqual(await cutOff(page, '.plot .card-head'), []);
    }
  });
}

test('on a phone the conduit is read in full, sessions can be sorted both ways, a touched plot says of when it is', async (t) => {
  const { page } = await show(t, plant(24), { viewport: SCREENS.phone, hasTouch: true });
  const rows = sessionRows(page);
  await rows.nth(3).waitFor();
  assert.deepEqual(await cutOff(page, '.grid-body .cell-conduit, .grid-body .cell-target .host'), []);
  await page.getByLabel('Sort by').selectOption('target');
  await page.getByRole('button', { name: 'Ascending; sort descending' }).click();
  await page.locator('.cell-target[aria-sort=descending]').waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Descending; sort ascending' }).click();
  await page.locator('.cell-target[aria-sort=ascending]').waitFor({ state: 'attached' });
  const plot = page.getByRole('region', { name: 'Throughput' });
  // A browser that is busy makes no mouse of a finger; whoever has it in hand taps again.
  await poll(async () => {
    await plot.getByRole('img').tap();
    return (await plot.getByText(/\d s ago$/).isVisible()) || undefined;
  }, 'the reading of a moment');
});

for (const screen of ['panel', 'phone'] as const) {
  test(`what a finger has to hit on a ${screen} is 40 pixels high, and rows are as high as their places`, async (t) => {
    const agent = plant(24);
    agent.waiting = [APPROVAL];
    const { page } = await show(t, agent, { viewport: SCREENS[screen], hasTouch: true });
    await sessionRows(page).nth(3).waitFor();
    const small = await page.evaluate<string[]>(`[...document.querySelectorAll('button, input, select')]
      .map((one) => [one, one.getBoundingClientRect()])
      .filter(([one, { width, height }]) => one.checkVisibility() && !one.closest('.grid-head') && (width < 40 || height < 40))
      .map(([one, { width, height }]) => one.outerHTML + width + ' ' + height)`);
    assert.deepEqual(small, []);
    if (screen === 'panel') {
      const headings = await page
        .locator('.grid-head .heading')
        .evaluateAll((all) => all.map((one) => (one as unknown as { offsetHeight: number }).offsetHeight));
      assert.ok(headings.every((height) => height >= 40));
    }
    const places = [
      await sessionRows(page).nth(1).boundingBox(),
      await sessionRows(page).nth(2).boundingBox(),
    ];
    const [first, second] = places.map((box) => box ?? { y: 0, height: 0 });
    assert.equal(first?.height, (second?.y ?? 0) - (first?.y ?? 0));
    await picture(page, `touch-${screen}`);
  });
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`what is left of an agent that is away can be read, ${colorScheme}`, async (t) => {
    const agent = plant(24);
    agent.waiting = [APPROVAL];
    const { page, stop } = await show(t, agent, { colorScheme });
    await sessionRows(page).nth(1).waitFor();
    await stop();
    await page.getByText('Reconnecting').waitFor();
    const notice = page.locator('.notice-warn');
    assert.match(
      (await notice.textContent()) ?? '',
      /^The agent .*\. What you see is of .* It tries again by itself\.$/,
    );
    assert.deepEqual(await accessibilityProblems(page), []);
    const faint =
      await page.evaluate<number>(`[...document.querySelectorAll('main *:not([aria-disabled=true])')]
      .filter((one) => Number(getComputedStyle(one).opacity) < 1).length`);
    assert.equal(faint, 0);
    await picture(page, `away-${colorScheme}`);
  });
}

test('what is out of the ordinary is told in whole sentences', async (t) => {
  const agent = longPlant(3);
  const at = new Date().toISOString();
  const problems = [
    'limits.sessions: Too small: expected number to be >=1',
    'conduits[1].host: is no network',
  ];
  agent.more = {
    ...agent.more,
    switch: { state: 'off', reason: 'The file says off' },
    reload: { at, outcome: 'refused', changes: [], changed: 0, sessionsEnded: 0, problems },
  };
  const { page } = await show(t, agent);
  await page.getByText('(ECONNREFUSED). Nobody can open a session').waitFor();
  await page.getByText('The file says off. No session can be opened').waitFor();
  await page.getByText('to be >=1. And 1 more. gatehouse check shows').waitFor();
});

for (const screen of ['panel', 'phone'] as const) {
  test(`on a ${screen} nothing that is gone to lies under the bar`, async (t) => {
    const agent = plant(24);
    const [operation] = agent.recent;
    assert.ok(operation !== undefined);
    agent.recent = Array.from({ length: 200 }, (_, index) => ({ ...operation, operationId: String(index) }));
    const { page } = await show(t, agent, { viewport: SCREENS[screen] });
    await sessionRows(page).nth(1).waitFor();
    const isInSight = (id: string): Promise<void> =>
      isTrue(
        page,
        `(() => {
          const { top, bottom } = document.getElementById('${id}').getBoundingClientRect();
          return top >= document.querySelector('.bar').getBoundingClientRect().bottom && bottom <= innerHeight;
        })()`,
      );
    await page.getByRole('link', { name: 'Skip to the sessions' }).focus();
    await page.keyboard.press('Enter');
    await isInSight('sessions-title');
    await page
      .getByRole('region', { name: 'Refused or failed, by code' })
      .getByRole('button')
      .first()
      .click();
    await page.getByText('None among the last 200.').waitFor();
    await isInSight('operations-title');
  });
}

test('workers are in the order of their numbers, and one has the same name everywhere', async (t) => {
  const agent = plant(8);
  const { workers } = agent.status();
  agent.more = { workers: workers.toReversed() };
  const { page } = await show(t, agent);
  const names = page.getByRole('region', { name: 'Workers', exact: true }).getByRole('rowheader');
  await names.nth(4).waitFor();
  assert.deepEqual(await names.allTextContents(), ['main', '1', '2', '3', '4']);
  const row = sessionRows(page).filter({ hasText: 'open' }).first();
  const inTable = await row.locator('.cell-worker').textContent();
  await row.click();
  const fact = page.getByRole('dialog').locator('.facts > div', { hasText: 'Worker' });
  assert.equal(await fact.textContent(), `Worker${inTable ?? ''}`);
});

test('the lines between the sessions go from one edge of the card to the other', async (t) => {
  const { page } = await show(t, plant(3), { viewport: SCREENS.panel });
  await sessionRows(page).nth(1).waitFor();
  const [card, row] = [
    await page.locator('.card.sessions').boundingBox(),
    await sessionRows(page).nth(1).boundingBox(),
  ];
  // The card has a border on each side.
  assert.equal(row?.width, (card?.width ?? 0) - 2);
});

test('a request that waits for approval is so among the operations', async (t) => {
  const agent = plant(3);
  const [operation] = agent.recent;
  assert.ok(operation !== undefined);
  agent.recent = [{ ...operation, operationId: '40199', outcome: 'waiting', endedAt: null }, ...agent.recent];
  const { page } = await show(t, agent);
  const first = page.getByRole('list', { name: 'Operations' }).getByRole('listitem').first();
  await first.getByText('waiting for approval on site').waitFor();
});
