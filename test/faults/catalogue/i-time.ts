import type { Row } from '../row.js';
import { beforeTheCertificate, drift, jumps, overflow, zones } from './i-time/clocks.js';

/** Family I: clocks. */
export const rows: readonly Row[] = [
  {
    id: 'I01',
    fault: 'the wall clock jumps by hours, a day back, to 1970, to 2038',
    required: 'timers do not care; ages of operations stay right',
    tier: 'full',
    needs: ['faketime'],
    limitMs: 120_000,
    run: jumps,
  },
  {
    id: 'I02',
    fault: "the clock is before the certificate's time",
    required: "FAILED cloud-tls with the gateway's date in it; recovers after the clock was set",
    tier: 'full',
    needs: ['faketime'],
    limitMs: 170_000,
    run: beforeTheCertificate,
  },
  {
    id: 'I03',
    fault: 'leap second, daylight saving, another time zone',
    required: 'UTC everywhere',
    argued:
      'a leap second exists in no clock of Node; a creation time with second 60 counts as unknown, and the operation as new',
    tier: 'fast',
    run: zones,
  },
  {
    id: 'I04',
    fault: 'clocks of two agents drift apart',
    required: 'no decision compares their timestamps',
    argued: 'there are no leases between nodes; what may not depend on the clock is the age of operations',
    tier: 'full',
    needs: ['faketime'],
    limitMs: 90_000,
    run: drift,
  },
  {
    id: 'I05',
    fault: 'a time beyond what a timer takes',
    required: 'refused by the configuration',
    tier: 'fast',
    run: overflow,
  },
];
