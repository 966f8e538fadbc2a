import type { SessionRecord, SessionRegistry } from './session-registry.js';
import type { Moment, PlannedEnd } from './term.js';

export interface TermsParts {
  readonly registry: Pick<SessionRegistry, 'all'>;
  readonly log: { warn(fields: object, message: string): void };
  readonly end: (record: SessionRecord, reason: PlannedEnd['because'], detail: string) => void;
}

const DETAILS = {
  'window-end': 'the window of its conduit has closed',
  'max-duration': 'it was open for as long as a session may be',
} as const;

/** Sees to it that sessions end when their time is over, and says so before. */
export class Terms {
  constructor(private readonly parts: TermsParts) {}

  /** To be called about twice a second; twice in a row is harmless. */
  look(now: Moment): void {
    for (const record of this.parts.registry.all()) {
      if (record.state === 'connecting' || record.state === 'open') this.#lookAt(record, now);
    }
  }

  #lookAt(record: SessionRecord, now: Moment): void {
    if (record.state === 'open') record.term.open(now);
    const event = record.term.look(now);
    if (event?.kind === 'end') return this.parts.end(record, event.because, DETAILS[event.because]);
    if (event?.kind !== 'warn') return;
    const { id: sessionId, operationId, deviceId, conduit } = record;
    const fields = {
      sessionId,
      operationId,
      deviceId,
      conduit,
      endsAt: isoSecond(event.end.realMs),
      endsBecause: event.end.because,
      leftSeconds: Math.round(event.leftMs / 1_000),
    };
    this.parts.log.warn(fields, 'session ends soon');
  }
}

/** A planned end for people and programs: `2026-11-23T17:00:00Z`, to the nearest second. */
export function isoSecond(ms: number): string {
  return new Date(Math.round(ms / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
}
