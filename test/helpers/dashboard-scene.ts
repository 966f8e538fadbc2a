import type { TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { openPage, startBrowser } from './browser.js';
import { at, LivelyAgent, plantOperations } from './lively-agent.js';

export interface Shown {
  readonly agent: LivelyAgent;
  readonly page: Page;
  /** Ends the agent's listener. */
  readonly stop: () => Promise<void>;
}

/** How the page is looked at, and with which admin token. */
export type Look = Parameters<typeof openPage>[3] & { readonly token?: string };

/** A plant as it is on a working day. */
export function plant(sessions: number): LivelyAgent {
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
  agent.reloads = [
    {
      ...{ at: at(-5_000_000), outcome: 'applied', changed: 1, sessionsEnded: 0, problems: [] },
      changes: [{ key: 'limits.sessions', from: '1000', to: '2000' }],
    },
  ];
  return agent;
}

/** The dashboard of `agent` in a browser. */
export async function show(t: TestContext, agent: LivelyAgent, look: Look = {}): Promise<Shown> {
  const { token, ...options } = look;
  const { url, server } = await agent.listen(token);
  t.after(() => server.stop());
  const page = await openPage(t, await startBrowser(t), url, {
    mayFail: /Failed to load resource/,
    ...options,
  });
  return { agent, page, stop: () => server.stop() };
}

/** The rows of the table of sessions, the headings first. */
export function sessionRows(page: Page): Locator {
  return page.getByRole('grid', { name: 'Sessions' }).getByRole('row');
}

/** A request that waits for approval. */
export const APPROVAL = {
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

/** Names as long as they come: an IPv6 address, a name of DNS, the longest IPv4 address. */
export const LONG_HOSTS = [
  'fd00:1234:5678:9abc:def0:1234:5678:9abc',
  'plc-very-long-name-of-the-filler-in-hall-3.packaging.plant-17.factory.example.com',
  '10.250.250.250',
];

/** A plant where everything has the longest name. */
export function longPlant(sessions: number): LivelyAgent {
  const agent = plant(sessions);
  const conduit = 'engineering-workstations-of-line-3-south';
  const host = (index: number): string => LONG_HOSTS[index % LONG_HOSTS.length] ?? '';
  const far = (index: number) => ({ host: host(index), port: 65_535, conduit, deviceId: '1234567890123456' });
  agent.list = agent.list.map((session, index) => ({ ...session, ...far(index) }));
  agent.waiting = LONG_HOSTS.map((_, index) => ({ ...APPROVAL, id: `a${index}`, ...far(index) }));
  agent.recent = agent.recent.map((operation, index) => ({ ...operation, ...far(index) }));
  const cloud = {
    url: 'https://tenant-with-a-long-name.eu-latest.cumulocity-industrial.example.com',
    state: 'disconnected',
    reason: 'connect ECONNREFUSED 10.0.0.1:443 (ECONNREFUSED)',
  } as const;
  agent.more = { device: 'gateway-of-the-packaging-hall-3-south-wing-pl-17', cloud };
  return agent;
}
