import type { SessionTask } from '../../contract/messages.js';
import type { Identity } from './certificates.js';
import { Rig } from './session-rig.js';
import { SilentPort } from './silent-port.js';
import type { Target } from './targets.js';

/** Answers that are given when the test says so. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #isOpen = false;

  readonly pass = (act: () => void): void => {
    if (this.#isOpen) act();
    else this.#waiting.push(act);
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  open(): void {
    this.#isOpen = true;
    for (const act of this.#waiting.splice(0)) act();
  }
}

/** A rig whose cloud answers the upgrade when `gate` opens, with `glued` behind the 101; TLS with an identity. */
export async function slowCloud(
  identity: Identity | undefined,
  target: Target,
  glued?: Buffer,
): Promise<{ readonly rig: Rig; readonly gate: Gate }> {
  const gate = new Gate();
  const rig: Rig = await Rig.make({
    target,
    cloud: {
      answer: (socket, request) => gate.pass(() => void rig.cloud.upgrade(socket, request, glued)),
      ...(identity === undefined ? {} : { tls: identity.server }),
    },
    ...(identity === undefined ? {} : { ca: identity.ca }),
  });
  return { rig, gate };
}

/** An endpoint that comes up late: its first address is silent, and the second has to wait for its turn. */
export async function lateTarget(
  rig: Rig,
): Promise<{ readonly silent: SilentPort; readonly target: SessionTask['target'] }> {
  const silent = await SilentPort.on('127.0.0.2', rig.target.port);
  return { silent, target: { host: 'plc', port: rig.target.port, addresses: ['127.0.0.2', '127.0.0.1'] } };
}
