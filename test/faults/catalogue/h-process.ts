import type { Row } from '../row.js';
import { killed, mainThreadStalls, mainThreadThrows } from './h-process/agent.js';
import { blockedThreadPool, busyProcessors, frozen, stopped } from './h-process/host.js';
import { groupLimit, memoryIsShort, noDescriptors, systemHasNoDescriptors } from './h-process/resources.js';
import { adminAddressTaken, badFiles, noAddon, oldNode } from './h-process/start.js';
import { dies, diesAgainAndAgain, heapIsFull, spins, throws } from './h-process/workers.js';

/** Family H: processes, workers, host. */
export const rows: readonly Row[] = [
  {
    id: 'H01',
    fault: 'a worker throws outside a session',
    required:
      'only its sessions end, peers see FIN, a new worker comes, dialling operations get one final status',
    tier: 'fast',
    run: throws,
  },
  {
    id: 'H02',
    fault: 'a worker exits, aborts, or crashes natively',
    required:
      'contained where workers are processes; else the service restarts and every operation gets its status',
    argued:
      'A native crash of a thread ends the whole agent, as threads share a process: that is H08. A process of its own contains it.',
    tier: 'full',
    limitMs: 120_000,
    run: dies,
  },
  {
    id: 'H03',
    fault: 'the heap of a worker is full',
    required: 'as a worker that throws; the agent lives',
    tier: 'full',
    limitMs: 90_000,
    run: heapIsFull,
  },
  {
    id: 'H04',
    fault: 'buffers beyond the budget of a worker',
    required: 'new sessions refused, the largest stalled one closed, before the kernel acts',
    argued:
      'Each session is bounded on its own, so that memory is made short by something else in the agent.',
    tier: 'full',
    limitMs: 90_000,
    run: memoryIsShort,
  },
  {
    id: 'H05',
    fault: 'the event loop of a worker stalls',
    required: 'noticed within 1.8 s, ended, replaced; only its sessions are lost',
    argued:
      'The stall is logged with its length; a stack of a thread that does not answer would need a debugger inside the agent.',
    tier: 'full',
    run: spins,
  },
  {
    id: 'H06',
    fault: 'the supervisor stalls',
    required: 'the watchdog acts; workers go on forwarding',
    argued:
      "The watchdog is the service manager's and comes with its unit; here it is seen that bytes flow meanwhile and no worker is blamed.",
    tier: 'full',
    run: mainThreadStalls,
  },
  {
    id: 'H07',
    fault: 'workers crash again and again',
    required: 'back-off of the replacement, reported; no storm of forks',
    tier: 'full',
    limitMs: 120_000,
    run: diesAgainAndAgain,
  },
  {
    id: 'H08',
    fault: 'the agent is killed',
    required: 'restarted: link within 2 s, no operation left in EXECUTING',
    tier: 'full',
    run: killed,
  },
  {
    id: 'H09',
    fault: 'the agent is stopped for 60 s and continued',
    required: 'no burst of false time-outs; dead peers are noticed',
    argued: 'For 20 s with pings every 5 s, which is as long in intervals; for both kinds of workers.',
    tier: 'full',
    limitMs: 180_000,
    run: stopped,
  },
  {
    id: 'H10',
    fault: 'the machine is suspended',
    required: 'as stopping and continuing',
    argued: 'A frozen control group: the clock goes on, which is the harder case.',
    tier: 'full',
    limitMs: 120_000,
    needs: ['root'],
    run: frozen,
  },
  {
    id: 'H11',
    fault: 'no file descriptor is left',
    required: 'FAILED local-resources; the admin listener and the control connection live',
    argued:
      'FAILED overloaded instead: new sessions are refused while 64 descriptors are left, and so neither accept nor open ever fails.',
    tier: 'full',
    limitMs: 90_000,
    needs: ['prlimit'],
    run: noDescriptors,
  },
  {
    id: 'H12',
    fault: 'no file descriptor is left in the whole system',
    required: 'as H11',
    tier: 'full',
    limitMs: 120_000,
    needs: ['strace'],
    run: systemHasNoDescriptors,
  },
  {
    id: 'H13',
    fault: 'the memory limit of the control group',
    required: 'sheds before it is reached; if killed, as H08',
    tier: 'full',
    limitMs: 180_000,
    needs: ['root'],
    run: groupLimit,
  },
  {
    id: 'H14',
    fault: 'all processors are busy with other work',
    required: 'the link and the pings hold; dial deadlines stay fair',
    tier: 'full',
    limitMs: 90_000,
    needs: ['nft'],
    run: busyProcessors,
  },
  {
    id: 'H15',
    fault: 'the thread pool is blocked',
    required: 'names still resolve, sessions go on',
    argued:
      'What waits for a disk in the pool is the journal, and the hosts file before a name is asked for: new operations wait, or are refused after 5 s. Sessions do not notice.',
    tier: 'full',
    needs: ['root'],
    limitMs: 120_000,
    run: blockedThreadPool,
  },
  {
    id: 'H16',
    fault: 'the native add-on is missing or forbidden',
    required: 'works without',
    argued: 'Forbidden by the permission model: test/system/permission-model.test.ts.',
    tier: 'fast',
    run: noAddon,
  },
  {
    id: 'H17',
    fault: 'an uncaught exception in the supervisor',
    required: 'logged, flushed, exit with its code; restarted',
    argued: 'The generation ends with 1, and its parent starts another one.',
    tier: 'full',
    run: mainThreadThrows,
  },
  {
    id: 'H18',
    fault: 'the admin port is taken, its path stale or forbidden',
    required: 'the start fails with a clear sentence',
    tier: 'full',
    run: adminAddressTaken,
  },
  {
    id: 'H19',
    fault: 'Node is too old',
    required: 'the start is refused with a clear sentence',
    tier: 'fast',
    run: oldNode,
  },
  {
    id: 'H20',
    fault: 'unreadable CA files, a secret file open to others',
    required: 'the start is refused with a clear sentence',
    tier: 'fast',
    run: badFiles,
  },
];
