import { NOT_WRITTEN, type Row } from '../row.js';

/** Family I: clocks. */
export const rows: readonly Row[] = [
  {
    id: 'I01',
    fault: 'the wall clock jumps by hours, a day back, to 1970, to 2038',
    required: 'timers do not care; ages of operations stay right',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'I02',
    fault: "the clock is before the certificate's time",
    required: "FAILED cloud-tls with the gateway's date in it; recovers after the clock was set",
    notRun: NOT_WRITTEN,
  },
  {
    id: 'I03',
    fault: 'leap second, daylight saving, another time zone',
    required: 'UTC everywhere',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'I04',
    fault: 'clocks of two agents drift apart',
    required: 'no decision compares their timestamps',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'I05',
    fault: 'a time beyond what a timer takes',
    required: 'refused by the configuration',
    notRun: NOT_WRITTEN,
  },
];
