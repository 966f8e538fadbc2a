import type { CloudEvent } from '../cloud/event.js';
import { hostAndPort } from '../policy/host-and-port.js';
import type { EndFact } from './fact.js';
import type { Head } from './head.js';

/** Type of the event at the end of a session that was open. */
export const SESSION_ENDED = 'gatehouse_SessionEnded';

/**
 * The event for the end of a session, with the facts of its audit record and that record's place, an anchor for
 * `audit verify`. Undefined for a session that never opened: its operation says why.
 */
export function sessionEvent(fact: EndFact, place: Head | undefined): CloudEvent | undefined {
  const { session, outcome, device, endedAt, openedAt, reason } = fact;
  if (session === undefined || outcome !== 'ended') return undefined;
  const { operation, host, port, conduit, approved, asked } = fact;
  const { durationMs, uplinkBytes, downlinkBytes, detail } = fact;
  // The run that was killed may have sent its own event before: then the log's disk had failed.
  const isDoubtful = reason === 'agent-restarted' && openedAt !== null;
  return {
    id: session,
    deviceId: device,
    type: SESSION_ENDED,
    time: endedAt,
    ...(isDoubtful ? { doubtfulSince: openedAt } : {}),
    text: sentence(fact),
    facts: {
      session,
      operation,
      host,
      port,
      conduit,
      ...(approved === undefined ? {} : { approved }),
      ...(asked === undefined ? {} : { asked }),
      openedAt,
      endedAt,
      durationMs,
      uplinkBytes,
      downlinkBytes,
      reason,
      detail,
      audit: place === undefined ? null : { chain: place.chain, seq: place.seq, hash: place.hash },
    },
  };
}

function sentence(fact: EndFact): string {
  const { host = '?', port = 0, conduit, reason, durationMs, uplinkBytes, downlinkBytes } = fact;
  const what = `Remote access to ${hostAndPort(host, port)} (conduit ${conduit.name}) ended`;
  if (durationMs === null || uplinkBytes === null || downlinkBytes === null)
    return `${what} with the agent, which was restarted; its duration and bytes are not known.`;
  const seconds = Math.round(durationMs / 1_000);
  return `${what} after ${seconds} s: ${reason}; ${uplinkBytes} bytes to the cloud, ${downlinkBytes} bytes to the target.`;
}
