import { NOT_WRITTEN, type Row } from '../row.js';
import { refused, silent } from './d-target/connect.js';

/** Family D: names and the TCP connection to the target. */
export const rows: readonly Row[] = [
  {
    id: 'D01',
    fault: 'the name server says NXDOMAIN, SERVFAIL, REFUSED, or gives no address',
    required: 'FAILED target-unresolved within 3 s',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D02',
    fault: 'the name server is silent',
    required: 'FAILED target-unresolved within 5 s; 500 such lookups do not delay a session to an address',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D03',
    fault: 'truncated answer, CNAME loop, 1,000 addresses',
    required: 'resolved over TCP, or FAILED target-unresolved; at most 16 addresses are dialled',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D04',
    fault: 'rebinding: the first answer is allowed, the next one is a forbidden address',
    required: 'one lookup; the address that was checked is the one dialled',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D05',
    fault: 'an answer with allowed and forbidden addresses',
    required: 'forbidden ones are left out, the others dialled; none left: FAILED policy-denied',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D06',
    fault: 'a name with an IPv6 and an IPv4 address, one of them dead',
    required: 'the next address is tried after 250 ms; the whole deadline stays',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D07',
    fault: 'the target refuses the connection',
    required: 'FAILED target-refused within 100 ms',
    tier: 'fast',
    run: refused,
  },
  {
    id: 'D08',
    fault: 'the target drops every SYN',
    required: 'FAILED target-timeout at the connect timeout, whatever the kernel does',
    tier: 'fast',
    needs: ['nft'],
    run: silent,
  },
  {
    id: 'D09',
    fault: 'no route, unreachable, prohibited',
    required: 'FAILED target-unreachable with the cause',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D10',
    fault: 'the target accepts and closes or resets at once',
    required: 'FAILED target-reset before the bridge; data that came before the end is delivered',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D11',
    fault: "the target speaks first, long before the cloud's side is open",
    required: 'its first bytes arrive in order, none lost',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D12',
    fault: "the target floods before the cloud's side is open",
    required: 'the target is held back, memory stays bounded, nothing is lost',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D13',
    fault: "the target floods and closes before the cloud's side is open",
    required: 'all bytes and then the end arrive once it is open',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D14',
    fault: 'the target answers just before the deadline',
    required: 'the session opens',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D15',
    fault: 'the kernel connects a socket to itself',
    required: 'seen as such: FAILED target-refused',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D16',
    fault: 'connect fails for want of files, ports, memory or permission',
    required: 'FAILED local-resources; open sessions live; the admin listener answers',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D17',
    fault: 'the target vanishes from an idle session without a word',
    required: 'noticed within 30 s, the session ends target-timeout',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D18',
    fault: 'the target vanishes while bytes are on their way to it',
    required: 'the session ends by the stall deadline',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D19',
    fault: 'the target resets an open session',
    required: 'what came before is delivered; the session ends target-reset',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D20',
    fault: 'a link that loses 10 %, adds 200 ms, and carries 64 kbit/s',
    required: 'the session lives, every byte intact',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'D21',
    fault: 'segments of one byte and of 64 KiB',
    required: 'every byte intact; one frame at most for one read',
    notRun: NOT_WRITTEN,
  },
  { id: 'D22', fault: 'segments of at most 536 bytes', required: 'every byte intact', notRun: NOT_WRITTEN },
];
