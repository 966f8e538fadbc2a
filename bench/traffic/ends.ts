import { BulkEnd } from './bulk-end.js';
import { ChurnCloud, ChurnTarget } from './churn-end.js';
import { EchoCloud, EchoTarget } from './echo-end.js';
import { downlinkSeed, uplinkSeed, type EndContext, type SessionEnd } from './session-end.js';
import type { Mode } from './settings.js';

/** The target's end of a session. */
export function targetEnd(mode: Mode, context: EndContext): SessionEnd {
  if (mode === 'echo') return new EchoTarget(context);
  if (mode === 'churn') return new ChurnTarget(context);
  return new BulkEnd(context, {
    sends: goesUp(mode) ? uplinkSeed(context.session) : undefined,
    gets: goesDown(mode) ? downlinkSeed(context.session) : undefined,
    getsInto: 'downBytes',
  });
}

/** The cloud's end of a session. */
export function cloudEnd(mode: Mode, context: EndContext): SessionEnd {
  if (mode === 'echo') return new EchoCloud(context);
  if (mode === 'churn') return new ChurnCloud(context);
  return new BulkEnd(context, {
    sends: goesDown(mode) ? downlinkSeed(context.session) : undefined,
    gets: goesUp(mode) ? uplinkSeed(context.session) : undefined,
    getsInto: 'upBytes',
  });
}

function goesUp(mode: Mode): boolean {
  return mode === 'up' || mode === 'both';
}

function goesDown(mode: Mode): boolean {
  return mode === 'down' || mode === 'both';
}
