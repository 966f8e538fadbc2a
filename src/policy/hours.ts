import type { ConduitWindow } from '../config/config.js';
import { whereIs, type PreparedConduit } from './conduit-table.js';
import { hostAndPort } from './host-and-port.js';
import type { Holder, Question } from './question.js';
import type { Window } from './window.js';

/** Times of a window that a sentence names; of more it says how many are left. */
const MAX_NAMED = 4;

/** Why a target cannot be reached at this hour, and when it can. */
export function outsideWindow(
  { conduit, zone }: PreparedConduit,
  window: Window,
  { hostname, port, nowMs }: Question,
): string {
  const opensAt = window.opensAt(nowMs);
  const opens = opensAt === undefined ? 'It does not open again' : `It opens next on ${zone.text(opensAt)}`;
  const hours = conduit.window === undefined ? '' : hoursText(conduit.window);
  return (
    `${hostAndPort(hostname, port)} can be reached only ${hours}, says ${whereIs(conduit)}. ` +
    `${opens} (${zone.name}, where it is ${zone.text(nowMs)}).`
  );
}

/** Who has the target that only one may have. */
export function targetInUse(
  { conduit, zone }: PreparedConduit,
  { sessionId, operationId, conduit: through, sinceMs, isExclusive }: Holder,
  { hostname, port }: Question,
): string {
  const since = sinceMs === undefined ? '' : ` since ${zone.text(sinceMs)} (${zone.name})`;
  const by = `operation ${operationId ?? 'unknown'}/${through}`;
  const rule = conduit.exclusive || !isExclusive ? whereIs(conduit) : `conduit "${through}"`;
  return (
    `${hostAndPort(hostname, port)} is in use${since} by ${by}, and ${rule} allows one session at a time (exclusive); ` +
    `connect again when it has ended, or end it with: gatehouse close ${sessionId}`
  );
}

/** `Mon-Fri 06:00-18:00, Sat 22:00-04:00`, and how many more. */
export function hoursText({ times }: ConduitWindow): string {
  const named = times.slice(0, MAX_NAMED).map(({ text }) => text);
  const left = times.length - named.length;
  return left > 0 ? `${named.join(', ')} and ${left} more` : named.join(', ');
}
