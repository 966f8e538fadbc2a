import { NOT_WRITTEN, type Row } from '../row.js';

/** Family H: processes, workers, host. */
export const rows: readonly Row[] = [
  {
    id: 'H01',
    fault: 'a worker throws outside a session',
    required:
      'only its sessions end, peers see FIN, a new worker comes, dialling operations get one final status',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H02',
    fault: 'a worker exits, aborts, or crashes natively',
    required:
      'contained where workers are processes; else the service restarts and every operation gets its status',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H03',
    fault: 'the heap of a worker is full',
    required: 'as a worker that throws; the agent lives',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H04',
    fault: 'buffers beyond the budget of a worker',
    required: 'new sessions refused, the largest stalled one closed, before the kernel acts',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H05',
    fault: 'the event loop of a worker stalls',
    required: 'noticed within 1.8 s, ended, replaced; only its sessions are lost',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H06',
    fault: 'the supervisor stalls',
    required: 'the watchdog acts; workers go on forwarding',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H07',
    fault: 'workers crash again and again',
    required: 'back-off of the replacement, reported; no storm of forks',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H08',
    fault: 'the agent is killed',
    required: 'restarted: link within 2 s, no operation left in EXECUTING',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H09',
    fault: 'the agent is stopped for 60 s and continued',
    required: 'no burst of false time-outs; dead peers are noticed',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H10',
    fault: 'the machine is suspended',
    required: 'as stopping and continuing',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H11',
    fault: 'no file descriptor is left',
    required: 'FAILED local-resources; the admin listener and the control connection live',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H12',
    fault: 'no file descriptor is left in the whole system',
    required: 'as H11',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H13',
    fault: 'the memory limit of the control group',
    required: 'sheds before it is reached; if killed, as H08',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H14',
    fault: 'all processors are busy with other work',
    required: 'the link and the pings hold; dial deadlines stay fair',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H15',
    fault: 'the thread pool is blocked',
    required: 'names still resolve, sessions go on',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H16',
    fault: 'the native add-on is missing or forbidden',
    required: 'works without',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H17',
    fault: 'an uncaught exception in the supervisor',
    required: 'logged, flushed, exit with its code; restarted',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H18',
    fault: 'the admin port is taken, its path stale or forbidden',
    required: 'the start fails with a clear sentence',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H19',
    fault: 'Node is too old',
    required: 'the start is refused with a clear sentence',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'H20',
    fault: 'unreadable CA files, a secret file open to others',
    required: 'the start is refused with a clear sentence',
    notRun: NOT_WRITTEN,
  },
];
