import assert from 'node:assert/strict';
import type { LogLine } from '../../../helpers/agent-process.js';
import { eventually } from '../../../helpers/eventually.js';
import { HttpBender } from '../../injectors/http-bender.js';
import type { Rig, StartOptions } from '../../rig.js';
import type { Agent } from '../../rig/agent.js';
import type { Place, Stand } from '../../rig/stand.js';

export const HANDSHAKE = '/meta/handshake';
export const SUBSCRIBE = '/meta/subscribe';
export const CONNECT = '/meta/connect';
export const NOTIFICATIONS = '/notification/operations';

/** The paths of statuses. */
export const STATUS = '/devicecontrol/operations/*';

/** Longest wait for a link that comes back after a few tries: their waits double from a second. */
export const BACK_MS = 40_000;

const DOWN = 'not connected to the cloud';

/** All lines that say why the link is down. */
export function downs(agent: Agent): LogLine[] {
  return agent.log().filter(({ msg }) => msg === DOWN);
}

/** Waits for a line that says that the link is down for this reason. */
export function down(agent: Agent, reason: RegExp, limitMs?: number): Promise<LogLine> {
  return eventually(
    () => downs(agent).find((line) => reason.test(String(line.reason))),
    `a link that is down: ${reason.source}`,
    limitMs,
  );
}

/** Waits until the link has come up so many times, and gives the lines that say so. */
export function ups(agent: Agent, times: number, limitMs = BACK_MS): Promise<LogLine[]> {
  return eventually(
    () => {
      const lines = agent.log().filter(({ msg }) => msg === 'connected to the cloud');
      return lines.length >= times ? lines : undefined;
    },
    `the link to come up ${times} times`,
    limitMs,
  );
}

/** Asserts that operations arrive, run and are answered. */
export async function works(stand: Stand, place: Place, limitMs?: number): Promise<void> {
  const { operation } = await stand.outcome(place, limitMs);
  assert.equal(operation.status, 'SUCCESSFUL', operation.failureReason);
}

/** Waits until all of these operations are SUCCESSFUL, each after exactly one EXECUTING. */
export async function allUp(stand: Stand, ids: readonly string[], limitMs = BACK_MS): Promise<void> {
  const all = new Set(ids);
  await eventually(
    () => ids.every((id) => stand.ledger.finalOf(id) !== undefined) || undefined,
    `${all.size} final statuses`,
    limitMs,
  );
  for (const id of ids) assert.equal(stand.ledger.story(id), 'PENDING EXECUTING SUCCESSFUL');
}

/** A stand whose agent reaches REST through a bender; tunnels go to the cloud directly. */
export async function bent(
  rig: Rig,
  options: StartOptions = {},
): Promise<{ stand: Stand; bender: HttpBender }> {
  const stand = await rig.start({ ...options, launch: false });
  const bender = await HttpBender.listen(stand.cloud.url);
  rig.atEnd(() => bender.close());
  const cloud = { url: bender.url, remoteAccessUrl: stand.cloud.url };
  stand.configure({ ...options.sections, cloud: { ...section(options.sections?.cloud), ...cloud } });
  if (options.launch !== false) await stand.launch(options);
  return { stand, bender };
}

function section(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

/** Gaps between moments, in ms. */
export function gaps(momentsMs: readonly number[]): number[] {
  return momentsMs.slice(1).map((at, index) => at - (momentsMs[index] ?? at));
}
