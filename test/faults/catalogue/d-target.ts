import type { Row } from '../row.js';
import { lateAnswer, refused, selfConnect, silent, unreachable } from './d-target/connect.js';
import { endsAtOnce, floods, floodsAndCloses, speaksFirst } from './d-target/early.js';
import {
  mixedAnswer,
  noSuchName,
  oneFamilyDead,
  rebinding,
  silentServer,
  strangeAnswers,
} from './d-target/names.js';
import {
  badLink,
  resets,
  slices,
  smallSegments,
  vanishesBusy,
  vanishesIdle,
  vanishesWithFewBytes,
} from './d-target/open.js';
import { noPorts, noResources } from './d-target/resources.js';

/** Family D: names and the TCP connection to the target. */
export const rows: readonly Row[] = [
  {
    id: 'D01',
    fault: 'the name server says NXDOMAIN, SERVFAIL, REFUSED, or gives no address',
    required: 'FAILED target-unresolved within 3 s',
    tier: 'fast',
    needs: ['root'],
    run: noSuchName,
  },
  {
    id: 'D02',
    fault: 'the name server is silent',
    required: 'FAILED target-unresolved within 5 s; 500 such lookups do not delay a session to an address',
    tier: 'full',
    needs: ['root'],
    run: silentServer,
  },
  {
    id: 'D03',
    fault: 'truncated answer, CNAME loop, 1,000 addresses',
    required: 'resolved over TCP, or FAILED target-unresolved; at most 16 addresses are dialled',
    tier: 'fast',
    needs: ['nft', 'ip'],
    run: strangeAnswers,
  },
  {
    id: 'D04',
    fault: 'rebinding: the first answer is allowed, the next one is a forbidden address',
    required: 'one lookup; the address that was checked is the one dialled',
    tier: 'fast',
    needs: ['ip'],
    run: rebinding,
  },
  {
    id: 'D05',
    fault: 'an answer with allowed and forbidden addresses',
    required: 'forbidden ones are left out, the others dialled; none left: FAILED policy-denied',
    tier: 'fast',
    needs: ['ip'],
    run: mixedAnswer,
  },
  {
    id: 'D06',
    fault: 'a name with an IPv6 and an IPv4 address, one of them dead',
    required: 'the next address is tried after 250 ms; the whole deadline stays',
    tier: 'full',
    needs: ['nft', 'ip'],
    run: oneFamilyDead,
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
    tier: 'fast',
    needs: ['ip'],
    run: unreachable,
  },
  {
    id: 'D10',
    fault: 'the target accepts and closes or resets at once',
    required: 'FAILED target-reset before the bridge; data that came before the end is delivered',
    tier: 'fast',
    run: endsAtOnce,
  },
  {
    id: 'D11',
    fault: "the target speaks first, long before the cloud's side is open",
    required: 'its first bytes arrive in order, none lost',
    tier: 'full',
    run: speaksFirst,
  },
  {
    id: 'D12',
    fault: "the target floods before the cloud's side is open",
    required: 'the target is held back, memory stays bounded, nothing is lost',
    tier: 'full',
    run: floods,
  },
  {
    id: 'D13',
    fault: "the target floods and closes before the cloud's side is open",
    required: 'all bytes and then the end arrive once it is open',
    tier: 'fast',
    run: floodsAndCloses,
  },
  {
    id: 'D14',
    fault: 'the target answers just before the deadline',
    required: 'the session opens',
    tier: 'full',
    needs: ['nft'],
    run: lateAnswer,
  },
  {
    id: 'D15',
    fault: 'the kernel connects a socket to itself',
    required: 'seen as such: FAILED target-refused',
    tier: 'fast',
    needs: ['root'],
    run: selfConnect,
  },
  {
    id: 'D16',
    fault: 'connect fails for want of files, ports, memory or permission',
    required: 'FAILED local-resources; open sessions live; the admin listener answers',
    argued:
      'EACCES and EPERM are what a prohibited route and a rule of the host firewall give: they are told as target-unreachable with the errno (D09), because no file or port that is freed changes them.',
    tier: 'full',
    needs: ['strace'],
    run: async (rig) => {
      await noPorts(rig);
      await noResources(rig);
    },
  },
  {
    id: 'D17',
    fault: 'the target vanishes from an idle session without a word',
    required: 'noticed within 30 s, the session ends target-timeout',
    tier: 'full',
    needs: ['nft'],
    run: vanishesIdle,
  },
  {
    id: 'D18',
    fault: 'the target vanishes while bytes are on their way to it',
    required: 'the session ends by the stall deadline',
    argued:
      'The stall deadline sees bytes that wait in the gateway. A few bytes that fit into the kernel are given up by its own count of tries, about a quarter of an hour by default, because Node cannot set TCP_USER_TIMEOUT; net.ipv4.tcp_retries2 = 6 makes that less than a minute, which is shown, too.',
    tier: 'full',
    limitMs: 180_000,
    needs: ['nft'],
    run: async (rig) => {
      await vanishesBusy(rig);
      rig.network.clear();
      await vanishesWithFewBytes(rig);
    },
  },
  {
    id: 'D19',
    fault: 'the target resets an open session',
    required: 'what came before is delivered; the session ends target-reset',
    argued:
      'A reset that comes together with the last bytes may be told as target-fin: libuv reports an end of the stream there without asking the kernel once more. The bytes are delivered either way.',
    tier: 'fast',
    run: resets,
  },
  {
    id: 'D20',
    fault: 'a link that loses 10 %, adds 200 ms, and carries 64 kbit/s',
    required: 'the session lives, every byte intact',
    argued:
      'One minute instead of ten: what a session keeps does not change with its age, and loss strikes hundreds of times in it.',
    tier: 'full',
    limitMs: 170_000,
    needs: ['nft'],
    run: badLink,
  },
  {
    id: 'D21',
    fault: 'segments of one byte and of 64 KiB',
    required: 'every byte intact; one frame at most for one read',
    tier: 'fast',
    run: slices,
  },
  {
    id: 'D22',
    fault: 'segments of at most 536 bytes',
    required: 'every byte intact',
    tier: 'fast',
    needs: ['ip'],
    run: smallSegments,
  },
];
