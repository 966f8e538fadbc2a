import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import type { AgentProcess } from '../helpers/agent-process.js';
import { startAgent, startTarget, echoes } from '../helpers/agent-scene.js';
import { openPage, picture, SCREENS, startBrowser } from '../helpers/browser.js';
import { Command } from '../helpers/command.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';

/** A request of the cloud, as a person's click makes it. */
function request(agent: AgentProcess, hostname: string, port: number): void {
  const fragment = { hostname, port, connectionKey: randomUUID() };
  agent.cloud.createOperation(agent.device.id, { c8y_RemoteAccessConnect: fragment });
}

test('a person finds a session, ends it and sees it go', async (t) => {
  const agent = await startAgent(t);
  const targets = [await startTarget(t), await startTarget(t), await startTarget(t)];
  const tunnels: Tunnel[] = [];
  for (const target of targets) tunnels.push(await agent.open(target));
  const page = await openPage(t, await startBrowser(t), agent.adminUrl);
  const rows = page.getByRole('grid', { name: 'Sessions' }).getByRole('row');
  await rows.nth(3).waitFor();
  assert.equal(await rows.count(), 4, 'the headings and three sessions');

  const name = `127.0.0.1:${targets[1]?.port ?? 0}`;
  await page.getByRole('searchbox', { name: 'Search sessions' }).fill(`${targets[1]?.port ?? 0} loopback`);
  await rows.nth(2).waitFor({ state: 'detached' });
  assert.match((await rows.nth(1).textContent()) ?? '', new RegExp(name));

  await page.getByRole('button', { name: `End the session to ${name}` }).click();
  const dialog = page.getByRole('dialog', { name: `End the session to ${name}?` });
  await dialog.getByRole('button', { name: 'Keep it open' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(tunnels[1]?.ending, undefined, 'nothing is ended by asking');

  await page.getByRole('button', { name: `End the session to ${name}` }).click();
  await picture(page, 'ending-a-session');
  tunnels[1]?.resume();
  await dialog.getByRole('button', { name: 'End session' }).click();
  await page.getByText('No session matches').waitFor();
  await page.getByText(`The session to ${name} was ended.`).waitFor();
  assert.equal((await eventually(() => tunnels[1]?.ending, 'the end of the tunnel')).detail, 'admin');
  await page.getByRole('list', { name: 'Operations' }).getByText('admin (an operator closed it)').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await rows.nth(2).waitFor();
  assert.equal(await rows.count(), 3);
  await picture(page, 'session-ended');
});

test('a refusal is seen with its code and its reason, and hostile names are only text', async (t) => {
  const conduits = [{ name: 'line-3', host: '127.0.0.1', ports: [1] }];
  const agent = await startAgent(t, { sections: { conduits } });
  const page = await openPage(t, await startBrowser(t), agent.adminUrl);
  await page.getByText('Nothing was asked of this gateway yet.').waitFor();
  request(agent, '127.0.0.1', 23);
  const operations = page.getByRole('list', { name: 'Operations' });
  await operations.getByText('127.0.0.1:23', { exact: true }).waitFor();
  await operations.getByText('policy-denied').waitFor();
  await operations.getByText(/line-3/).waitFor();

  request(agent, '<script>', 5_900);
  await operations.getByText('invalid-operation').waitFor();
  request(agent, '127.0.0.1', 1);
  await operations.getByText('target-refused').waitFor();
  await operations.getByText('through line-3').waitFor();
  assert.equal(await page.locator('#app script').count(), 0);

  const codes = page.getByRole('region', { name: 'Refused or failed, by code' });
  await codes.getByRole('button', { name: /policy-denied/ }).click();
  await operations.getByText('invalid-operation').waitFor({ state: 'detached' });
  assert.equal(await operations.getByRole('listitem').count(), 1);
  await picture(page, 'refusals');
});

test('the page comes back by itself when the agent was restarted', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  await agent.open(target);
  const page = await openPage(t, await startBrowser(t), agent.adminUrl);
  const rows = page.getByRole('grid', { name: 'Sessions' }).getByRole('row');
  await rows.nth(1).waitFor();

  const before = await agent.status();
  agent.command.kill('SIGTERM');
  await page.getByText('Reconnecting').waitFor();
  await page.getByText('It tries again by itself.').waitFor();
  await picture(page, 'agent-away');
  await eventually(() => agent.command.hasEnded || undefined, 'the end of the agent');
  const { host } = new URL(agent.adminUrl);
  const second = new Command(['run'], { cwd: agent.folder, env: { GATEHOUSE_ADMIN_LISTEN: host } });
  t.after(() => second.discard());
  await page.getByText('Live', { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText('Nobody is connected.').waitFor();
  assert.notEqual((await agent.status()).pid, before.pid);
  await agent.ready();
  await echoes(await agent.open(target), 'again');
  await rows.nth(1).waitFor();
});

test('a reload keeps the page, the history and the operations of the generation before', async (t) => {
  const agent = await startAgent(t);
  const target = await startTarget(t);
  const old = await agent.open(target);
  await echoes(old, 'old');
  request(agent, '10.0.0.1', 23);
  const page = await openPage(t, await startBrowser(t), agent.adminUrl);
  const grid = page.getByRole('grid', { name: 'Sessions' });
  await grid.getByRole('row').nth(1).waitFor();
  agent.configure({ limits: { sessions: 321 } });
  const { since } = await gen.reload(agent);
  await page.getByText('The configuration was reloaded.').waitFor();
  const reloads = page.getByRole('list', { name: 'Reloads of the configuration, newest first' });
  await reloads.getByText('limits.sessions').waitFor();
  agent.configure({ limits: { sessions: -1 } });
  agent.command.kill('SIGHUP');
  await page.getByText('The last reload was refused').waitFor();
  await picture(page, 'refused-reload');
  agent.configure({});
  await page.getByText('Live', { exact: true }).waitFor();
  await echoes(await agent.open(target), 'fresh');
  await grid.getByRole('row').nth(2).waitFor();
  // The refusal that the generation before told of, and what it tells of its session now.
  const operations = page.getByRole('list', { name: 'Operations' });
  await operations.getByText('policy-denied').waitFor();
  old.resume();
  await old.close();
  await operations.getByText('cloud-close').waitFor();
  await page.getByText('The configuration was reloaded.').waitFor({ state: 'detached' });
  const first = await firstSample(agent.adminUrl);
  assert.ok(first < Date.parse(since ?? ''), 'samples from before the generation in charge');
  await picture(page, 'after-a-reload');
});

/** Time of the oldest sample that a new page is told, in ms. */
async function firstSample(adminUrl: string): Promise<number> {
  const end = new AbortController();
  const answer = await fetch(`${adminUrl}/api/events`, { signal: end.signal });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes('\n\n')) break;
  }
  end.abort();
  const [, json = ''] = /^data: (.*)$/m.exec(text) ?? [];
  const { samples } = JSON.parse(json) as { samples: { atMs: number }[] };
  return samples[0]?.atMs ?? NaN;
}

test('an agent with a token asks for it once, and the page keeps it to itself', async (t) => {
  const token = 'a-token-of-some-length';
  const agent = await startAgent(t, {
    sections: { admin: { listen: '127.0.0.1:0', token } },
    waitForLink: false,
  });
  const browser = await startBrowser(t);
  const page = await openPage(t, browser, agent.adminUrl, {
    mayFail: /Failed to load resource/,
    viewport: SCREENS.phone,
  });
  const field = page.getByLabel('Admin token');
  await field.fill('wrong');
  await field.press('Enter');
  await page.getByRole('alert').getByText('The gateway did not take it.').waitFor();
  await picture(page, 'token-refused');
  await field.fill(token);
  await field.press('Enter');
  await page.getByText('Nobody is connected.').waitFor();
  await page.reload();
  await page.getByText('Nobody is connected.').waitFor();
  assert.equal(await page.evaluate('document.cookie + JSON.stringify(localStorage)'), '{}');
  assert.ok(!page.url().includes(token));
});
