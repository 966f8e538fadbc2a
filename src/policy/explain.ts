import type { Conduit } from '../config/config.js';
import { portsOf, whereIs, type PreparedConduit } from './conduit-table.js';
import { decide, judge } from './decide.js';
import { hostAndPort } from './host-and-port.js';
import { hoursText } from './hours.js';
import { obstacleFor } from './obstacle.js';
import type { Decision, Question } from './question.js';

/** Conduits that an explanation goes through one by one; the rest is counted. */
const MAX_EXPLAINED = 100;

export interface Explanation {
  /** The very decision that an operation would get. */
  readonly decision: Decision;
  /** For a person: what was judged, what decided, and why each other conduit did not. */
  readonly lines: readonly string[];
}

/** Why the policy decides a question as it does. */
export function explain(question: Question): Explanation {
  const decision = decide(question);
  return {
    decision,
    lines: [
      ...addressLines(question),
      verdict(decision, question),
      ...hoursLines(decision, question),
      ...conduitLines(question, decision),
    ],
  };
}

function addressLines(question: Question): string[] {
  return judge(question).map(({ address, reach }) => {
    const { hostname } = question;
    const what = address.text === hostname ? address.text : `${hostname} is ${address.text}`;
    if (reach.kind === 'open') return `${what}: an ordinary address`;
    const rule = reach.kind === 'never' ? 'never reached' : 'needs a conduit that names it';
    return `${what}: ${reach.why}, ${rule}`;
  });
}

function verdict(decision: Decision, { hostname, port }: Question): string {
  if (decision.kind === 'deny') return `denied (${decision.code}): ${decision.sentence}`;
  const dialled = decision.addresses.map((address) => hostAndPort(address, port)).join(', ');
  return `allowed: ${hostAndPort(hostname, port)} by ${whereIs(decision.conduit)}; dials ${dialled}`;
}

/** What the window of the conduit that decides says, and which line of which file says it. */
function hoursLines({ conduit }: Decision, { conduits, nowMs }: Question): string[] {
  const prepared = conduits.all.find((one) => one.conduit === conduit);
  const { window } = prepared ?? {};
  if (prepared === undefined || window === undefined) return [];
  const { isOpen, toMs } = window.spellAt(nowMs);
  const until = toMs === Infinity ? 'always' : `until ${prepared.zone.text(toMs)}`;
  return [
    `  window ${windowText(prepared)}: at ${prepared.zone.text(nowMs)} ${isOpen ? 'open' : 'closed'} ${until}`,
  ];
}

/** `Mon-Fri 06:00-18:00, Europe/Berlin (gatehouse.yaml:14)` */
function windowText({ conduit: { window }, zone }: PreparedConduit): string {
  if (window === undefined) return '';
  return `${hoursText(window)}, ${zone.name} (${window.source.file}:${window.source.line})`;
}

function conduitLines(question: Question, decision: Decision): string[] {
  const reachable = judge(question).filter((one) => one.reach.kind !== 'never');
  const addresses = reachable.map(({ address }) => address);
  const candidates = question.conduits.candidates(question.hostname, addresses);
  const matched = candidates.map((candidate) => {
    const { conduit } = candidate.prepared;
    const obstacle = obstacleFor(candidate, question, reachable);
    if (obstacle !== undefined) return `  no: ${obstacle.clause}`;
    return `  ${decision.conduit === conduit ? 'decides' : 'not asked, an earlier one decides'}: ${described(conduit)}`;
  });
  const hosts = new Set(candidates.map(({ prepared }) => prepared));
  const others = question.conduits.all.filter((prepared) => !hosts.has(prepared));
  const lines = [
    ...matched.slice(0, MAX_EXPLAINED),
    ...others
      .slice(0, Math.max(0, MAX_EXPLAINED - matched.length))
      .map(({ conduit }) => `  no: the host of ${described(conduit)} does not match`),
  ];
  const left = question.conduits.all.length - lines.length;
  return left > 0 ? [...lines, `  and ${left} more conduits`] : lines;
}

function described(conduit: Conduit): string {
  return `${whereIs(conduit)}, host ${conduit.host}, ports ${portsOf(conduit)}`;
}
