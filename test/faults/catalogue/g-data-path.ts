import type { Row } from '../row.js';
import {
  bothClose,
  closeBehindBytes,
  halfClose,
  noAnswer,
  resetBehindBytes,
  takenAway,
} from './g-data-path/closing.js';
import { fairShare, idle, keystrokes, silentCloud, streams } from './g-data-path/flow.js';
import {
  bothStall,
  cloudPauses,
  latePong,
  manyStall,
  slowReader,
  targetStalls,
} from './g-data-path/stalls.js';

/** Family G: bytes through a session. */
export const rows: readonly Row[] = [
  {
    id: 'G01',
    fault: 'the target never reads while the cloud sends',
    required: 'the cloud is held back; memory stays bounded; the session ends by the stall deadline',
    tier: 'full',
    limitMs: 150_000,
    run: targetStalls,
  },
  {
    id: 'G02',
    fault: 'the cloud never reads while the target sends',
    required: 'the target is held back; memory stays bounded',
    tier: 'full',
    run: cloudPauses,
  },
  {
    id: 'G03',
    fault: 'neither side reads',
    required: 'both bounds hold; ended by the stall deadline',
    tier: 'full',
    limitMs: 150_000,
    run: bothStall,
  },
  {
    id: 'G04',
    fault: '5,000 stalled sessions',
    required: 'memory stays within 256 KiB for each',
    argued:
      '300 sessions with small socket buffers: 5,000 would need more kernel memory than machines that run this have. What happens when memory ends is for H.',
    tier: 'full',
    limitMs: 150_000,
    needs: ['root'],
    run: manyStall,
  },
  {
    id: 'G05',
    fault: 'a reader of 1 KiB a second',
    required: 'lives as long as there is progress',
    argued:
      'Progress is a byte that the kernel takes. It takes them by the window, so the reader has a small receive buffer here; behind one of several MiB, 1 KiB a second opens no window within a minute and counts as a stall.',
    tier: 'full',
    limitMs: 150_000,
    needs: ['root'],
    run: slowReader,
  },
  {
    id: 'G06',
    fault: 'the target half-closes while the cloud still sends',
    required: 'what is left is flushed, then an orderly end',
    tier: 'fast',
    run: halfClose,
  },
  {
    id: 'G07',
    fault: 'the cloud closes with bytes on their way to the target',
    required: 'all of them are delivered, then FIN',
    tier: 'full',
    run: closeBehindBytes,
  },
  {
    id: 'G08',
    fault: 'the cloud resets with bytes on their way to the target',
    required: 'what was received is delivered, then FIN',
    tier: 'fast',
    run: resetBehindBytes,
  },
  {
    id: 'G09',
    fault: 'both sides close at once',
    required: 'one end of the session, nothing freed twice',
    tier: 'fast',
    run: bothClose,
  },
  {
    id: 'G10',
    fault: 'our close frame is not answered',
    required: 'the socket is destroyed after 5 s',
    tier: 'full',
    run: noAnswer,
  },
  {
    id: 'G11',
    fault: 'an idle session',
    required: 'pings keep it; the idle limit ends it when configured',
    tier: 'full',
    run: idle,
  },
  {
    id: 'G12',
    fault: 'pongs stay away',
    required: 'closed with 1001 (cloud-ping-timeout) after two ping intervals',
    tier: 'full',
    run: silentCloud,
  },
  {
    id: 'G13',
    fault: 'a pong is late because reading is paused',
    required: 'not counted as missing',
    tier: 'full',
    run: latePong,
  },
  {
    id: 'G14',
    fault: 'bulk traffic beside single keystrokes',
    required: 'no keystroke is starved; its time is told',
    argued:
      'Both ends and the cloud share the machine with the agent here, so its few milliseconds are measured by npm run bench:load.',
    tier: 'full',
    limitMs: 120_000,
    run: keystrokes,
  },
  {
    id: 'G15',
    fault: 'seeded streams both ways in the boundary sizes',
    required: 'bit-exact, no byte of another session',
    tier: 'full',
    limitMs: 120_000,
    run: streams,
  },
  {
    id: 'G16',
    fault: 'the longest session time is reached, or the policy changes',
    required: 'closed with 1001 and the reason',
    tier: 'full',
    run: takenAway,
  },
  {
    id: 'G17',
    fault: 'one session at full speed beside paced ones',
    required: 'the others keep most of their share',
    tier: 'full',
    run: fairShare,
  },
  {
    id: 'G18',
    fault: 'TLS key update, TLS 1.2 renegotiation',
    required: 'the first works, the second is refused',
    notRun:
      'no part here makes a key update: Node has no call for it, and openssl s_server is not driven by any injector yet',
  },
];
