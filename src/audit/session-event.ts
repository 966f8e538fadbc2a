import type { CloudEvent } from '../cloud/event.js';
import type { AskedBy } from '../cloud/intake.js';
import { hostAndPort } from '../policy/host-and-port.js';
import type { EndFact } from './fact.js';
import type { Head } from './head.js';

/** Type of the event at the end of a session that was open. */
export const SESSION_ENDED = 'gatehouse_SessionEnded';

/**
 * The event for the end of a session, with the facts of its audit record and that record's place, an anchor for
 * `audit verify`. Undefined for a session that never opened: its operation says why.
 */
export function sessionEvent(
  fact: EndFact,
  place: Head | undefined,
  askedBy: AskedBy | undefined,
): CloudEvent | undefined {
  const { session, outcome, device, endedAt } = fact;
  if (session === undefined || outcome !== 'ended') return undefined;
  const { operation, host, port, conduit, openedAt, durationMs, uplinkBytes, downlinkBytes, reason, detail } =
    fact;
  return {
    id: session,
    deviceId: device,
    type: SESSION_ENDED,
    time: endedAt,
    text: sentence(fact),
    facts: {
      session,
      operation,
      host,
      port,
      conduit,
      openedAt,
      endedAt,
      durationMs,
      uplinkBytes,
      downlinkBytes,
      reason,
      detail,
      ...(askedBy === undefined ? {} : { asked: askedBy }),
      audit: place === undefined ? null : { chain: place.chain, seq: place.seq, hash: place.hash },
    },
  };
}

function sentence(fact: EndFact): string {
  const { host = '?', port = 0, conduit, reason, durationMs, uplinkBytes, downlinkBytes } = fact;
  const what = `Remote access to ${hostAndPort(host, port)} (conduit ${conduit}) ended`;
  if (durationMs === null || uplinkBytes === null || downlinkBytes === null)
    return `${what} with the agent, which was restarted; its duration and bytes are not known.`;
  const seconds = Math.round(durationMs / 1_000);
  return `${what} after ${seconds} s: ${reason}; ${uplinkBytes} bytes to the cloud, ${downlinkBytes} bytes to the target.`;
}
