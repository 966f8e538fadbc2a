import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusView } from '../../src/admin/backend.js';
import type { Tunnel } from '../../src/cli/connect/tunnel.js';
import { echoes, startAgent, startTarget } from '../helpers/agent-scene.js';
import { eventually } from '../helpers/eventually.js';
import * as gen from '../helpers/generations.js';

/** A window that is closed now, whatever the hour. */
function closedNow(): string {
  const inTwoHours = new Date(Date.now() + 7_200_000).toISOString().slice(11, 16);
  const inThreeHours = new Date(Date.now() + 10_800_000).toISOString().slice(11, 16);
  return `daily ${inTwoHours}-${inThreeHours}`;
}

test('a reload says what it changes, ends the sessions that no longer comply, and counts them by conduit', async (t) => {
  const [hmi, plc, kept] = [await startTarget(t), await startTarget(t), await startTarget(t)];
  const conduit = (name: string, port: number, more: object = {}): object => ({
    name,
    host: '127.0.0.1',
    ports: [port],
    ...more,
  });
  const agent = await startAgent(t, {
    sections: {
      conduits: [conduit('hmi', hmi.port), conduit('plc', plc.port), conduit('kept', kept.port)],
      limits: { sessions: 100 },
    },
  });
  const ending = [await agent.open(hmi), await agent.open(plc), await agent.open(plc)];
  const stays = await agent.open(kept);
  for (const [index, tunnel] of [...ending, stays].entries()) await echoes(tunnel, `tunnel ${index}`);
  for (const tunnel of ending) tunnel.on('error', () => undefined).resume();

  agent.configure({
    conduits: [
      conduit('hmi', hmi.port, { window: closedNow(), timeZone: 'UTC' }),
      conduit('plc', plc.port, { exclusive: true }),
      conduit('kept', kept.port, { maxSessions: 7 }),
      conduit('new', 9),
    ],
    limits: { sessions: 200 },
  });
  await gen.reload(agent);
  await agent.logged('configuration reloaded', { changed: 6, sessionsEnded: 2 });
  const { reload } = await gen.poll(async () => {
    const status = await gen.ask<StatusView>(agent, '/api/status');
    return status?.reload === null ? undefined : status;
  }, 'the reload in the status');
  assert.deepEqual([reload?.outcome, reload?.changed, reload?.sessionsEnded], ['applied', 6, 2]);
  assert.deepEqual(reload?.changes[0], { key: 'limits.sessions', from: '100', to: '200' });
  const changes = agent.log().filter(({ msg }) => msg === 'configuration changed');
  const told = changes.map(
    ({ key, from, to, at }) => `${String(key)}: ${String(from)} -> ${String(to)} @${String(at)}`,
  );
  assert.match(told.join('\n'), /^limits\.sessions: 100 -> 200 @undefined$/m);
  assert.match(
    told.join('\n'),
    /^conduits\[hmi\]\.window: \(none\) -> daily \d\d:\d\d-\d\d:\d\d @gatehouse\.yaml:\d+$/m,
  );
  assert.match(told.join('\n'), /^conduits\[plc\]\.exclusive: \(none\) -> true @gatehouse\.yaml:\d+$/m);
  assert.match(told.join('\n'), /^conduits\[new\]: \(none\) -> 127\.0\.0\.1:9 @gatehouse\.yaml:\d+$/m);
  const ended = agent
    .log()
    .filter(({ msg }) => msg === 'sessions end that the configuration no longer allows');
  assert.deepEqual(
    ended.map(({ conduit: name, sessions }) => [name, sessions]),
    [
      ['hmi', 1],
      ['plc', 1],
    ],
  );
  assert.match(
    String(ended[0]?.why),
    /can be reached only daily .* says conduit "hmi" \(gatehouse\.yaml:\d+\)/,
  );
  await agent.logged('session ended', { conduit: 'hmi', reason: 'window-end' });
  await agent.logged('session ended', { conduit: 'plc', reason: 'policy-revoked' });
  // The one that was at the target first has it for itself.
  const left = await gen.poll(async () => {
    const sessions = await gen.sessions(agent);
    return sessions.length === 2 ? sessions : undefined;
  }, 'two sessions that are left');
  assert.deepEqual(left.map(({ conduit: name }) => name).sort(), ['kept', 'plc']);
  await echoes(stays, 'still here');
  assert.equal((await plc.connection(0)).ending, undefined);
});

