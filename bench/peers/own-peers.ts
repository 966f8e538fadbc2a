import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandLine, Found, Peer, PeerContext } from './peer.js';

/** The built scripts beside this file. */
const AGENTS = fileURLToPath(new URL('./agents/', import.meta.url));

const require = createRequire(import.meta.url);

/** Gatehouse and agents of the usual make, as scripts in agents/. They dial the cloud and the target. */
export const OWN_PEERS: readonly Peer[] = [
  script({
    name: 'gatehouse',
    about: "Gatehouse's data plane, one thread",
    file: 'gatehouse.js',
    version: gatehouseVersion,
  }),
  script({
    name: 'gatehouse-pool',
    about: "Gatehouse's data plane, its pool of two workers",
    file: 'gatehouse.js',
    more: ['--workers', '2'],
    remark: 'the workers share the cores of one thread unless --sut-cores gives more',
    version: gatehouseVersion,
  }),
  script({
    name: 'ws-pipe',
    about: 'the ws library, createWebSocketStream piped to a socket, one process',
    file: 'ws-pipe.js',
    version: wsVersion,
  }),
  script({
    name: 'ws-send',
    about: 'the ws library, ws.send with a pause on bufferedAmount, one process',
    file: 'ws-send.js',
    version: wsVersion,
  }),
  script({
    name: 'process-per-session',
    about: 'process per session (ws pipe): a Node process is started for every session',
    file: 'process-per-session.js',
    version: wsVersion,
  }),
];

interface Script {
  readonly name: string;
  readonly about: string;
  readonly file: string;
  readonly more?: readonly string[];
  readonly remark?: string;
  readonly version: () => string;
}

function script({ name, about, file, more = [], remark, version }: Script): Peer {
  return {
    name,
    about,
    role: 'ws-server',
    tls: true,
    ...(remark !== undefined && { remark }),
    find: () => ({ path: path.join(AGENTS, file), version: version() }),
    commands: (found: Found, context: PeerContext): readonly CommandLine[] => [
      [process.execPath, found.path, ...agentFlags(context), ...more],
    ],
  };
}

function agentFlags({ cloudPort, targetPort, sessions, caFile, reopen }: PeerContext): string[] {
  return [
    ...[
      '--cloud-port',
      String(cloudPort),
      '--target-port',
      String(targetPort),
      '--sessions',
      String(sessions),
    ],
    ...(caFile === undefined ? [] : ['--ca', caFile]),
    ...(reopen ? ['--reopen'] : []),
  ];
}

function gatehouseVersion(): string {
  return `${versionIn(fileURLToPath(new URL('../../../package.json', import.meta.url)))} on Node ${process.version}`;
}

function wsVersion(): string {
  return `${versionIn(require.resolve('ws/package.json'))} on Node ${process.version}`;
}

function versionIn(file: string): string {
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
