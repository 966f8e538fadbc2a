import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Tunnel } from '../../../../src/cli/connect/tunnel.js';
import { eventually } from '../../../helpers/eventually.js';
import type { PlantTarget } from '../../../helpers/plant.js';
import { Hand } from '../../injectors/hand.js';
import type { Stand } from '../../rig/stand.js';
import type { Rig } from '../../rig.js';

/** Longest wait for an echo, in ms. */
const ECHO_MS = 15_000;

export type Isolation = 'thread' | 'process';

/** Both ways in which workers are kept apart; what holds for workers has to hold in both. */
export const ISOLATIONS: readonly Isolation[] = ['thread', 'process'];

/** One session per worker, each with an echo behind it. */
export interface Scene {
  readonly stand: Stand;
  readonly hand: Hand;
  readonly plant: PlantTarget;
  /** Open sessions by their worker. */
  readonly sessions: ReadonlyMap<number, OpenSession>;
}

export interface OpenSession {
  readonly tunnel: Tunnel;
  readonly operationId: string;
  /** How the target's side of it ends. */
  readonly targetEnded: () => Promise<'fin' | 'reset'>;
}

/** An agent with two workers and a session on each. */
export async function startScene(
  rig: Rig,
  isolation: Isolation,
  sections: Readonly<Record<string, unknown>> = {},
): Promise<Scene> {
  const hand = new Hand(rig.folder);
  const stand = await rig.start({
    sections: { workers: { count: 2, isolation }, ...sections },
    env: hand.env,
  });
  const plant = await rig.target();
  const sessions = new Map<number, OpenSession>();
  for (let index = 0; index < 2; index += 1) {
    const tunnel = await stand.open({ port: plant.port });
    await echo(tunnel, 'first');
    const operationId = (await stand.final()).id;
    const view = (await stand.agent.sessions()).find((session) => session.operationId === operationId);
    const connection = await plant.connection(index);
    sessions.set(view?.worker ?? 0, { tunnel, operationId, targetEnded: () => connection.ended() });
  }
  assert.equal(sessions.size, 2, 'the sessions are on two workers');
  return { stand, hand, plant, sessions };
}

/** Bytes through a tunnel to the echo and back. */
export async function echo(tunnel: Tunnel, text: string): Promise<void> {
  tunnel.write(text);
  const signal = AbortSignal.timeout(ECHO_MS);
  const [answer] = (await once(tunnel, 'data', { signal })) as [Buffer];
  assert.equal(answer.toString(), text);
}

/** Waits for the first loss of a worker that the log tells of; gives that worker. */
export async function lostWorker({ stand }: Scene): Promise<number> {
  const line = await stand.agent.logged('worker lost, another one is started', {}, 30_000);
  return Number(line.worker);
}

/** Only the sessions of this worker are lost, both of their ends are told, and another worker comes. */
export async function assertOnlyLost(rig: Rig, scene: Scene, lost: number, label: string): Promise<void> {
  const { stand, sessions, plant } = scene;
  const lostAtMs = performance.now();
  const session = sessions.get(lost) ?? assert.fail(`worker ${lost} had no session`);
  session.tunnel.resume();
  await eventually(() => session.tunnel.ending, 'the end of the lost session at the client');
  await session.targetEnded();
  rig.figure(`${label} ends told ms`, performance.now() - lostAtMs);
  await stand.agent.logged('session lost with its worker', { operationId: session.operationId });
  await workersUp(stand, 2);
  rig.figure(`${label} replaced ms`, performance.now() - lostAtMs);
  for (const [worker, { tunnel }] of sessions) if (worker !== lost) await echo(tunnel, 'still here');
  assert.equal(await stand.agent.metric('gatehouse_sessions_total{outcome="worker-lost"}'), 1);
  await stand.expectEcho(plant);
}

/** Waits until `count` workers are up. */
export async function workersUp(stand: Stand, count: number): Promise<void> {
  await untilStatus(stand, ({ workers }) => workers.length === count, `${count} workers`);
}

/** Every operation has had its one final status. */
export async function assertOneFinalStatusEach(stand: Stand): Promise<void> {
  for (const { id } of stand.operations()) await stand.final(id);
  stand.ledger.assertOneFinalStatusEach();
}

type Status = Awaited<ReturnType<Stand['agent']['status']>>;

/** Waits until the status looks like this. */
export async function untilStatus(
  stand: Stand,
  looksSo: (status: Status) => boolean,
  what: string,
  limitMs?: number,
): Promise<void> {
  let isSo = false;
  const poll = setInterval(() => {
    stand.agent.status().then(
      (status) => (isSo ||= looksSo(status)),
      () => undefined,
    );
  }, 50);
  await eventually(() => isSo || undefined, what, limitMs).finally(() => clearInterval(poll));
}
