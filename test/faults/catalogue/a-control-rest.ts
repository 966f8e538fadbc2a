import { NOT_WRITTEN, type Row } from '../row.js';
import { lateCloud } from './a-control-rest/start.js';

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
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A03',
    fault: 'every request is answered 403: the role was taken away',
    required: 'as for 401, and the reason names the missing permission',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A04',
    fault: '404 for the tenant, or a login page in HTML with status 200',
    required:
      'reported as a mistake of the configuration with host and path; tried again at the longest wait',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A05',
    fault: '429 with Retry-After in seconds, as a date, absent, negative, or absurdly large',
    required:
      'a wait of 1 to 600 s is obeyed, others are clamped or replaced by the back-off; no status is lost',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A06',
    fault: 'bursts of 500, 502, 503 and 504',
    required:
      'back-off with jitter; of a reply no more than the bound is read; every operation gets its status',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A07',
    fault: 'the long poll is never answered',
    required: 'given up some seconds after the time the cloud advised, then connected anew',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A08',
    fault: 'the cloud has forgotten the real-time client (402 Unknown client)',
    required: 'new handshake, new subscription, then a sweep of PENDING operations',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A09',
    fault: 'advice reconnect=none',
    required: 'this real-time client ends; a new handshake follows after at least 30 s; never given up',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A10',
    fault: 'advice.interval is 0, huge, negative, or a string',
    required: 'clamped to 0 to 300 s; an interval of 0 makes at most 10 polls a second',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A11',
    fault: 'the subscription is refused, or confirmed for another channel',
    required: 'not ready, tried again, reported',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A12',
    fault: 'a reply with an id that does not match, twice, or out of order',
    required: 'what does not match is ignored and counted',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A13',
    fault: 'the connection is cut in the middle of a JSON reply, at every byte',
    required: 'the rest is thrown away; after the reconnect a sweep finds the operation',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A14',
    fault: 'an operation is created while the link is down',
    required: 'a sweep finds it within a second of the reconnect; it runs unless it is too old',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A15',
    fault: 'the same operation comes by long poll and by sweep',
    required: 'it runs once',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A16',
    fault: 'the control connection goes silent without a FIN',
    required: 'noticed within 35 s, connected anew, swept',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A17',
    fault: 'the name of the cloud stops resolving, or changes its address',
    required:
      'the connection in use stays; the next one goes to the new address; nothing is cached beyond 60 s',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A18',
    fault:
      'the certificate on the control connection is expired, for another host, self-signed, or of an unknown authority',
    required: 'no connection and no credentials; the exact cause is logged; tried again at the longest wait',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A19',
    fault: 'REST answers a redirect: same host, other host, plain http',
    required: 'not followed; the credentials go to no other origin',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A20',
    fault: 'status updates fail for ten minutes (5xx, time-out, 429)',
    required: 'kept and sent in order for each operation, also over a restart; sessions go on',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A21',
    fault: 'a status update is answered 404, 409 or 422',
    required: 'logged, dropped, not sent again',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A22',
    fault: 'the credentials change while the agent runs',
    required: 'the next request uses the new ones; sessions stay',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A23',
    fault: 'a reply of 100 MB, or a small one that unpacks to as much',
    required: 'reading stops at the bound; closed, then back-off',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A24',
    fault: 'a reply that comes one byte a second',
    required: 'each request has an absolute deadline',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'A25',
    fault: 'the cloud notifies more than 50 operations a second',
    required: 'queued, shed by age and limit; the event loop does not stall',
    notRun: NOT_WRITTEN,
  },
];
