import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LOOPBACK, loopbackOnly } from '../../traffic/loopback.js';

/** What an agent of the bench is told on its command line; the bench writes it, so nothing is explained there. */
export interface AgentArguments {
  readonly cloudUrl: string;
  readonly cloudPort: number;
  readonly targetPort: number;
  /** The address of both, checked to be loopback. */
  readonly host: string;
  readonly sessions: number;
  /** PEM of the authority to trust; undefined: the cloud is ws://. */
  readonly ca: string | undefined;
  readonly reopen: boolean;
  /** Worker threads; 0 = none, everything in one thread. */
  readonly workers: number;
  /** Largest message accepted from the cloud; the default of the configuration if nothing is said. */
  readonly maxMessageBytes: number;
  /** As given, to hand on. */
  readonly all: readonly string[];
}

export function agentArguments(): AgentArguments {
  const all = process.argv.slice(2);
  const { values } = parseArgs({
    args: all,
    options: {
      'cloud-port': { type: 'string', default: '' },
      'target-port': { type: 'string', default: '' },
      sessions: { type: 'string', default: '1' },
      ca: { type: 'string' },
      reopen: { type: 'boolean', default: false },
      workers: { type: 'string', default: '0' },
      'max-message': { type: 'string', default: '16777216' },
    },
  });
  const cloudPort = Number(values['cloud-port']);
  const ca = values.ca === undefined ? undefined : readFileSync(values.ca, 'utf8');
  return {
    cloudUrl: `${ca === undefined ? 'ws' : 'wss'}://localhost:${cloudPort}/bench`,
    cloudPort,
    targetPort: Number(values['target-port']),
    host: loopbackOnly(LOOPBACK),
    sessions: Number(values.sessions),
    ca,
    reopen: values.reopen,
    workers: Number(values.workers),
    maxMessageBytes: Number(values['max-message']),
    all,
  };
}