test('a session that an elder keeps holds its exclusive target against the next generation', async (t) => {
  const target = await startTarget(t);
  const conduits = [{ name: 'plc', host: '127.0.0.1', ports: ['*'], exclusive: true }];
  const agent = await startAgent(t, { sections: { conduits } });
  const first = await agent.open(target);
  await echoes(first, 'mine');
  const id = agent.operations()[0]?.id ?? '';
  await gen.reload(agent);
  const second = await agent.open(target);
  second.on('error', () => undefined).resume();
  const { failureReason } = await agent.finalOperation();
  assert.match(
    failureReason ?? '',
    new RegExp(`^target-in-use: .* since .* by operation ${id}/plc, and conduit "plc"`),
  );
  await first.close();
  await gen.poll(async () => ((await gen.sessions(agent)).length === 0 ? true : undefined), 'no session');
  await echoes(await agent.open(target), 'now mine');
  assert.equal(target.connections.length, 2);
});

test('a target is as exclusive for the sessions before a reload as for those behind it', async (t) => {
  const target = await startTarget(t);
  const conduits = (more: object): object[] => [
    { name: 'by-name', host: 'localhost', ports: ['*'] },
    { name: 'by-address', host: '127.0.0.1', ports: ['*'], ...more },
  ];
  const agent = await startAgent(t, { sections: { conduits: conduits({}) } });
  const first = await agent.open(target);
  await echoes(first, 'first');
  agent.configure({ conduits: conduits({ exclusive: true }) });
  await gen.reload(agent);
  await agent.logged('configuration reloaded');
  const byName = { hostname: 'localhost', port: target.port };
  const refused = await agent.open(byName);
  refused.on('error', () => undefined).resume();
  assert.match((await agent.finalOperation()).failureReason ?? '', /^target-in-use: /);
  agent.configure({ conduits: conduits({}) });
  await gen.reload(agent);
  await echoes(await agent.open(byName), 'beside the first');
});

test('sessions that end during a hand-over leave their places free', async (t) => {
  const target = await startTarget(t);
  const count = 120;
  const conduits = [{ name: 'plc', host: '127.0.0.1', ports: ['*'], maxSessions: count }];
  const agent = await startAgent(t, { sections: { conduits, limits: { sessionsPerTarget: count } } });
  const openAll = (): Promise<Tunnel[]> =>
    Promise.all(Array.from({ length: count }, () => agent.open(target)));
  const tunnels = await openAll();
  for (const tunnel of tunnels) tunnel.on('error', () => undefined).resume();
  const endings: Promise<void>[] = [];
  // Spread over the whole hand-over, whenever that is.
  const pace = setInterval(() => {
    const next = tunnels.pop();
    if (next !== undefined) endings.push(next.close());
  }, 20);
  t.after(() => clearInterval(pace));
  await gen.reload(agent);
  await eventually(() => tunnels.length === 0 || undefined, 'the last end');
  await Promise.all(endings);
  await gen.poll(async () => ((await gen.sessions(agent)).length === 0 ? true : undefined), 'no session');
  for (const tunnel of await openAll()) tunnel.on('error', () => undefined).resume();
  const statuses = await eventually(() => {
    const last = agent.operations().slice(-count);
    return last.every(({ status }) => status === 'SUCCESSFUL' || status === 'FAILED')
      ? last.map(({ status }) => status)
      : undefined;
  }, 'every status');
  assert.deepEqual([...new Set(statuses)], ['SUCCESSFUL']);
});

test('a reload that asks for approval ends the sessions that nobody has approved', async (t) => {
  const target = await startTarget(t);
  const conduit = { name: 'hmi', host: '127.0.0.1', ports: ['*'] };
  const agent = await startAgent(t, { sections: { conduits: [conduit] } });
  const tunnel = await agent.open(target);
  await echoes(tunnel, 'unasked');
  tunnel.on('error', () => undefined).resume();
  agent.configure({ conduits: [{ ...conduit, approval: true }] });
  await gen.reload(agent);
  await agent.logged('configuration reloaded', { sessionsEnded: 1 });
  assert.equal((await eventually(() => tunnel.ending, 'the end')).detail, 'policy-revoked');
});

test('a reload that only changes the order of conduits says so', async (t) => {
  const conduits = ['one', 'two'].map((name) => ({ name, host: '127.0.0.1', ports: ['*'] }));
  const agent = await startAgent(t, { sections: { conduits } });
  agent.configure({ conduits: conduits.toReversed() });
  await gen.reload(agent);
  await agent.logged('configuration changed', { key: 'conduits (order)', from: 'one, two', to: 'two, one' });
});
