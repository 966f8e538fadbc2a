import type { Row } from '../row.js';
import { moved } from './a-control-rest/names.js';
import {
  adviceNone,
  cutReplies,
  forgotten,
  heldForEver,
  intervals,
  refusedSubscription,
  unmatched,
} from './a-control-rest/polls.js';
import {
  burstsOf5xx,
  forbidden,
  redirects,
  slowDown,
  unauthorized,
  wrongPlace,
} from './a-control-rest/refusals.js';
import { badCertificates, enormous, slowLoris } from './a-control-rest/replies.js';
import { lateCloud } from './a-control-rest/start.js';
import { newPassword, statusesFail, statusesRefused } from './a-control-rest/statuses.js';
import { createdWhileDown, silent, tooMany, twice } from './a-control-rest/sweeps.js';

/** Family A: the control connection over REST and real-time notifications. */
export const rows: readonly Row[] = [
  {
    id: 'A01',
    fault: 'the cloud is not there when the agent starts',
    required:
      'the agent stays up and not ready, tries with growing, spread waits up to 60 s, logs each change once, and is ready by itself when the cloud comes',
    tier: 'fast',
    run: lateCloud,
  },
  {
    id: 'A02',
    fault: 'the real-time handshake is answered 401',
    required:
      'waits up to 5 minutes between tries, says what is wrong, and recovers without a restart once the credentials are accepted',
    tier: 'full',
    limitMs: 90_000,
    run: unauthorized,
  },
  {
    id: 'A03',
    fault: 'every request is answered 403: the role was taken away',
    required: 'as for 401, and the reason names the missing permission',
    tier: 'fast',
    run: forbidden,
  },
  {
    id: 'A04',
    fault: '404 for the tenant, or a login page in HTML with status 200',
    required:
      'reported as a mistake of the configuration with host and path; tried again at the longest wait',
    tier: 'full',
    limitMs: 120_000,
    run: wrongPlace,
  },
  {
    id: 'A05',
    fault: '429 with Retry-After in seconds, as a date, absent, negative, or absurdly large',
    required:
      'a wait of 1 to 600 s is obeyed, others are clamped or replaced by the back-off; no status is lost',
    argued:
      'the clamp of 10^9 to 600 s is not waited for: five quiet seconds are; the exact values are in the unit tests of Retry-After',
    tier: 'full',
    limitMs: 150_000,
    run: slowDown,
  },
  {
    id: 'A06',
    fault: 'bursts of 500, 502, 503 and 504',
    required:
      'back-off with jitter; of a reply no more than the bound is read; every operation gets its status',
    argued: '20 s instead of 10 min',
    tier: 'full',
    limitMs: 150_000,
    run: burstsOf5xx,
  },
  {
    id: 'A07',
    fault: 'the long poll is never answered',
    required: 'given up some seconds after the time the cloud advised, then connected anew',
    argued: 'the time is the one that we ask for (20 s), which the cloud has to keep to, and 15 s beyond it',
    tier: 'full',
    limitMs: 130_000,
    run: heldForEver,
  },
  {
    id: 'A08',
    fault: 'the cloud has forgotten the real-time client (402 Unknown client)',
    required: 'new handshake, new subscription, then a sweep of PENDING operations',
    tier: 'fast',
    run: forgotten,
  },
  {
    id: 'A09',
    fault: 'advice reconnect=none',
    required: 'this real-time client ends; a new handshake follows after at least 30 s; never given up',
    tier: 'full',
    limitMs: 130_000,
    run: adviceNone,
  },
  {
    id: 'A10',
    fault: 'advice.interval is 0, huge, negative, or a string',
    required: 'clamped to 0 to 300 s; an interval of 0 makes at most 10 polls a second',
    tier: 'full',
    limitMs: 170_000,
    run: intervals,
  },
  {
    id: 'A11',
    fault: 'the subscription is refused, or confirmed for another channel',
    required: 'not ready, tried again, reported',
    argued:
      'where notifications are refused as such the list of operations is polled instead: operations are received, so the agent is ready, and says so in the log',
    tier: 'full',
    limitMs: 90_000,
    run: refusedSubscription,
  },
  {
    id: 'A12',
    fault: 'a reply with an id that does not match, twice, or out of order',
    required: 'what does not match is ignored and counted',
    tier: 'fast',
    run: unmatched,
  },
  {
    id: 'A13',
    fault: 'the connection is cut in the middle of a JSON reply, at every byte',
    required: 'the rest is thrown away; after the reconnect a sweep finds the operation',
    argued: 'three places instead of every byte: each cut costs a growing wait',
    tier: 'full',
    limitMs: 120_000,
    run: cutReplies,
  },
  {
    id: 'A14',
    fault: 'an operation is created while the link is down',
    required: 'a sweep finds it within a second of the reconnect; it runs unless it is too old',
    tier: 'fast',
    run: createdWhileDown,
  },
  {
    id: 'A15',
    fault: 'the same operation comes by long poll and by sweep',
    required: 'it runs once',
    tier: 'fast',
    run: twice,
  },
  {
    id: 'A16',
    fault: 'the control connection goes silent without a FIN',
    required: 'noticed within 35 s, connected anew, swept',
    tier: 'full',
    needs: ['nft'],
    limitMs: 170_000,
    run: silent,
  },
  {
    id: 'A17',
    fault: 'the name of the cloud stops resolving, or changes its address',
    required:
      'the connection in use stays; the next one goes to the new address; nothing is cached beyond 60 s',
    tier: 'full',
    needs: ['root'],
    limitMs: 90_000,
    run: moved,
  },
  {
    id: 'A18',
    fault:
      'the certificate on the control connection is expired, for another host, self-signed, or of an unknown authority',
    required: 'no connection and no credentials; the exact cause is logged; tried again at the longest wait',
    tier: 'full',
    limitMs: 60_000,
    run: badCertificates,
  },
  {
    id: 'A19',
    fault: 'REST answers a redirect: same host, other host, plain http',
    required: 'not followed; the credentials go to no other origin',
    tier: 'full',
    limitMs: 120_000,
    run: redirects,
  },
  {
    id: 'A20',
    fault: 'status updates fail for ten minutes (5xx, time-out, 429)',
    required: 'kept and sent in order for each operation, also over a restart; sessions go on',
    argued: 'seconds instead of ten minutes',
    tier: 'full',
    limitMs: 150_000,
    run: statusesFail,
  },
  {
    id: 'A21',
    fault: 'a status update is answered 404, 409 or 422',
    required: 'logged, dropped, not sent again',
    tier: 'fast',
    run: statusesRefused,
  },
  {
    id: 'A22',
    fault: 'the credentials change while the agent runs',
    required: 'the next request uses the new ones; sessions stay',
    argued: 'the refusal of the old password makes the agent read the new one; SIGHUP does too',
    tier: 'fast',
    limitMs: 60_000,
    run: newPassword,
  },
  {
    id: 'A23',
    fault: 'a reply of 100 MB, or a small one that unpacks to as much',
    required: 'reading stops at the bound; closed, then back-off',
    argued:
      'the bound is 4 MiB, room for a page of 500 large operations; no compression is asked for, so what comes packed is not unpacked but refused',
    tier: 'full',
    limitMs: 150_000,
    run: enormous,
  },
  {
    id: 'A24',
    fault: 'a reply that comes one byte a second',
    required: 'each request has an absolute deadline',
    tier: 'full',
    limitMs: 120_000,
    run: slowLoris,
  },
  {
    id: 'A25',
    fault: 'the cloud notifies more than 50 operations a second',
    required: 'queued, shed by age and limit; the event loop does not stall',
    tier: 'full',
    limitMs: 90_000,
    run: tooMany,
  },
];
