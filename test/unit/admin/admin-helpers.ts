import { once } from 'node:events';
import { connect, type NetConnectOpts } from 'node:net';
import { Secret } from '../../../contract/secret.js';
import { AdminServer, type AdminServerOptions } from '../../../src/admin/admin-server.js';
import type {
  ActivityView,
  AdminBackend,
  ApprovalAnswer,
  ApprovalOutcome,
  ApprovalView,
  OperationView,
  SessionView,
  StatusView,
} from '../../../src/admin/backend.js';

export const SESSION: SessionView = {
  id: 's-1',
  operationId: '4711',
  deviceId: '40511',
  conduit: 'packaging-hmis',
  host: '10.0.5.7',
  port: 5900,
  state: 'open',
  approval: null,
  startedAt: '2030-01-02T03:04:00.000Z',
  worker: 1,
  generation: 1,
  openedAt: '2030-01-02T03:04:05.000Z',
  endsAt: null,
  endsBecause: null,
  uplinkBytes: 1_234_567,
  downlinkBytes: 89,
};

export const APPROVAL: ApprovalView = {
  id: '3fa94c01d2',
  sessionId: '3fa94c01d2',
  operationId: '4711',
  deviceId: '40511',
  conduit: 'packaging-hmis',
  host: '10.0.5.7',
  port: 5900,
  askedAt: '2030-01-02T03:04:00.000Z',
  expiresAt: '2030-01-02T03:09:00.000Z',
};

export const STATUS: StatusView = {
  version: '0.1.0',
  device: 'gw-7',
  pid: 77,
  parentPid: null,
  uptimeSeconds: 93_784,
  draining: false,
  cloud: { url: 'https://plant.example.com', state: 'connected' },
  switch: { state: 'none' },
  reload: null,
  eventLoopDelay: { p50Ms: 0.2, p99Ms: 2, maxMs: 11 },
  resources: [
    { resource: 'memory', used: 104_857_600, limit: 1_073_741_824 },
    { resource: 'descriptors', used: 40, limit: 20_000 },
  ],
  workers: [
    {
      worker: 1,
      pid: null,
      generation: 1,
      sessions: 1,
      eventLoopDelay: { p50Ms: 0.4, p99Ms: 1.25, maxMs: 7 },
      uplinkBytes: 1_234_567,
      downlinkBytes: 89,
      heldBytes: 0,
    },
  ],
  totals: {
    sessionsActive: 1,
    sessionsOpened: 3,
    sessionsFailed: 2,
    operations: 5,
    uplinkBytes: 1_234_567,
    downlinkBytes: 89,
    workerRestarts: 0,
    statusOutbox: 0,
  },
  generations: [
    {
      generation: 1,
      pid: 77,
      since: '2030-01-01T03:04:05.000Z',
      sessions: 1,
      uplinkBytes: 1_234_567,
      downlinkBytes: 89,
      draining: false,
      answers: true,
    },
  ],
};

export const REFUSED: OperationView = {
  operationId: '4712',
  deviceId: '40511',
  host: '10.0.5.9',
  port: 23,
  conduit: null,
  sessionId: null,
  outcome: 'refused',
  code: 'policy-denied',
  reason: 'No conduit allows 10.0.5.9:23.',
  endReason: null,
  startedAt: '2030-01-02T03:05:00.000Z',
  endedAt: '2030-01-02T03:05:00.000Z',
  uplinkBytes: null,
  downlinkBytes: null,
  generation: 1,
};

/** An agent with one session that notes what it was asked. */
export class FakeBackend implements AdminBackend {
  readonly closed: string[] = [];
  drains = 0;
  ready = true;
  list: readonly SessionView[] = [SESSION];
  recent: readonly OperationView[] = [REFUSED];
  lately: ActivityView = { samples: [], links: [], refusals: [], reloads: [] };
  waiting: readonly ApprovalView[] = [APPROVAL];
  readonly answers: (ApprovalAnswer & { readonly id: string })[] = [];
  /** What `close` waits for. */
  closing: Promise<void> = Promise.resolve();

  status(): StatusView {
    return STATUS;
  }

  sessions(): readonly SessionView[] {
    return this.list;
  }

  operations(): readonly OperationView[] {
    return this.recent;
  }

  activity(): ActivityView {
    return this.lately;
  }

  async close(id: string): Promise<'closed' | 'unknown'> {
    if (!this.list.some((session) => session.id === id)) return 'unknown';
    await this.closing;
    this.closed.push(id);
    return 'closed';
  }

  drain(): void {
    this.drains += 1;
  }

  approvals(): readonly ApprovalView[] {
    return this.waiting;
  }

  answerApproval(id: string, answer: ApprovalAnswer): ApprovalOutcome {
    if (id === 'settled') return { kind: 'settled', sentence: 'Ann had denied it (dashboard)' };
    if (!this.waiting.some((one) => one.id === id)) return { kind: 'unknown' };
    this.answers.push({ id, ...answer });
    return { kind: 'taken' };
  }

  readiness(): { ready: true } | { ready: false; reason: string } {
    return this.ready ? { ready: true } : { ready: false, reason: 'the cloud is unreachable' };
  }
}

export interface RunningAdmin {
  readonly server: AdminServer;
  readonly backend: FakeBackend;
  readonly port: number;
  readonly errors: unknown[];
}

/** Runs `use` against a listener on a free loopback port. */
export async function withAdmin(
  options: Partial<Omit<AdminServerOptions, 'token'>> & { token?: string },
  use: (admin: RunningAdmin) => Promise<void>,
): Promise<void> {
  const backend = new FakeBackend();
  const errors: unknown[] = [];
  const server = new AdminServer({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    backend,
    metrics: { contentType: 'text/plain', render: () => Promise.resolve('up 1\n') },
    onError: (error) => errors.push(error),
    now: () => performance.now(),
    ...options,
    token: options.token === undefined ? undefined : new Secret(options.token),
  });
  const address = await server.start();
  try {
    await use({ server, backend, port: address?.kind === 'tcp' ? address.port : 0, errors });
  } finally {
    await server.stop();
  }
}

/** Sends raw text and gives everything that comes back until the other side ends; at most 5 s. */
export async function raw(to: number | string, text: string | readonly string[]): Promise<string> {
  const where: NetConnectOpts = typeof to === 'number' ? { port: to, host: '127.0.0.1' } : { path: to };
  const socket = connect(where);
  let answer = '';
  socket.setEncoding('utf8');
  socket.on('data', (part: string) => (answer += part));
  // A server that refuses a request while it is still being sent resets the connection; what it said counts.
  socket.on('error', () => undefined);
  const timer = setTimeout(() => socket.destroy(new Error('no end of the answer')), 5_000);
  for (const part of typeof text === 'string' ? [text] : text) socket.write(part);
  if (!socket.closed) await once(socket, 'close').catch(() => undefined);
  clearTimeout(timer);
  return answer;
}

/** A request with the right Host and the given lines; the connection is closed after it. */
export function request(
  port: number,
  line: string,
  headers: readonly string[] = [],
  body = '',
): Promise<string> {
  const all = [`Host: 127.0.0.1:${port}`, 'Connection: close', ...headers];
  if (body !== '') all.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return raw(port, `${line} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${body}`);
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}

export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}
