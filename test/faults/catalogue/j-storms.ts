import type { Row } from '../row.js';
import {
  cloudDies,
  everybodyConnects,
  flapping,
  handshakes,
  herd,
  logStorm,
  scrapes,
} from './j-storms/storms.js';

/** Family J: storms. */
export const rows: readonly Row[] = [
  {
    id: 'J01',
    fault: 'the cloud is killed with 5,000 open tunnels',
    required: 'all closed within 3 s, descriptors back to base, nothing dialled again',
    argued:
      'the cloud ends its connections in this process instead of being killed with it: the same FINs and resets',
    tier: 'full',
    limitMs: 170_000,
    run: cloudDies(5_000),
  },
  {
    id: 'J02',
    fault: '5,000 operations in 10 s after the cloud came back',
    required: 'paced; no handshake times out',
    argued:
      'the pace is 64 handshakes at a time in each worker, without a rate. Where the machine brings up fewer than arrive and 2,000 are being connected, further ones are refused at once rather than late',
    tier: 'full',
    limitMs: 170_000,
    run: everybodyConnects(5_000, 10_000),
  },
  {
    id: 'J03',
    fault: '1,000 gateways connect anew at once',
    required: 'their tries are spread by full jitter',
    argued:
      'a thousand real gateways do not fit on one machine: the real back-off of each, with the real times, is run against a clock; what is required is a peak of at most 500 a second',
    tier: 'fast',
    run: herd,
  },
  {
    id: 'J04',
    fault: 'the link flaps every 3 s',
    required: 'the back-off is not reset before 60 stable seconds',
    tier: 'full',
    limitMs: 90_000,
    run: flapping,
  },
  {
    id: 'J05',
    fault: 'a storm of log lines',
    required: 'sampled by code; what was dropped is counted',
    argued: 'a hundred lines of a message at once, then ten a second',
    tier: 'fast',
    run: logStorm,
  },
  {
    id: 'J06',
    fault: 'a storm of scrapes and admin clients',
    required: 'bounded; sessions go on',
    argued:
      'more than 32 connections are closed at once, more than ten large answers are 503: both are bounds that hold',
    tier: 'fast',
    run: scrapes,
  },
  {
    id: 'J07',
    fault: 'a storm of TLS handshakes',
    required: 'paced; the supervisor is not blocked',
    argued: '1,000 sessions over TLS, with cloud, agent and targets on the same processors',
    tier: 'full',
    limitMs: 170_000,
    run: handshakes(1_000),
  },
];
