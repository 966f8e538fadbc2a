import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CommandLine, Peer, PeerContext } from './peer.js';
import { findFile, findProgram } from './programs.js';

/** Variable that names a relay in C with the flags below: the cost that nothing gets under. */
const REFERENCE = 'GATEHOUSE_BENCH_REFERENCE';

const HOST = '127.0.0.1';

/** Programs that are measured when they are installed, each as its manual says, with buffers of 64 KiB where it lets one choose. */
export const INSTALLED_PEERS: readonly Peer[] = [
  {
    name: 'reference',
    about: `the relay that ${REFERENCE} names`,
    role: 'ws-server',
    tls: true,
    find: () => findFile(process.env[REFERENCE]),
    commands: ({ path: program }, { cloudPort, targetPort, sessions, caFile, reopen }) => [
      [
        program,
        ...['--cport', String(cloudPort), '--tport', String(targetPort), '--sessions', String(sessions)],
        ...['--reopen', reopen ? '1' : '0', '--tls', caFile === undefined ? '0' : '1'],
        ...(caFile === undefined ? [] : ['--ca', caFile]),
      ],
    ],
  },
  {
    name: 'websockify',
    about: 'WebSocket server in front of TCP (noVNC), a process per session',
    role: 'ws-client',
    tls: false,
    remark: 'it unmasks where an agent masks',
    find: () => findProgram('websockify', '--help'),
    commands: ({ path: program }, { listenPort, targetPort }) => [
      [program, '--log-file=/dev/null', `${HOST}:${listenPort}`, `${HOST}:${targetPort}`],
    ],
  },
  {
    name: 'websocat',
    about: 'WebSocket server in front of TCP (Rust)',
    role: 'ws-client',
    tls: false,
    remark: 'it unmasks where an agent masks',
    find: () => findProgram('websocat', '--version'),
    commands: ({ path: program }, { listenPort, targetPort }) => [
      [program, '--binary', '--exit-on-eof', `ws-l:${HOST}:${listenPort}`, `tcp:${HOST}:${targetPort}`],
    ],
  },
  {
    name: 'wstunnel',
    about: 'tunnel over WebSocket (Rust): its client and its server',
    role: 'raw',
    tls: true,
    remark: 'two hops: both halves count',
    find: () => findProgram('wstunnel', '--version'),
    commands: ({ path: program }, { listenPort, middlePort, targetPort, tls }) => {
      const url = `${tls ? 'wss' : 'ws'}://${HOST}:${middlePort}`;
      const tunnel = `tcp://${HOST}:${listenPort}:${HOST}:${targetPort}`;
      return [
        [program, 'server', url],
        [program, 'client', '-L', tunnel, url],
      ];
    },
  },
  {
    name: 'chisel',
    about: 'tunnel over WebSocket and SSH (Go): its client and its server',
    role: 'raw',
    tls: false,
    remark: 'two hops, and always encrypted (SSH)',
    find: () => findProgram('chisel', '--version'),
    commands: ({ path: program }, { listenPort, middlePort, targetPort }) => [
      [program, 'server', '--host', HOST, '--port', String(middlePort)],
      [program, 'client', `http://${HOST}:${middlePort}`, `${HOST}:${listenPort}:${HOST}:${targetPort}`],
    ],
  },
  haproxy('haproxy', 'TCP proxy, one thread', []),
  haproxy('haproxy-splice', 'TCP proxy, one thread, bytes stay in the kernel (splice)', [
    'option splice-auto',
  ]),
  {
    name: 'socat',
    about: 'TCP relay, a process per session',
    role: 'raw',
    tls: false,
    remark: 'no WebSocket',
    find: () => findProgram('socat', '-V'),
    commands: ({ path: program }, { listenPort, targetPort }) => [
      [
        program,
        '-b65536',
        `TCP-LISTEN:${listenPort},bind=${HOST},reuseaddr,fork,backlog=1024,nodelay`,
        `TCP:${HOST}:${targetPort},nodelay`,
      ],
    ],
  },
];

function haproxy(name: string, about: string, options: readonly string[]): Peer {
  return {
    name,
    about,
    role: 'raw',
    tls: false,
    remark: 'no WebSocket',
    find: () => findProgram('haproxy', '-v'),
    commands: ({ path: program }, context): readonly CommandLine[] => {
      const file = path.join(context.folder, `${name}.cfg`);
      writeFileSync(file, haproxyConfiguration(context, options));
      return [[program, '-f', file, '-db', '-q']];
    },
  };
}

function haproxyConfiguration(
  { listenPort, targetPort, sessions }: PeerContext,
  options: readonly string[],
): string {
  return `global
  nbthread 1
  maxconn ${sessions * 2 + 64}
  tune.bufsize 65536
defaults
  mode tcp
  timeout connect 5s
  timeout client 300s
  timeout server 300s
${options.map((option) => `  ${option}\n`).join('')}listen relay
  bind ${HOST}:${listenPort}
  server target ${HOST}:${targetPort}
`;
}
