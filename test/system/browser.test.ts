import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import { test, type TestContext } from 'node:test';
import type { RelaySummary } from '../../src/cli/connect/relay.js';
import { LocalPort } from '../../src/cli/connect/local-port.js';
import { eventually } from '../helpers/eventually.js';
import { SeededBytes, SeededCheck } from '../helpers/seeded-bytes.js';
import { World } from '../helpers/world.js';

/** What an HMI's page with its pictures makes of a browser, several tabs at once. */
const CONNECTIONS = 30;

/** Requests one after the other on each connection that is kept. */
const PAGES_PER_CONNECTION = 5;

/** Longest time for one page, in ms. */
const LIMIT_MS = 30_000;

/** Sizes in bytes; empty ones, odd ones and ones beyond every buffer. */
const SIZES = [0, 1, 1_460, 20_000, 65_537, 300_000, 1_048_577];

/** Each page has its own bytes, half of them with a length, half in chunks. */
function servePages(): Server {
  return createServer((request, response) => {
    const n = Number(/^\/page\/(\d+)$/.exec(request.url ?? '')?.[1]);
    const page = new SeededBytes(`page ${n}`).next(sizeOf(n));
    response.setHeader('Content-Type', 'application/octet-stream');
    if (n % 2 === 0) return void response.end(page);
    for (let at = 0; at < page.length; at += 10_000) response.write(page.subarray(at, at + 10_000));
    response.end();
  });
}

function sizeOf(n: number): number {
  return SIZES[n % SIZES.length] ?? 0;
}

interface Browsing {
  readonly world: World;
  readonly port: number;
  /** Connections that have ended. */
  readonly ended: RelaySummary[];
}

async function start(t: TestContext): Promise<Browsing> {
  const server = servePages().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  const world = await World.start({ workers: 2 });
  t.after(() => world.stop());
  const endpoint = world.endpoint({
    port: typeof address === 'object' && address !== null ? address.port : 0,
  });
  const ended: RelaySummary[] = [];
  const local = new LocalPort({
    port: 0,
    once: false,
    open: (signal) => world.operator.openTunnel(world.device.id, endpoint, signal),
    onEnded: (outcome) => {
      if (outcome instanceof Error) throw outcome;
      ended.push(outcome);
    },
  });
  const port = await local.listen();
  t.after(async () => {
    local.stop();
    await local.ended();
  });
  return { world, port, ended };
}

/** Fetches one page and compares every byte of it. */
async function assertPage(port: number, n: number, agent: Agent): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const request = get({ host: '127.0.0.1', port, path: `/page/${n}`, agent, signal });
  const [response] = (await once(request, 'response', { signal })) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  const check = new SeededCheck(`page ${n}`);
  for await (const chunk of response) check.take(chunk as Buffer);
  assert.ok(response.complete, `page ${n} was cut off`);
  assert.equal(check.wrongAt, undefined, `a wrong byte in page ${n}`);
  assert.equal(check.bytes, sizeOf(n), `page ${n}`);
}

async function assertStatuses(world: World, count: number): Promise<void> {
  for (const { id } of world.operations())
    assert.equal((await world.finalOperation(id)).status, 'SUCCESSFUL');
  assert.equal(world.operations().length, count);
}

test('thirty connections of a browser that keeps them get every page whole', async (t) => {
  const { world, port } = await start(t);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  t.after(() => agent.destroy());
  const pages = Array.from({ length: CONNECTIONS * PAGES_PER_CONNECTION }, (_, n) => n);
  await Promise.all(pages.map((n) => assertPage(port, n, agent)));
  await assertStatuses(world, CONNECTIONS);
});

test('thirty connections of a browser that closes each of them get every page whole', async (t) => {
  const { world, port, ended } = await start(t);
  // Without keep-alive Node asks for `Connection: close`, and the server ends each connection.
  const agent = new Agent({ keepAlive: false });
  const pages = Array.from({ length: CONNECTIONS }, (_, n) => n);
  await Promise.all(pages.map((n) => assertPage(port, n, agent)));
  await assertStatuses(world, CONNECTIONS);
  await world.idle();
  await eventually(() => ended.length === CONNECTIONS || undefined, 'thirty local connections to end');
  const uplinkBytes = ended.reduce((sum, outcome) => sum + outcome.uplinkBytes, 0);
  const pageBytes = pages.reduce((sum, n) => sum + sizeOf(n), 0);
  assert.ok(uplinkBytes >= pageBytes, `${uplinkBytes} bytes of ${pageBytes}`);
});
