import { NOT_WRITTEN, type Row } from '../row.js';

/** Family G: bytes through a session. */
export const rows: readonly Row[] = [
  {
    id: 'G01',
    fault: 'the target never reads while the cloud sends',
    required: 'the cloud is held back; memory stays bounded; the session ends by the stall deadline',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G02',
    fault: 'the cloud never reads while the target sends',
    required: 'the target is held back; memory stays bounded',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G03',
    fault: 'neither side reads',
    required: 'both bounds hold; ended by the stall deadline',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G04',
    fault: '5,000 stalled sessions',
    required: "memory stays within its bound; the overload action comes before the kernel's limit",
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G05',
    fault: 'a reader of 1 KiB a second',
    required: 'lives as long as there is progress',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G06',
    fault: 'the target half-closes while the cloud still sends',
    required: 'what is left is flushed, then an orderly end',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G07',
    fault: 'the cloud closes with bytes on their way to the target',
    required: 'all of them are delivered, then FIN',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G08',
    fault: 'the cloud resets with bytes on their way to the target',
    required: 'what was received is delivered, then FIN',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G09',
    fault: 'both sides close at once',
    required: 'one end of the session, nothing freed twice',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G10',
    fault: 'our close frame is not answered',
    required: 'the socket is destroyed after 5 s',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G11',
    fault: 'an idle session',
    required: 'pings keep it; the idle limit ends it when configured',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G12',
    fault: 'pongs stay away',
    required: 'cloud-timeout within the ping deadlines',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G13',
    fault: 'a pong is late because reading is paused',
    required: 'not counted as missing',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G14',
    fault: 'bulk traffic beside single keystrokes',
    required: 'a keystroke passes in a few milliseconds',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G15',
    fault: 'seeded streams both ways in the boundary sizes',
    required: 'bit-exact, no byte of another session',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G16',
    fault: 'the longest session time is reached, or the policy changes',
    required: 'closed with 1001 and the reason',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G17',
    fault: 'one session at full speed beside paced ones',
    required: 'the others keep most of their share',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'G18',
    fault: 'TLS key update, TLS 1.2 renegotiation',
    required: 'the first works, the second is refused',
    notRun: NOT_WRITTEN,
  },
];
