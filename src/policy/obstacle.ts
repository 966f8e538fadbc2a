import type { Conduit } from '../config/config.js';
import type { Address } from './address.js';
import { namesGateway, portsOf, whereIs, type Candidate } from './conduit-table.js';
import type { JudgedAddress, Question } from './question.js';

/** Why a conduit whose host matches does not allow the target. */
export interface Obstacle {
  readonly conduit: Conduit;
  /** How near it came: 1 the ports do not match, 2 it does not name the gateway, 3 only the child's targets stop it. */
  readonly rank: 1 | 2 | 3;
  /** A clause with what to change. */
  readonly clause: string;
}

/** What stands against a conduit whose host matches; undefined when nothing does. */
export function obstacleFor(
  candidate: Candidate,
  { port, child }: Question,
  judged: readonly JudgedAddress[],
): Obstacle | undefined {
  const { conduit } = candidate.prepared;
  const where = whereIs(conduit);
  if (!conduit.ports.some(({ from, to }) => from <= port && port <= to)) {
    const clause = `${where} has the host but only the ports ${portsOf(conduit)}; add ${port} to them`;
    return { conduit, rank: 1, clause };
  }
  if (allowedAddresses(candidate, judged).length === 0) {
    const clause = `${needsNaming(judged)}, and ${where} does not name it; add one with that address as its host`;
    return { conduit, rank: 2, clause };
  }
  if (child?.targets !== undefined && !child.targets.includes(conduit.name)) {
    const names = child.targets.slice(0, 4).map((name) => `"${name}"`);
    const only = names.length === 0 ? 'no conduit' : `only ${names.join(', ')}`;
    const clause = `${where} allows it, but child "${child.externalId}" may use ${only}; add "${conduit.name}" to its targets`;
    return { conduit, rank: 3, clause };
  }
  return undefined;
}

/** The addresses that a candidate may open: all it matches but those of the gateway itself that it does not name. */
export function allowedAddresses(
  { prepared, addresses }: Candidate,
  judged: readonly JudgedAddress[],
): Address[] {
  const matched = new Set(addresses);
  return judged
    .filter(({ address }) => matched.has(address))
    .filter(({ address, reach }) => reach.kind === 'open' || namesGateway(prepared, address))
    .map(({ address }) => address);
}

/** `127.0.0.1 is a loopback address, which needs a conduit that names it`, of the first such address. */
export function needsNaming(judged: readonly JudgedAddress[]): string {
  for (const { address, reach } of judged) {
    if (reach.kind === 'named') return `${address.text} is ${reach.why}, which needs a conduit that names it`;
  }
  return 'no address is left';
}
