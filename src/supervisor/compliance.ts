import type { SessionLimits } from '../../contract/messages.js';
import type { EndReason } from '../../contract/session-state.js';
import type { Standing } from './admission.js';
import type { SessionRecord, SessionRegistry } from './session-registry.js';

/** A session that the configuration no longer allows. */
export interface Breach {
  readonly record: SessionRecord;
  readonly reason: EndReason;
  /** For a person: which line of which file. */
  readonly why: string;
}

/**
 * Holds all sessions to a new configuration: gives those that have to end, and the others their new rules. Where a target
 * has become exclusive the session that began first may stay.
 */
export function comply(
  registry: SessionRegistry,
  standingOf: (record: SessionRecord) => Standing,
  onAllowed: (record: SessionRecord, limits: SessionLimits) => void,
): readonly Breach[] {
  const breaches: Breach[] = [];
  const ending = new Set<string>();
  for (const record of registry.all()) {
    const standing = standingOf(record);
    if (standing.kind === 'denied') {
      const reason = standing.code === 'outside-window' ? 'window-end' : 'policy-revoked';
      breaches.push({ record, reason, why: standing.sentence });
      ending.add(record.id);
      continue;
    }
    if (standing.conduit.approval && !record.asksOnSite) {
      const why = `conduit "${standing.conduit.name}" asks for approval on site now, and nobody has approved this session`;
      breaches.push({ record, reason: 'policy-revoked', why });
      ending.add(record.id);
      continue;
    }
    record.term.replace(standing.term);
    record.isExclusive = standing.conduit.exclusive;
    onAllowed(record, standing.limits);
  }
  for (const record of registry.all()) {
    if (ending.has(record.id)) continue;
    const earlier = registry.earlierAt(record).find(({ id, isExclusive }) => {
      return !ending.has(id) && (record.isExclusive || isExclusive === true);
    });
    if (earlier === undefined) continue;
    const why = `conduit "${record.conduit}" is exclusive now, and session ${earlier.id} of operation ${earlier.operationId ?? 'unknown'} was at the target first`;
    breaches.push({ record, reason: 'policy-revoked', why });
    ending.add(record.id);
  }
  return breaches;
}
