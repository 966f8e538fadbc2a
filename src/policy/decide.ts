import { MAX_ADDRESSES } from '../../contract/limits.js';
import type { Conduit } from '../config/config.js';
import { parseAddress } from './address.js';
import { whereIs, type PreparedConduit } from './conduit-table.js';
import { outsideWindow, targetInUse } from './hours.js';
import { allowedAddresses, needsNaming, obstacleFor, type Obstacle } from './obstacle.js';
import { hostAndPort } from './host-and-port.js';
import type { Decision, Holder, JudgedAddress, Question } from './question.js';
import { reach } from './reach.js';

/**
 * Whether a target may be reached. The first conduit in file order whose host, ports and child allow it decides; of the
 * addresses only those are allowed that this conduit matches. Then the limits: sessions in all, of the conduit, of each
 * target address. Takes microseconds, whatever the number of conduits.
 */
export function decide(question: Question): Decision {
  const judged = judge(question);
  const reachable = judged.filter((one) => one.reach.kind !== 'never');
  if (reachable.length === 0) return deny(question, unreachable(question, judged[0]));

  const addresses = reachable.map(({ address }) => address);
  let nearest: Obstacle | undefined;
  for (const candidate of question.conduits.candidates(question.hostname, addresses)) {
    const obstacle = obstacleFor(candidate, question, reachable);
    if (obstacle === undefined) {
      const allowed = allowedAddresses(candidate, reachable).map(({ text }) => text);
      return withinHours(candidate.prepared, question) ?? whileFree(candidate.prepared, allowed, question);
    }
    if (nearest === undefined || obstacle.rank > nearest.rank) nearest = obstacle;
  }
  return deny(question, nearest?.clause ?? unmatched(question, reachable), nearest?.conduit);
}

/** The resolved addresses, each with its reach. What is no address is left out. */
export function judge({ addresses, port, gateway }: Question): JudgedAddress[] {
  const judged = new Map<string, JudgedAddress>();
  for (const text of addresses) {
    const address = parseAddress(text);
    if (address !== undefined) judged.set(address.text, { address, reach: reach(address, port, gateway) });
  }
  return [...judged.values()];
}

function withinHours(prepared: PreparedConduit, question: Question): Decision | undefined {
  if (prepared.window?.isOpenAt(question.nowMs) !== false) return undefined;
  const sentence = outsideWindow(prepared, prepared.window, question);
  return { kind: 'deny', code: 'outside-window', sentence, conduit: prepared.conduit };
}

function whileFree(prepared: PreparedConduit, addresses: readonly string[], question: Question): Decision {
  const { conduit } = prepared;
  const holder = holderOf(conduit, addresses, question);
  if (holder !== undefined) {
    return {
      kind: 'deny',
      code: 'target-in-use',
      sentence: targetInUse(prepared, holder, question),
      conduit,
    };
  }
  return withinLimits(conduit, addresses, question);
}

/** Who keeps others from the target; a name may lead to any of its addresses, so one of them in use is enough. */
function holderOf(
  { exclusive }: Conduit,
  addresses: readonly string[],
  { counts, port }: Question,
): Holder | undefined {
  for (const address of addresses) {
    const holder = counts.holderOf(address, port);
    if (holder !== undefined && (exclusive || holder.isExclusive)) return holder;
  }
  return undefined;
}

function withinLimits(conduit: Conduit, addresses: readonly string[], question: Question): Decision {
  const { limits, counts, hostname, port } = question;
  if (counts.sessions >= limits.sessions) {
    return limitReached(
      `All ${limits.sessions} sessions of this gateway are in use (limits.sessions)`,
      conduit,
    );
  }
  const { maxSessions, name } = conduit;
  if (maxSessions !== undefined && counts.ofConduit(name) >= maxSessions) {
    return limitReached(
      `All ${maxSessions} sessions of ${whereIs(conduit)} are in use (maxSessions)`,
      conduit,
    );
  }
  const free = addresses.filter((address) => counts.ofTarget(address, port) < limits.sessionsPerTarget);
  if (free.length === 0) {
    const target = hostAndPort(hostname, port);
    const what = `All ${limits.sessionsPerTarget} sessions to ${target} are in use (limits.sessionsPerTarget)`;
    return limitReached(what, conduit);
  }
  return { kind: 'allow', conduit, addresses: free.slice(0, MAX_ADDRESSES) };
}

function limitReached(what: string, conduit: Conduit): Decision {
  const sentence = `${what}; close one or raise the limit.`;
  return { kind: 'deny', code: 'limit-reached', sentence, conduit };
}

function deny({ hostname, port }: Question, clause: string, conduit?: Conduit): Decision {
  const sentence = `${hostAndPort(hostname, port)} is not allowed: ${clause}.`;
  return { kind: 'deny', code: 'policy-denied', sentence, ...(conduit === undefined ? {} : { conduit }) };
}

function unreachable({ hostname }: Question, first: JudgedAddress | undefined): string {
  if (first?.reach.kind !== 'never') return 'it has no address';
  const { address, reach } = first;
  const what = address.text === hostname ? `it is ${reach.why}` : `it is ${address.text}, ${reach.why}`;
  return `${what}, which is never reached, whatever a conduit says`;
}

function unmatched({ hostname, port, conduits }: Question, reachable: readonly JudgedAddress[]): string {
  if (reachable.every((one) => one.reach.kind === 'named')) {
    return `${needsNaming(reachable)}; add one with that address as its host`;
  }
  const shown = reachable.slice(0, 3).map(({ address }) => address.text);
  const known = shown.includes(hostname) ? '' : ` (${shown.join(', ')}${reachable.length > 3 ? ' …' : ''})`;
  const what = conduits.all.length === 0 ? 'there is no conduit at all' : 'no conduit has this host';
  return `${what}; add one with host ${hostname}${known} and port ${port}`;
}
