import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AgentProcess } from './helpers/agent-process.js';
import { eventually } from './helpers/eventually.js';
import * as gen from './helpers/generations.js';
import { Installations } from './helpers/installation.js';
import { Ledger } from './helpers/ledger.js';
import { PlantTarget } from './helpers/plant.js';

/*
 * Upgrades in a row under load: `node dist/test/upgrades.js --upgrades 100 --rate 50 --tunnels 1000`. Two versions are
 * installed in turn; operations come in all the time, and tunnels opened before the first upgrade carry streams that
 * are compared byte by byte. Beyond eight generations the oldest one has to end, so every seventh upgrade the tunnels
 * are compared, closed by their own ends and opened anew. Exits with 0 when nothing was lost, doubled or cut.
 */
const { values } = parseArgs({
  options: {
    upgrades: { type: 'string', default: '5' },
    rate: { type: 'string', default: '50' },
    tunnels: { type: 'string', default: '50' },
  },
});
const [upgrades, rate, tunnels] = [values.upgrades, values.rate, values.tunnels].map((text) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1_000)
    throw new Error(`${text} is not from 1 to 1000`);
  return value;
}) as [number, number, number];

/** Generations that may be alive without the oldest being told to end. */
const GENERATIONS = 8;

/** Longest time from the last operation to its final status, in ms. */
const SETTLE_MS = 60_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-upgrades-'));
const installations = new Installations(folder, ['1.0.0', '2.0.0']);
const agent = await AgentProcess.start({
  main: installations.main,
  sections: { limits: { sessionsPerTarget: 10_000 } },
});
const [echo, plant] = [await PlantTarget.listen(), await PlantTarget.listen()];
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await agent.stop();
  for (const target of [echo, plant]) target.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function run(): Promise<boolean> {
  const ledger = new Ledger(agent.cloud.platform);
  let streams = await openStreams();
  let wrong = 0;
  let opened = streams.length;
  let operations = 0;
  const endpoint = agent.endpoint(plant);
  const timer = setInterval(() => {
    operations += 1;
    agent.operator.openTunnel(agent.device.id, endpoint).then(
      (tunnel) => {
        tunnel.on('error', () => undefined);
        // Not before it is through: who closes earlier takes the key back.
        tunnel.once('data', () => void tunnel.close());
        tunnel.write('x');
      },
      () => undefined,
    );
  }, 1_000 / rate);
  for (let round = 1; round <= upgrades; round += 1) {
    // A tunnel outlives seven upgrades; then it is compared, closed by its own end, and opened anew.
    if (round % (GENERATIONS - 1) === 0) {
      wrong += await verdicts(streams);
      streams = await openStreams();
      opened += streams.length;
      await gen.poll(
        async () => ((await gen.generations(agent)).length <= 2 ? true : undefined),
        'the end of the elders',
      );
    }
    const version = round % 2 === 1 ? '2.0.0' : '1.0.0';
    installations.install(version);
    await gen.reload(agent);
    say(`upgrade ${round} to ${version}: gap ${gen.gaps(agent).at(-1) ?? 0} ms, ${operations} operations`);
  }
  clearInterval(timer);
  const all = (): number => agent.operations().length;
  await eventually(() => ledger.finished === all() || undefined, 'all final statuses', SETTLE_MS);
  wrong += await verdicts(streams);
  ledger.assertOneFinalStatusEach();
  const failures = agent.operations().flatMap(({ id, status, failureReason = '' }) => {
    if (status === 'FAILED') say(`operation ${id}: ${failureReason}`);
    return status === 'FAILED' ? [id] : [];
  });
  const failed = failures.length;
  const lost = operations + opened - all();
  // One that fails may have reached its target before.
  const doubled = Math.max(0, plant.connections.length + echo.connections.length - all());
  const longest = Math.max(...gen.gaps(agent));
  say(
    `${upgrades} upgrades, ${operations} operations at ${rate}/s: ${lost} lost, ${failed} failed, ${doubled} doubled; ` +
      `${opened} live tunnels: ${wrong} cut or wrong; longest gap of the control connection ${longest} ms`,
  );
  return lost === 0 && failed === 0 && doubled === 0 && wrong === 0;
}

async function openStreams(): Promise<gen.SteadyStream[]> {
  const endpoint = agent.endpoint(echo);
  const opened: gen.SteadyStream[] = [];
  for (let index = 0; index < tunnels; index += 1) {
    const tunnel = await agent.operator.openTunnel(agent.device.id, endpoint);
    opened.push(new gen.SteadyStream(tunnel, `live ${index}`, 100));
  }
  return opened;
}

/** How many were cut or carried a wrong byte; closes all of them. */
async function verdicts(streams: readonly gen.SteadyStream[]): Promise<number> {
  let wrong = 0;
  for (const stream of streams) {
    const verdict = await stream.verdict();
    if (verdict !== undefined) {
      wrong += 1;
      say(`a tunnel ${verdict}`);
    }
    await stream.tunnel.close();
  }
  return wrong;
}
