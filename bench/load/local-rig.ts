import { Authority } from '../../simulator/tls/authority.js';
import { sessionsAtOnce } from './open-files.js';
import type { LocalOptions } from './options.js';
import { Agent } from './processes/agent.js';
import { Child } from './processes/child.js';
import type { CloudCalls } from './processes/cloud-process.js';
import type { ControlPlaneCalls } from './processes/control-plane-process.js';
import type { TargetCalls } from './processes/target-process.js';
import { START_MS, type LocalParts, type Rig } from './rig.js';

/** Targets: the ports of one are exhausted at 28,000 connections in a minute (TIME_WAIT), which a churn can reach. */
const TARGETS = 4;

export interface LocalRigOptions {
  readonly options: LocalOptions;
  /** For tests: this byte of what each target connection sends is changed. */
  readonly damagedOffset: number | undefined;
  /** One of the processes ended by itself. */
  readonly onLost: (sentence: string) => void;
}

/**
 * Everything that a load on this machine needs, each a process of its own:
 *
 *     control plane (embedded cloud) ==operations, statuses== agent
 *     cloud end (tunnel server)      ==tunnels=============== agent ==TCP== target end
 */
export async function startLocalRig({ options, damagedOffset, onLost }: LocalRigOptions): Promise<Rig> {
  const targetEnd = new Child<TargetCalls>({ name: 'the target end', file: 'target-process.js', onLost });
  const controlPlane = new Child<ControlPlaneCalls>({
    name: 'the control plane',
    file: 'control-plane-process.js',
    onLost,
    onNotice: (refusal): void => cloudEnd.tell(refusal),
  });
  const cloudEnd = new Child<CloudCalls>({
    name: 'the cloud end',
    file: 'cloud-process.js',
    onLost,
    onNotice: (keys): void => controlPlane.tell(keys),
  });
  const children = [targetEnd, controlPlane, cloudEnd];
  const stopChildren = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
  };
  try {
    const agent = await connect({ targetEnd, controlPlane, cloudEnd }, options, damagedOffset, onLost);
    const local: LocalParts = { agent, controlPlane, targetEnd };
    const stop = async (): Promise<void> => {
      // The agent first: it says goodbye to a cloud that is still there.
      await agent.stop();
      await stopChildren();
    };
    return { cloudEnd, local, stop };
  } catch (error) {
    await stopChildren();
    throw error;
  }
}

interface Children {
  readonly targetEnd: Child<TargetCalls>;
  readonly controlPlane: Child<ControlPlaneCalls>;
  readonly cloudEnd: Child<CloudCalls>;
}

/** Starts what the children do, and the agent between them. */
async function connect(
  { targetEnd, controlPlane, cloudEnd }: Children,
  options: LocalOptions,
  damagedOffset: number | undefined,
  onLost: (sentence: string) => void,
): Promise<Agent> {
  const targetPorts = await targetEnd.call('start', { targets: TARGETS, damagedOffset }, START_MS);
  const authority = options.tls ? await Authority.create('Gatehouse load generator CA') : undefined;
  const tls = await authority?.issueServer();
  const [facts, remoteAccessUrl] = await Promise.all([
    controlPlane.call('start', { isTls: options.tls, targetPorts }, START_MS),
    cloudEnd.call('listen', { tls }, START_MS),
  ]);
  return Agent.start({
    controlPlane: facts,
    remoteAccessUrl,
    ca: authority === undefined ? undefined : `${facts.ca ?? ''}\n${authority.ca}\n`,
    targetPorts,
    sessions: sessionsAtOnce(options) + SPARE_SESSIONS,
    workers: options.workers,
    onLost,
  });
}

/** Sessions above what is asked for, so that those which are closing at the moment take nobody's place. */
const SPARE_SESSIONS = 100;
