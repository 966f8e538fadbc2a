import { NOT_WRITTEN, type Row } from '../row.js';

/** Family J: storms. */
export const rows: readonly Row[] = [
  {
    id: 'J01',
    fault: 'the cloud is killed with 5,000 open tunnels',
    required: 'all closed within 3 s, descriptors back to base, nothing dialled again',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'J02',
    fault: '5,000 operations in 10 s after the cloud came back',
    required: 'paced; no handshake times out',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'J03',
    fault: '1,000 gateways connect anew at once',
    required: 'their tries are spread by full jitter',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'J04',
    fault: 'the link flaps every 3 s',
    required: 'the back-off is not reset before 60 stable seconds',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'J05',
    fault: 'a storm of log lines',
    required: 'sampled by code; what was dropped is counted',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'J06',
    fault: 'a storm of scrapes and admin clients',
    required: 'bounded; sessions go on',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'J07',
    fault: 'a storm of TLS handshakes',
    required: 'paced; the supervisor is not blocked',
    notRun: NOT_WRITTEN,
  },
];
